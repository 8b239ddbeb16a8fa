"""The whole benchmark: every size from scratch and after events, and single decisions in the largest."""

import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from dev.instances import SIZES, Instance, after_events, few_big, from_scratch, settled

from bench.placement.fast_path import measure_fast_path
from bench.placement.files import FileInstance, read
from bench.placement.measure import (
    Measured,
    alone,
    exactly,
    in_turn,
    size_of,
    with_baselines,
    with_optimiser,
)
from bench.placement.results import Case, Machine, Results, waited_percent
from bench.placement.whole_command import measure_whole_command
from fogline.placement.optimiser.problem import Ints

ALL_SIZES = tuple(SIZES)
EXACT_UP_TO = 150
"""Nodes of the largest cluster that the exact solver is tried on."""
_EXACT_SECONDS = 60.0

Tell = Callable[[Instance | FileInstance, Case, Ints], None]
"""Is given each case with the plan of the optimiser as soon as it is measured."""


def run(sizes: Iterable[str], tell: Tell) -> Results:
    """Measure clusters that are made from a seed."""
    load, cases = os.getloadavg()[0], []
    fast_path = command = None
    for size in sizes:
        cases.append(_case(from_scratch(size), tell))
        if size == "large":
            cases.append(_case(few_big(size), tell))
        in_place = alone(settled, size)
        cases.append(_case(after_events(in_place), tell))
        if size == "large":
            fast_path = alone(measure_fast_path, in_place)
            command = alone(measure_whole_command, after_events(in_place))
    return Results(_machine(load, cases), tuple(cases), fast_path, are_made=True, whole_command=command)


def run_files(paths: Iterable[Path], tell: Tell) -> Results:
    """Measure instances from files."""
    load = os.getloadavg()[0]
    cases = tuple([_case(read(path), tell) for path in paths])
    return Results(_machine(load, cases), cases, None, are_made=False)


def _case(instance: Instance | FileInstance, tell: Tell) -> Case:
    size = size_of(instance)
    optimised, rows = alone(with_optimiser, instance)
    others = list(_others(instance, rows, size.nodes))
    case = Case(instance.name, size, (optimised, *others))
    tell(instance, case, rows)
    return case


def _others(instance: Instance | FileInstance, rows: Ints, nodes: int) -> Iterator[Measured]:
    if isinstance(instance, Instance):
        yield alone(in_turn, instance)
    yield from alone(with_baselines, instance)
    if nodes <= EXACT_UP_TO:
        yield alone(exactly, instance, rows, _EXACT_SECONDS)


def _machine(load_before: float, cases: Sequence[Case]) -> Machine:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return Machine(
        cores=os.cpu_count() or 1,
        processor=next(models, platform.machine()),
        python=platform.python_version(),
        load_before=load_before,
        load_after=os.getloadavg()[0],
        waited_percent=waited_percent(cases),
        date=time.strftime("%Y-%m-%d"),
    )
