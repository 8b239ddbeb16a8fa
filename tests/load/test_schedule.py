"""When requests are due: drawn from a seed, whatever the server does."""

from collections import Counter
from dataclasses import replace
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.runs import RUN

from fogline.load.job import CONSTANT
from fogline.load.schedule import arrivals, inputs


@given(seed=st.integers(), rate=st.floats(0.5, 500), seconds=st.floats(0.01, 3))
def test_arrivals_are_in_order_within_the_time_and_the_same_for_the_same_seed(
    seed: int, rate: float, seconds: float
) -> None:
    run = replace(RUN, seed=seed, rate=rate, seconds=seconds)
    times = list(arrivals(run))
    assert times == list(arrivals(run))
    assert all(one <= other for one, other in pairwise(times))
    assert all(0 <= one < run.warm_up_seconds + seconds for one in times)


def test_arrivals_of_one_seed_never_change() -> None:
    first = islice(arrivals(replace(RUN, rate=100, seed=7)), 4)
    assert [round(one, 6) for one in first] == [0.003913, 0.005548, 0.016073, 0.016825]


def test_poisson_arrivals_have_the_rate_and_vary_as_much_as_they_should() -> None:
    run = replace(RUN, rate=1000, seconds=50, warm_up_seconds=0)
    counts = Counter(int(one * 10) for one in arrivals(run))
    mean = sum(counts.values()) / 500
    variance = sum((counts[tenth] - mean) ** 2 for tenth in range(500)) / 500
    assert mean == pytest.approx(100, rel=0.02)
    assert variance == pytest.approx(100, rel=0.25)  # a Poisson process: as much as the mean


def test_constant_arrivals_are_like_a_clock() -> None:
    run = replace(RUN, rate=4, seconds=1, warm_up_seconds=0.5, arrivals=CONSTANT)
    assert list(arrivals(run)) == [0, 0.25, 0.5, 0.75, 1.0, 1.25]


@given(st.integers(), st.integers(1, 50))
def test_every_input_is_sent_once_before_any_is_sent_again(seed: int, count: int) -> None:
    chosen = list(islice(inputs(replace(RUN, seed=seed), count), 3 * count))
    assert set(Counter(chosen).values()) == {3}
    assert sorted(chosen[:count]) == list(range(count))
