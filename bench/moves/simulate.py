"""Runs one way through all that happens, and adds up what it comes to."""

import gc
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.support.judging import Judge

from bench.moves.account import Account, Totals
from bench.moves.causes import Causes
from bench.moves.happen import Fate
from bench.moves.trace import DAY, Happening
from bench.moves.ways import SETTLE_SECONDS, Run
from bench.moves.world import World

_COLLECTIONS = (200_000, 20, 50)
"""Thresholds of Python's garbage collector: what is simulated stays, and to go through it often takes a tenth
of the time."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one way came to."""

    name: str
    days: Sequence[Totals]
    """Up to the end of each day."""
    moves: int
    """Of its own decision."""
    causes: Counter[str]
    """Moves that save money, by what they answered to; empty if it is not judged."""
    cpu_seconds: float
    is_judged: bool
    breaches: Sequence[str]
    """Promises that were broken, if it is judged."""

    @property
    def total(self) -> Totals:
        """All days."""
        return self.days[-1]


def simulate(
    name: str,
    begin: Callable[[], Run],
    world: World,
    trace: Sequence[tuple[float, Happening]],
    days: int,
    *,
    is_judged: bool,
) -> tuple[Outcome, Run]:
    """Simulate so many days; the hour in which everything comes up does not count."""
    began = time.process_time()
    gc.set_threshold(*_COLLECTIONS)
    run = begin()
    cluster = run.cluster
    account = Account(cluster, world)
    for key, demand in world.demands.items():
        account.want(key, demand.replicas)
    judge, causes = Judge(), Causes(cluster, world.demands)
    if is_judged:
        cluster.follow(judge.see)
        cluster.follow(causes.see)
    cluster.run_for(SETTLE_SECONDS)
    account.restart()
    moved = run.moves()
    fate = Fate(cluster, account, run.set_replicas, run.priced)
    for moment, what in trace:
        cluster.timeline.later(moment, lambda what=what: fate.happen(what))  # type: ignore[misc]
    found: list[Totals] = []
    for _ in range(days):
        cluster.run_for(DAY)
        found.append(account.so_far())
    seconds = time.process_time() - began
    breaches = [*judge.breaches, *judge.idle_with_marks(), *judge.crowded(), *causes.unexplained]
    outcome = Outcome(
        name=name,
        days=found,
        moves=run.moves() - moved,
        causes=causes.found,
        cpu_seconds=seconds,
        is_judged=is_judged,
        breaches=breaches,
    )
    return outcome, run
