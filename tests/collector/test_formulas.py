"""The formulas of what is measured, and how what several pods did is added up."""

from decimal import Decimal
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogline.collector.formulas import (
    BUCKETS,
    LATENCY_BOUNDS_MICROSECONDS,
    cost_per_1000_requests,
    error_rate,
    latency_quantile,
    mean_latency,
    throughput,
    utilisation,
)
from fogline.collector.reading import NONE, Increase, Reading, between, together

counts = st.lists(st.integers(0, 10**6), min_size=BUCKETS, max_size=BUCKETS).map(
    lambda drawn: tuple(map(float, drawn))
)
numbers = st.integers(0, 10**9).map(float)
readings = st.builds(
    Reading,
    ok=numbers,
    failed=numbers,
    buckets=counts,
    latency_microseconds=numbers,
    cpu_seconds=st.none() | numbers,
    started_at=st.none() | st.sampled_from([1.0, 2.0]),
)
increases = st.builds(
    Increase,
    began=numbers,
    ended=numbers,
    ok=numbers,
    failed=numbers,
    buckets=counts | st.just(NONE),
    latency_microseconds=numbers,
    cpu_seconds=st.none() | numbers,
    cpu_covered_seconds=numbers,
)


def in_bucket(number: int, count: float = 1) -> tuple[float, ...]:
    return tuple(count if index == number else 0.0 for index in range(BUCKETS))


def test_throughput_is_work_by_time_and_unknown_of_no_time() -> None:
    assert throughput(30, 15) == 2
    assert throughput(30, 0) is None


def test_utilisation_is_used_by_total_and_may_be_above_one() -> None:
    assert utilisation(0.5, 2) == 0.25
    assert utilisation(3, 2) == 1.5
    assert utilisation(None, 2) is None
    assert utilisation(1, 0) is None
    assert utilisation(1, None) is None


def test_the_error_rate_is_a_share_of_the_requests_and_unknown_of_none() -> None:
    assert error_rate(1, 4) == 0.25
    assert error_rate(0, 0) is None


def test_a_thousand_requests_cost_what_their_time_costs() -> None:
    assert cost_per_1000_requests(Decimal("0.36"), 1) == Decimal("0.1")
    assert cost_per_1000_requests(Decimal("0.36"), 0) is None
    assert cost_per_1000_requests(Decimal("0.36"), None) is None


def test_a_quantile_lies_in_its_bucket_by_linear_interpolation() -> None:
    lower, upper = LATENCY_BOUNDS_MICROSECONDS[3:5]
    assert latency_quantile(0.5, in_bucket(4, 10)) == pytest.approx((lower + upper) / 2 / 1000)
    assert latency_quantile(0.5, in_bucket(0, 10)) == pytest.approx(0.005)
    assert latency_quantile(1, in_bucket(4, 10)) == pytest.approx(upper / 1000)


def test_what_is_above_the_last_bound_counts_as_the_last_bound() -> None:
    assert latency_quantile(0.5, in_bucket(BUCKETS - 1)) == LATENCY_BOUNDS_MICROSECONDS[-1] / 1000


def test_no_latencies_have_no_quantile_and_no_mean() -> None:
    assert latency_quantile(0.99, NONE) is None
    assert mean_latency(0, NONE) is None
    assert mean_latency(3000, in_bucket(2, 2)) == 1.5


@given(counts, st.floats(0, 1))
def test_a_quantile_is_within_the_bounds_of_the_bucket_that_holds_it(
    drawn: tuple[float, ...], quantile: float
) -> None:
    found = latency_quantile(quantile, drawn)
    if not any(drawn):
        assert found is None
        return
    assert found is not None
    rank, bounds = quantile * sum(drawn), (0.0, *LATENCY_BOUNDS_MICROSECONDS)
    holder = next(n for n, total in enumerate(accumulate(drawn)) if total >= rank and total > 0)
    upper = bounds[min(holder + 1, BUCKETS - 1)]
    assert bounds[holder] * (1 - 1e-9) <= found * 1000 <= upper * (1 + 1e-9)


@given(counts, st.floats(0, 1), st.floats(0, 1))
def test_a_higher_quantile_is_never_lower(drawn: tuple[float, ...], one: float, other: float) -> None:
    low, high = (latency_quantile(share, drawn) for share in sorted((one, other)))
    if low is not None and high is not None:
        assert low <= high


@given(increases, increases, increases)
def test_what_pods_did_is_added_up_in_any_order(one: Increase, two: Increase, three: Increase) -> None:
    assert together(together(one, two), three) == together(one, together(two, three))
    assert together(one, two) == together(two, one)


@given(readings, readings)
def test_nothing_that_happened_is_negative_whatever_counters_jump_to(before: Reading, after: Reading) -> None:
    found = between(before, after, 10, 25)
    assert min(found.ok, found.failed, found.latency_microseconds, *found.buckets) >= 0
    assert found.cpu_seconds is None or found.cpu_seconds >= 0
    assert found.seconds == 15


def test_a_server_that_started_anew_has_counted_from_zero() -> None:
    before = Reading(ok=100, failed=5, buckets=in_bucket(3, 100), cpu_seconds=50)
    after = Reading(ok=7, failed=6, buckets=in_bucket(3, 7), cpu_seconds=2)
    found = between(before, after, 0, 15)
    assert (found.ok, found.failed, found.buckets, found.cpu_seconds) == (7, 6, in_bucket(3, 7), 2)


def test_a_server_that_started_anew_and_was_asked_more_often_since_is_known_by_its_start() -> None:
    found = between(Reading(ok=1, started_at=1), Reading(ok=7, started_at=2), 0, 15)
    assert found.ok == 7


def test_an_idle_pod_takes_no_room_for_its_buckets() -> None:
    assert between(Reading(), Reading(), 0, 15).buckets is NONE
