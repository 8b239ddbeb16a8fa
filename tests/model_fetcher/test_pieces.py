"""Pieces, their journal, and a fetch that is interrupted anywhere."""

import itertools
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogline_model_fetcher import partial, pieces
from fogline_model_fetcher.errors import FetchError, TransientError
from fogline_model_fetcher.fetch import Order, fetch
from fogline_model_fetcher.journal import Journal
from fogline_model_fetcher.pieces import Piece, Span, cut, gaps, joined
from fogline_model_fetcher.remote import Body, Listing, RemoteFile

SPANS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: (min(pair), max(pair))), max_size=8
)


def covered(spans: list[Span]) -> set[int]:
    return {position for start, end in spans for position in range(start, end)}


@given(SPANS)
def test_joined_spans_are_the_same_bytes_in_order_and_apart(spans: list[Span]) -> None:
    found = joined([span for span in spans if span[0] < span[1]])
    assert covered(list(found)) == covered(spans)
    assert all(left[1] < right[0] for left, right in itertools.pairwise(found))


@given(st.integers(0, 60), SPANS)
def test_what_is_done_and_what_is_missing_are_the_whole_file(size: int, spans: list[Span]) -> None:
    done = [(start, min(end, size)) for start, end in spans if start < min(end, size)]
    missing = list(gaps(size, done))
    assert covered(missing) | covered(done) == set(range(size))
    assert not covered(missing) & covered(done)


@pytest.mark.parametrize(
    ("size", "etag", "has_ranges", "expected"),
    [
        (70, '"one"', True, [(0, 32), (32, 64), (64, 70)]),
        (70, '"one"', False, [(0, 70)]),
        (70, None, True, [(0, 70)]),
        (0, '"one"', True, []),
        (None, '"one"', True, [(0, None)]),
    ],
)
def test_only_files_that_can_be_resumed_and_asked_for_in_parts_are_cut(
    size: int | None,
    etag: str | None,
    has_ranges: bool,  # noqa: FBT001  a value of the table
    expected: list[tuple[int, int | None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pieces, "PIECE_BYTES", 32)
    found = list(cut(RemoteFile("a", "a", size, etag, has_ranges), ()))
    assert [(piece.start, piece.end) for piece in found] == expected


def test_a_journal_is_read_up_to_its_first_line_that_is_not_whole(tmp_path: Path) -> None:
    file = tmp_path / "file"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)
    journal = Journal(tmp_path / "journal")
    for span in ((0, 10), (20, 30), (10, 15), (40, 40)):
        journal.note("näme", span, descriptor)
    os.close(descriptor)
    assert Journal(tmp_path / "journal").done("näme") == journal.done("näme") == [(0, 15), (20, 30)]
    text = (tmp_path / "journal").read_bytes()
    for length in range(len(text)):
        (tmp_path / "journal").write_bytes(text[:length])
        whole = text[:length].count(b"\n")
        assert Journal(tmp_path / "journal").size_bytes() == sum((10, 10, 5)[:whole])


class Flaky:
    """A store whose connections break anywhere, with several objects that stay what they are."""

    def __init__(self, contents: dict[str, bytes], seed: int) -> None:
        self._contents = contents
        self._random = random.Random(seed)  # noqa: S311  test data
        self._lock = Lock()
        self.is_flaky = True
        self.sent_bytes = 0

    def list_files(self) -> Listing:
        """List all objects."""
        files = [
            RemoteFile(name, name, len(content), f'"{name}"', has_ranges=True)
            for name, content in self._contents.items()
        ]
        return Listing(tuple(files), is_folder=True)

    @contextmanager
    def open(self, piece: Piece) -> Iterator[Body]:
        """Send a part of the piece that was asked for."""
        content = self._contents[piece.file.path][piece.start : piece.end]
        with self._lock:
            length = self._random.randrange(len(content) + 1) if self.is_flaky else len(content)
            self.sent_bytes += length
        yield Body(piece.start, self._chunks(content[:length], is_cut=length < len(content)))

    def _chunks(self, content: bytes, *, is_cut: bool) -> Iterator[bytes]:
        for offset in range(0, len(content), 7):
            yield content[offset : offset + 7]
        if is_cut:
            raise TransientError("the line broke")


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 300), min_size=1, max_size=4), st.integers(1, 4))
def test_whatever_breaks_the_files_are_whole_in_the_end_and_no_byte_comes_twice(
    seed: int, sizes: list[int], connections: int
) -> None:
    contents = {
        f"folder/{number}": random.Random(seed + number).randbytes(size)  # noqa: S311  test data
        for number, size in enumerate(sizes)
    }
    store = Flaky(contents, seed)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE_BYTES", 32)
        patch.setattr(partial, "NOTE_BYTES", 16)
        patch.setattr("fogline_model_fetcher.crew.LOOK_SECONDS", 0.001)
        order = Order("s3://a/b", Path(folder), "1", None, 10**6, 1, 0, connections, 0)
        for run in range(200):
            store.is_flaky = run < 10
            try:
                fetch(order, store, pause=lambda _: None)
                break
            except FetchError:
                assert not (Path(folder) / "1").exists()
        found = {name: (Path(folder) / "1" / name).read_bytes() for name in contents}
    assert found == contents
    # What a worker was told to leave came for nothing: at most a piece for each of them in each run.
    assert store.sent_bytes <= sum(sizes) + 10 * connections * 32
