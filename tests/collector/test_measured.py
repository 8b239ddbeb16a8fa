"""From measurements to the latency that decisions see: seldom, bounded, and never by one outlier."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogline.collector.measured import (
    HOUR_SECONDS,
    LEAST_MILLISECONDS,
    MOST_FACTOR_AN_HOUR,
    ROUNDS,
    Way,
    measured,
    resumed,
    site_round_trip,
)

SETTLED = Way(written=40, history=((0.0, 40),))


def after(way: Way, trips: Iterable[float | None], now: float = 60) -> Way:
    for trip in trips:
        way = measured(way, trip, now)
    return way


def test_the_first_value_is_the_median_of_three_measurements() -> None:
    assert after(Way(), [30, 31]).written is None
    assert after(Way(), [30, 200, 31]).written == 31


@pytest.mark.parametrize("trips", [[47.9] * 9, [40, 42, 39, 41.9] * 3, [60, 60, 40] * 3, [60, 25] * 9])
def test_what_is_small_short_or_flaps_changes_nothing(trips: list[float]) -> None:
    assert after(SETTLED, trips).written == 40


@pytest.mark.parametrize(("low", "trip"), [(2, 3.9), (1, 3.0), (5, 6.9)])
def test_of_short_ways_two_milliseconds_are_no_change(low: int, trip: float) -> None:
    assert after(resumed(low, 0), [trip] * 9).written == low


def test_a_change_that_lasts_is_taken_once() -> None:
    changed = after(SETTLED, [60, 61, 62])
    assert changed.written == 61
    assert after(changed, [60, 61, 62] * 5).written == 61


def test_a_round_that_reached_nothing_begins_the_row_anew() -> None:
    assert after(SETTLED, [60, 60, None, 60, 60]).written == 40


def test_who_answers_faster_and_faster_attracts_work_by_no_more_than_the_factor_within_an_hour() -> None:
    lying = after(SETTLED, [1] * 50)
    assert lying.written == 20
    assert after(lying, [1] * 50, HOUR_SECONDS).written == 20
    assert after(lying, [1] * 50, HOUR_SECONDS + 60).written == 10


def test_what_repels_work_is_taken_as_it_is() -> None:
    assert after(SETTLED, [5000] * ROUNDS).written == 5000


def test_after_a_short_trouble_the_old_value_is_there_again_within_the_hour() -> None:
    assert after(after(SETTLED, [5000] * ROUNDS), [40] * ROUNDS).written == 40


def test_a_restart_lets_nothing_fall_faster() -> None:
    assert after(resumed(40, 0), [1] * 50).written == 40
    assert after(resumed(40, 0), [1] * 50, HOUR_SECONDS).written == 20


def test_a_way_takes_at_least_a_millisecond() -> None:
    assert after(Way(), [0.01] * ROUNDS).written == LEAST_MILLISECONDS


@given(st.lists(st.tuples(st.none() | st.floats(0, 1e9), st.floats(0, 900)), max_size=60))
def test_whatever_is_measured_it_falls_within_the_bound_of_the_hour(
    drawn: list[tuple[float | None, float]],
) -> None:
    way, now, history = Way(1000, ((0.0, 1000),)), 0.0, [(0.0, 1000)]
    for trip, pause in drawn:
        now += pause
        before, way = way.written, measured(way, trip, now)
        assert way.written is not None
        assert before is not None
        then = [written for at, written in history if now - at >= HOUR_SECONDS]
        if way.written < before:
            assert way.written * MOST_FACTOR_AN_HOUR >= (then[-1] if then else 1000)
        history.append((now, way.written))


def test_of_the_pods_of_a_site_no_smaller_half_tells_another_tale() -> None:
    assert site_round_trip([1, 1, 30, 31, 32]) == 30
    assert site_round_trip([None, 30, None]) == 30


def test_pods_that_do_not_answer_are_no_measurement() -> None:
    assert site_round_trip([None, None]) is None
    assert site_round_trip([]) is None
