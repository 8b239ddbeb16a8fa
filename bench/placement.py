"""Figures of the optimiser: cost above the bound, extra rejections, seconds, memory.

``python -m bench placement`` takes clusters that are made from a seed, and compares with placing one replica
after the other. ``python -m bench.placement FILE ...`` takes instances (``placement-instance/1``); with
``--out FOLDER`` the assignments are written there for a checker.
"""

import argparse
import json
import multiprocessing
import os
import platform
import resource
import time
from collections.abc import Sequence
from pathlib import Path

from dev.instances import SIZES, from_scratch

from bench._instances import assignment, read
from fogline.placement import plan
from fogline.placement.optimiser import MOVE_COST, Limits
from fogline.placement.optimiser.build import build
from fogline.placement.optimiser.solve import Solution, solve

IN_TURN_UP_TO = 700
"""Nodes of the largest cluster on which replicas are placed one after the other too."""


def main(arguments: Sequence[str] = ()) -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description="Figures of the optimiser.")
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--out", type=Path, help="folder for the assignments")
    found = parser.parse_args(list(arguments))
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}\n")
    print("instance          nodes  replicas  rejected (in turn)  above the bound  seconds  CPU   MB")
    for file in found.files:
        _alone(_measure_file, file, found.out)
    for size in () if found.files else SIZES:
        _alone(_measure_made, size)


def _alone(measure: object, *arguments: object) -> None:
    """Measure in a process of its own: peak memory is that of this instance."""
    process = multiprocessing.get_context("spawn").Process(target=measure, args=arguments)  # type: ignore[arg-type]
    process.start()
    process.join()
    assert process.exitcode == 0, "the measurement failed"


def _measure_file(file: Path, out: Path | None) -> None:
    instance = read(file)
    began, began_cpu = time.perf_counter(), time.process_time()
    solution = solve(instance.problem, Limits())
    effort = time.perf_counter() - began, time.process_time() - began_cpu, _peak_megabytes()
    replicas = int(instance.problem.group_replicas.sum())
    _print(instance.name, len(instance.nodes), replicas, solution, effort)
    if out:
        (out / f"{instance.name}.json").write_text(json.dumps(assignment(instance, solution)))


def _measure_made(size: str) -> None:
    instance = from_scratch(size)
    demands, snapshot = instance.demands, instance.snapshot
    began, began_cpu = time.perf_counter(), time.process_time()
    solution = solve(build(demands, snapshot, MOVE_COST).problem, Limits())
    effort = time.perf_counter() - began, time.process_time() - began_cpu, _peak_megabytes()
    in_turn = None
    if len(snapshot.nodes) <= IN_TURN_UP_TO:
        in_turn = sum(decision.waiting for decision in plan(demands, snapshot).decisions)
    wanted = sum(demand.replicas for demand in demands)
    _print(size, len(snapshot.nodes), wanted, solution, effort, in_turn)


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _print(
    name: str,
    nodes: int,
    replicas: int,
    solution: Solution,
    effort: tuple[float, float, float],
    in_turn: int | None = None,
) -> None:
    seconds, cpu_seconds, megabytes = effort
    bound = solution.lower_bound - solution.rejection_penalty
    gap = f"{100 * (solution.objective - solution.lower_bound) / bound:.2f} %" if bound > 0 else "unknown"
    compared = "-" if in_turn is None else str(in_turn)
    print(
        f"{name:16}{nodes:7}{replicas:10}{sum(solution.missing):10} ({compared:>7}){gap:>17}{seconds:9.1f}"
        f"{cpu_seconds:5.1f}{megabytes:5.0f}",
        flush=True,
    )


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
