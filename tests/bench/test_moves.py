"""The simulation of moves says the same each time, breaks no promise, and comes to rest."""

from functools import partial

import pytest
from bench.moves import ways
from bench.moves.simulate import Outcome, simulate
from bench.moves.tables import comparison
from bench.moves.trace import DAY, make_trace
from bench.moves.world import World, make_world


def fated(world: World, seed: int = 1) -> tuple[Outcome, ways.Run]:
    """Let a day of accidents happen to a cluster that the operator looks after."""
    begin = partial(ways.fogline, world, moves=True)
    return simulate("Fogline", begin, world, make_trace(world, 1, seed), 1, is_judged=True)


@pytest.fixture(scope="module")
def day() -> tuple[Outcome, ways.Run]:
    """Live through one day of one small cluster."""
    return fated(make_world(40, 1))


def test_the_same_seed_gives_the_same_figures_and_no_promise_is_broken(
    day: tuple[Outcome, ways.Run],
) -> None:
    first, second = day[0], fated(make_world(40, 1))[0]
    assert first.breaches == []
    assert first.moves > 0
    assert (first.days, first.moves) == (second.days, second.moves)


def test_when_nothing_happens_any_more_nothing_moves() -> None:
    _, run = fated(make_world(30, 2))
    run.cluster.run_for(2.5 * DAY)  # the last drain is over, and everything was looked at once more
    moved = run.moves()
    run.cluster.run_for(3 * DAY)  # and again
    assert run.moves() == moved


def test_a_descheduler_breaks_before_it_makes(day: tuple[Outcome, ways.Run]) -> None:
    world = make_world(40, 1)
    begin = partial(ways.kube, world, day[1].cluster)
    outcome, _ = simulate("kube", begin, world, make_trace(world, 1, 1), 1, is_judged=False)
    assert outcome.moves > 0
    assert outcome.total.missing_seconds > 0
    row = next(row for row in comparison([outcome]).rows if row[0] == "promises broken")
    assert row[1] == "not judged"
