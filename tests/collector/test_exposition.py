"""Pages of model servers: what is read of them, and that a hostile one harms nothing."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.metric_pages import page

from fogline.collector.exposition import (
    MOST_LINE_BYTES,
    MOST_PAGE_BYTES,
    MOST_SAMPLES,
    PageReader,
    Refusal,
    RefusedPageError,
)
from fogline.collector.formulas import BUCKETS
from fogline.collector.reading import Reading

COUNT = ":tensorflow:serving:request_count"


def read(text: str | bytes, step: int = 4096) -> Reading:
    """Read a page as it comes from the network, piece by piece."""
    content = text.encode() if isinstance(text, str) else text
    reader = PageReader()
    for begin in range(0, len(content), step):
        reader.feed(content[begin : begin + step])
    return reader.end()


def refused(text: str | bytes) -> Refusal:
    with pytest.raises(RefusedPageError) as caught:
        read(text)
    return caught.value.reason


def test_requests_latencies_and_use_are_read_and_everything_else_is_not() -> None:
    buckets = tuple(float(number) for number in range(BUCKETS))
    text = page(7, 2, buckets, cpu_seconds=1.5, memory_bytes=2e6, started_at=99)
    found = read(f'{text}go_goroutines 7\n:tensorflow:core:graph_runs{{a="b"}} NaN\n')
    assert (found.ok, found.failed, found.buckets) == (7, 2, buckets)
    assert (found.cpu_seconds, found.memory_bytes, found.started_at) == (1.5, 2e6, 99)


def test_a_page_without_any_of_it_is_a_server_that_has_done_nothing_and_tells_no_use() -> None:
    assert read("") == Reading()


def test_apis_and_entry_points_are_added_up() -> None:
    one = page(1, 0, (1.0,) * BUCKETS)
    assert read(one + one.replace("REST", "GRPC")).buckets == (2.0,) * BUCKETS


@given(st.integers(1, 200))
def test_it_does_not_matter_where_pieces_are_cut(step: int) -> None:
    text = page(7, 2, (3.0,) * BUCKETS, cpu_seconds=1.5)
    assert read(text, step) == read(text)


@pytest.mark.parametrize("value", ["NaN", "-1", "Inf", "1e300"])
def test_a_value_that_nothing_can_be_counted_by_is_refused(value: str) -> None:
    assert refused(f"{COUNT} {value}\n") is Refusal.BAD_VALUE
    assert refused(f"process_cpu_seconds_total {value}\n") is Refusal.BAD_VALUE


def test_a_histogram_that_falls_is_refused() -> None:
    text = page(buckets=(1.0,) * BUCKETS)
    fallen = re.sub(r'(le="18"\} )\S+', r"\g<1>0", text)
    assert fallen != text
    assert refused(fallen) is Refusal.BAD_VALUE


def test_latencies_in_other_buckets_are_refused_because_they_cannot_be_added_up() -> None:
    assert refused(':tensorflow:serving:request_latency_bucket{le="5"} 1\n') is Refusal.UNKNOWN_BUCKETS
    assert refused(":tensorflow:serving:request_latency_bucket 1\n") is Refusal.UNKNOWN_BUCKETS


@pytest.mark.parametrize("line", [f"{COUNT}{{", f'{COUNT}{{a="b', f"{COUNT} x", COUNT])
def test_a_line_that_is_none_is_refused(line: str) -> None:
    assert refused(f"{line}\n") is Refusal.UNREADABLE


def test_bytes_that_are_no_text_are_refused() -> None:
    assert refused(COUNT.encode() + b'{a="\xff\xfe"} 1\n') is Refusal.UNREADABLE


def test_a_huge_page_is_refused_however_short_its_lines_are() -> None:
    assert refused("x 1\n" * (MOST_PAGE_BYTES // 4 + 1)) is Refusal.TOO_LARGE


def test_more_series_than_a_server_can_have_are_refused() -> None:
    lines = (f'{COUNT}{{model_name="{number}",status="OK"}} 1\n' for number in itertools.count())
    assert refused("".join(itertools.islice(lines, MOST_SAMPLES + 1))) is Refusal.TOO_LARGE


def test_a_long_line_is_refused_when_it_is_wanted_and_skipped_when_it_is_not() -> None:
    assert refused(f'{COUNT}{{a="{"x" * MOST_LINE_BYTES}"}} 1\n') is Refusal.TOO_LARGE
    assert read("y" * 10 * MOST_LINE_BYTES + f"\n{COUNT} 3\n").failed == 3


def test_a_line_without_an_end_keeps_no_more_than_its_limit() -> None:
    reader = PageReader()
    for _ in range(100):
        reader.feed(b"z" * 10_000)
        assert len(reader._rest) <= MOST_LINE_BYTES + 10_000  # noqa: SLF001  what it keeps is the point


garbage = st.lists(
    st.one_of(
        st.binary(max_size=80),
        st.builds(lambda tail: COUNT.encode() + tail, st.binary(max_size=80)),
        st.builds(
            lambda label, value: f'{COUNT}{{a="{label}"}} {value}'.encode(errors="surrogatepass"),
            st.text(max_size=30),
            st.floats() | st.text(max_size=5),
        ),
    ),
    max_size=20,
).map(b"\n".join)


@given(garbage)
def test_no_garbage_does_anything_but_be_read_or_refused(content: bytes) -> None:
    try:
        found = read(content, 7)
    except RefusedPageError:
        return
    assert min(found.ok, found.failed, *found.buckets) >= 0
