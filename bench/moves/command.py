"""The command line of the simulation of moves."""

import argparse
import multiprocessing
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from bench.moves import ways
from bench.moves.page import PAGE, fill_in
from bench.moves.simulate import Outcome, simulate
from bench.moves.tables import Results, Size
from bench.moves.trace import Happening, make_trace
from bench.moves.world import World, make_world


def main(arguments: Sequence[str] = ()) -> None:
    """Simulate, print a table, and fail when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m bench.moves", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="same seed, same figures (default: %(default)s)")
    parser.add_argument("--docs", action="store_true", help=f"write the figures into {PAGE.name}")
    parser.add_argument(
        "--descheduler-days",
        type=int,
        default=2,
        help="the descheduler is simulated for so many days at most; one in which it evicts tens of thousands"
        " of pods takes as long as ten of Fogline (default: %(default)s)",
    )
    found = parser.parse_args(list(arguments))
    began = time.monotonic()
    days, nodes = int(os.environ.get("DAYS", "30")), int(os.environ.get("NODES", "500"))
    world = make_world(nodes, found.seed)
    trace = make_trace(world, days, found.seed)
    replicas = sum(model.spec.replicas for model in world.models)
    size = Size(days, nodes, len(world.models), replicas, len(trace))
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as beside:
        moving = beside.submit(_with_moves, world, trace, days)
        never, placed = simulate(
            "Fogline, never moves",
            lambda: ways.fogline(world, moves=False),
            world,
            trace,
            days,
            is_judged=True,
        )
        kube, _ = simulate(
            "kube-scheduler + descheduler",
            lambda: ways.kube(world, placed.cluster),
            world,
            trace,
            min(days, found.descheduler_days),
            is_judged=False,
        )
        moves = moving.result()
    outcomes = [moves, never, kube]
    results = Results(size, outcomes, time.monotonic() - began)
    print(results.as_text())
    if found.docs:
        fill_in(results)
    _refuse_breaches(outcomes)


def _with_moves(world: World, trace: Sequence[tuple[float, Happening]], days: int) -> Outcome:
    """Simulate the way that needs most time; it needs nothing of the others, and has a process of its own."""
    outcome, _ = simulate(
        "Fogline", lambda: ways.fogline(world, moves=True), world, trace, days, is_judged=True
    )
    return outcome


def _refuse_breaches(outcomes: Sequence[Outcome]) -> None:
    found = [f"{one.name}: {breach}" for one in outcomes for breach in one.breaches]
    for breach in found[:20]:
        print(breach)
    assert not found, f"{len(found)} promises were broken"
