"""One measurement of one way to plan one instance, each in a process of its own."""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np
from dev.instances import Instance

from bench.placement.baselines import BASELINES
from bench.placement.exact import solve_exactly
from bench.placement.files import FileInstance
from bench.placement.score import Score, forced_rejections, score
from fogline.names import ModelKey
from fogline.placement import plan
from fogline.placement.limits import Limits
from fogline.placement.optimiser import MOVE_COST, optimise
from fogline.placement.optimiser.build import Built, build
from fogline.placement.optimiser.problem import Ints, Problem
from fogline.placement.optimiser.solve import solve

P = ParamSpec("P")
R = TypeVar("R")

OPTIMISER = "Fogline, optimiser"
IN_TURN = "Fogline, one after the other"
EXACT = "exact, HiGHS"


@dataclass(frozen=True, slots=True)
class Measured:
    """What one way to plan found, and what it took."""

    method: str
    score: Score
    seconds: float
    cpu_seconds: float
    megabytes: float
    """Most memory that the process had, the instance and Python included."""
    lower_bound: float | None = None
    """US dollars per hour that no plan with as few rejections can beat; None where the method has none."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large an instance is."""

    nodes: int
    models: int
    replicas: int
    in_place: int
    forced: int
    """Replicas that no node could run even if all nodes were empty."""


def alone(work: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
    """Do something in a process of its own, so that neither time nor memory of others counts."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments, **named).result()


def size_of(instance: Instance | FileInstance) -> Size:
    """Tell how large an instance is."""
    problem = _problem(instance)
    return Size(
        nodes=problem.nodes,
        models=problem.models,
        replicas=int(problem.group_replicas.sum()),
        in_place=int(problem.standing.movable[:, 2].sum()),
        forced=forced_rejections(problem),
    )


def with_optimiser(instance: Instance | FileInstance) -> tuple[Measured, Ints]:
    """Plan all models together; give the plan too, as option, node, replicas."""
    if isinstance(instance, FileInstance):
        return _solved(instance)
    effort = _Effort()
    found = optimise(instance.demands, instance.snapshot)
    spent = effort.spent()
    built = build(instance.demands, instance.snapshot, MOVE_COST)
    rows = _rows(built, ((one.model, one.variant, one.client_site, one.node) for one in found.placed))
    bound = float(found.lower_bound_cost_per_hour)
    return Measured(OPTIMISER, score(built.problem, rows), *spent, lower_bound=bound), rows


def in_turn(instance: Instance) -> Measured:
    """Decide for one replica after the other, as the operator does for pods that wait."""
    effort = _Effort()
    decisions = plan(instance.demands, instance.snapshot).decisions
    spent = effort.spent()
    built = build(instance.demands, instance.snapshot, MOVE_COST)
    kept = (
        (pod.replica.model, pod.replica.variant, pod.replica.client_site, pod.node)
        for decision in decisions
        for pod in decision.kept
        if pod.replica
    )
    new = (
        (one.model, one.variant, one.client_site, one.node)
        for decision in decisions
        for one in decision.assignments
    )
    rows = _as_wanted(built, _rows(built, (*kept, *new)))
    return Measured(IN_TURN, score(built.problem, rows), *spent)


def with_baselines(instance: Instance | FileInstance) -> list[Measured]:
    """Plan by the rules that one would use without an optimiser."""
    problem, found = _problem(instance), []
    for name, place in BASELINES.items():
        effort = _Effort()
        rows = place(problem)
        found.append(Measured(name, score(problem, rows), *effort.spent()))
    return found


def exactly(instance: Instance | FileInstance, start: Ints, limit_seconds: float) -> Measured:
    """Plan by an exact solver, from a plan that is known."""
    problem = _problem(instance)
    effort = _Effort()
    found = solve_exactly(problem, start, limit_seconds)
    spent, counted = effort.spent(), score(problem, found.rows)
    method = EXACT if found.is_optimal else f"{EXACT}, stopped after {limit_seconds:.0f} s"
    return Measured(method, counted, *spent, lower_bound=found.lower_bound - counted.penalty)


def _solved(instance: FileInstance) -> tuple[Measured, Ints]:
    effort = _Effort()
    found = solve(instance.problem, Limits())
    spent = effort.spent()
    held = [
        (option, node, count)
        for node, options in enumerate(found.on_node)
        for option, count in sorted(options.items())
    ]
    rows = np.array(held, dtype=np.int64).reshape(len(held), 3)
    bound = found.lower_bound - found.rejection_penalty
    return Measured(OPTIMISER, score(instance.problem, rows), *spent, lower_bound=bound), rows


def _problem(instance: Instance | FileInstance) -> Problem:
    if isinstance(instance, FileInstance):
        return instance.problem
    return build(instance.demands, instance.snapshot, MOVE_COST).problem


def _rows(built: Built, replicas: Iterable[tuple[ModelKey, str, str | None, str]]) -> Ints:
    """Turn replicas by model, variant, client site and node into option, node, replicas."""
    option_of = {(one.model, way.name, site): number for number, (one, way, site) in enumerate(built.choices)}
    node_of = {node.name: number for number, node in enumerate(built.nodes)}
    counts = Counter((option_of[model, way, site], node_of[node]) for model, way, site, node in replicas)
    rows = [(option, node, count) for (option, node), count in sorted(counts.items())]
    return np.array(rows, dtype=np.int64).reshape(len(rows), 3)


def _as_wanted(built: Built, rows: Ints) -> Ints:
    """Let replicas in place serve another client site where theirs has more than its share.

    The operator does not start a replica anew only because the split changed; where the other site is too far
    the replica counts for nothing.
    """
    problem = built.problem
    lacking = problem.group_replicas.copy()
    served: Counter[tuple[int, int]] = Counter()

    def serve(option: int, node: int, count: int) -> int:
        taken = min(count, int(lacking[problem.option_group[option]]))
        lacking[problem.option_group[option]] -= taken
        served[option, node] += taken
        return count - taken

    spare = [(option, node, serve(option, node, count)) for option, node, count in rows.tolist()]
    for option, node, count in spare:
        demand, variant, _ = built.choices[option]
        left = count
        for other, (of, way, _) in enumerate(built.choices if left else ()):
            if of is demand and way is variant and problem.feasible[other, problem.node_class[node]]:
                left = serve(other, node, left)
    found = [(option, node, count) for (option, node), count in sorted(served.items()) if count]
    return np.array(found, dtype=np.int64).reshape(len(found), 3)


class _Effort:
    """What is spent from now on."""

    def __init__(self) -> None:
        self._began, self._began_cpu = time.perf_counter(), time.process_time()

    def spent(self) -> tuple[float, float, float]:
        """Give seconds, CPU seconds, and the most megabytes that the process ever had."""
        seconds, cpu_seconds = time.perf_counter() - self._began, time.process_time() - self._began_cpu
        return seconds, cpu_seconds, peak_megabytes()


def peak_megabytes() -> float:
    """Give the most memory that this process had.

    Not from `resource.getrusage`: there a process starts with the peak of the one that started it.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    peak = next(line for line in lines if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024
