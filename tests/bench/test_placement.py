"""The benchmark of placement: what it counts, what it refuses, and what it writes."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from bench.placement import main
from bench.placement.baselines import BASELINES, greedy
from bench.placement.exact import solve_exactly
from bench.placement.files import assignment, read
from bench.placement.goals import judge
from bench.placement.measure import (
    OPTIMISER,
    Measured,
    Size,
    alone,
    in_turn,
    with_baselines,
    with_optimiser,
)
from bench.placement.page import BEGIN, END, PAGE, PICTURE, with_figures
from bench.placement.picture import draw
from bench.placement.results import Case, Machine, Results, waited_percent
from bench.placement.score import Score, forced_rejections, score
from bench.placement.whole_command import WholeCommand, measure_whole_command
from dev.instances import few_big, from_scratch, rebalance

from fogline.placement.optimiser import MOVE_COST
from fogline.placement.optimiser.build import build
from fogline.placement.optimiser.problem import Ints, Problem


@pytest.fixture(scope="module")
def problem() -> Problem:
    return problem_of(from_scratch("tiny"))


def problem_of(instance: Any) -> Problem:
    return build(instance.demands, instance.snapshot, MOVE_COST).problem


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("make", [from_scratch, few_big, rebalance])
def test_a_baseline_breaks_no_requirement_and_is_never_better_than_the_exact_bound(
    make: Callable[[str], Any], name: str
) -> None:
    problem = problem_of(make("tiny"))
    rows = BASELINES[name](problem)
    found = score(problem, rows)
    exact = solve_exactly(problem, rows, limit_seconds=60)
    assert exact.is_optimal
    assert exact.lower_bound <= found.cost + found.penalty + 1e-6
    assert score(problem, exact.rows).rank <= found.rank
    assert found.rejected >= forced_rejections(problem) > 0


def test_a_plan_in_place_is_kept_by_every_baseline() -> None:
    problem = problem_of(rebalance("tiny"))
    for place in BASELINES.values():
        assert score(problem, place(problem)).moves < len(problem.standing.movable) / 10


def with_count(rows: Ints, count: int) -> Ints:
    """Change how many replicas the first row has."""
    changed = rows.copy()
    changed[0, 2] = count
    return changed


def with_none_allowed(problem: Problem, limit: str) -> Problem:
    """Set one of the limits on what the replicas of each model may do together to 0."""
    none: Any = {limit: getattr(problem.limits, limit) * 0}
    return replace(problem, limits=replace(problem.limits, **none))


def with_less_room(problem: Problem) -> Problem:
    """Leave a ninth of each node."""
    return replace(problem, class_capacity=problem.class_capacity / 9)


FAULTS: dict[str, Callable[[Problem, Ints], tuple[Problem, Ints]]] = {
    "more replicas than wanted": lambda one, rows: (one, with_count(rows, 1000)),
    "without a replica": lambda one, rows: (one, with_count(rows, 0)),
    "may not run": lambda one, rows: (replace(one, feasible=~one.feasible), rows),
    "over-committed": lambda one, rows: (with_less_room(one), rows),
    "on a node": lambda one, rows: (with_none_allowed(one, "per_node"), rows),
    "in a zone": lambda one, rows: (with_none_allowed(one, "per_zone"), rows),
    "in a tier": lambda one, rows: (with_none_allowed(one, "per_tier"), rows),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_plan_that_breaks_a_requirement_is_refused(problem: Problem, fault: str) -> None:
    rows = greedy(problem)
    score(problem, rows)
    with pytest.raises(AssertionError, match=fault):
        score(*FAULTS[fault](problem, rows))


@pytest.mark.parametrize("make", [from_scratch, rebalance])
def test_the_optimiser_rejects_no_more_and_costs_no_more_than_deciding_in_turn(
    make: Callable[[str], Any],
) -> None:
    instance = make("tiny")
    optimised, rows = with_optimiser(instance)
    assert optimised.score.rank <= in_turn(instance).score.rank
    assert optimised.lower_bound is not None
    assert optimised.lower_bound <= optimised.score.cost + 1e-6
    assert score(problem_of(instance), rows) == optimised.score
    assert [one.method for one in with_baselines(instance)] == list(BASELINES)


INSTANCE: dict[str, Any] = {
    "schema": "placement-instance/1",
    "name": "three",
    "resources": ["cpu_milli", "memory_mib", "pods"],
    "sites": ["near", "far"],
    "client_sites": ["plant", "office"],
    "latency_ms": [[2, 5], [30, None]],
    "nodes": [
        {
            "id": name,
            "tier": "cloud",
            "site": site,
            "zone": name,
            "jurisdiction": "eu",
            "capacity": [4000, 8192, 110],
            "accel_type": None,
            "cost_per_hour": price,
            "billing": "node",
            "clearance": 3,
            "schedulable": name != "drained",
        }
        for name, site, price in (("cheap", "far", 1.0), ("dear", "near", 2.0), ("drained", "near", 0.1))
    ],
    "models": [
        {
            "id": "digits",
            "sensitivity": 0,
            "jurisdictions": None,
            "requests": {"cloud": [1000, 1024, 1]},
            "accel_types": None,
            "max_per_node": None,
            "max_zone_share": None,
            "latency_penalty_per_ms": 0.01,
            "move_cost": 0.1,
            "unplaced_penalty": 1000,
            "demand": [
                {"client": "plant", "replicas": 2, "slo_ms": 10, "max_ms": None},
                {"client": "office", "replicas": 1, "slo_ms": 10, "max_ms": None},
            ],
        }
    ],
    "current": [[0, 1, 2], [0, 2, 1]],
}
"""The office reaches the near site only, where one node is drained. Two replicas are on the dear node."""


@pytest.mark.parametrize("name", ["three.json", "three.json.gz"])
def test_an_instance_from_a_file_is_planned_with_its_replicas_in_place(tmp_path: Path, name: str) -> None:
    data = json.dumps(INSTANCE).encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    instance = read(tmp_path / name)
    assert instance.problem.standing.movable.tolist() == [[0, 1, 2]]
    found, rows = with_optimiser(instance)
    assert assignment(instance, rows)["placements"] == [
        ["digits", "plant", "dear", 2],
        ["digits", "office", "dear", 1],
    ]
    assert found.score == Score(cost=2.0, rejected=0, penalty=0.0, moves=0)


def plan(method: str, cost: float, rejected: int = 0, **fields: Any) -> Measured:
    return Measured(method, Score(cost, rejected, 1000.0 * rejected, 0), 0.5, 0.5, 100, **fields)


def results(*plans: Measured) -> Results:
    case = Case("small-150", Size(150, 10, 100, 0, 0), plans)
    machine = Machine(
        2, "a processor", "3.11", load_before=0, load_after=1, waited_percent=0, date="2025-01-01"
    )
    return Results(machine, (case,), None, are_made=True)


def test_a_plan_that_rejects_more_has_no_distance_to_the_bound_and_reaches_no_goal() -> None:
    found = results(plan(OPTIMISER, 100, rejected=1, lower_bound=99.5), plan("greedy", 120))
    (case,), (goal,) = found.cases, judge(found)
    assert case.percent_above_bound(case.optimised) is None
    assert case.extra_rejections(case.optimised) == 1
    assert not goal.meets_must


@pytest.mark.parametrize(
    ("cost", "must", "stretch"), [(100, True, True), (100.9, True, False), (102, False, False)]
)
def test_a_goal_is_reached_when_plan_and_time_are_good_enough(cost: float, must: bool, stretch: bool) -> None:  # noqa: FBT001  parameters of a test
    (goal,) = judge(results(plan(OPTIMISER, cost, lower_bound=100)))
    assert (goal.meets_must, goal.meets_stretch) == (must, stretch)


@pytest.mark.parametrize(
    ("seconds", "gap", "must", "stretch"),
    [(7, 3.9, True, True), (9.9, 3.9, True, False), (7, 6.1, False, False), (7, None, False, False)],
)
def test_the_whole_command_is_judged_by_its_time_and_its_bound(
    seconds: float,
    gap: float | None,
    must: bool,  # noqa: FBT001  parameters of a test
    stretch: bool,  # noqa: FBT001  parameters of a test
) -> None:
    command = WholeCommand(nodes=5000, dump_megabytes=23, seconds=seconds, cpu_seconds=7, gap_percent=gap)
    goal = list(judge(replace(results(plan(OPTIMISER, 1, lower_bound=1)), whole_command=command)))[-1]
    assert (goal.meets_must, goal.meets_stretch) == (must, stretch)


def test_the_whole_command_is_measured_with_its_optimiser() -> None:
    found = alone(measure_whole_command, rebalance("tiny"))
    assert found.nodes == 15
    assert found.gap_percent is not None
    assert 0 < found.cpu_seconds < 2 * found.seconds + 1


@pytest.mark.parametrize(
    ("seconds", "load", "is_busy"),
    [(0.5, 1.1, False), (0.51, 1.9, False), (0.6, 1.1, True), (0.5, 2.5, True)],
)
def test_a_run_was_disturbed_when_plans_waited_for_a_core_or_too_many_wanted_one(
    seconds: float,
    load: float,
    is_busy: bool,  # noqa: FBT001  parameters of a test
) -> None:
    found = results(replace(plan(OPTIMISER, 1, lower_bound=1), seconds=seconds))
    machine = replace(found.machine, load_after=load, waited_percent=waited_percent(found.cases))
    assert machine.was_busy == is_busy
    assert ("other work ran" in str(machine)) == is_busy


def test_the_best_bound_of_all_methods_counts() -> None:
    (case,) = results(plan(OPTIMISER, 110, lower_bound=90), plan("exact, HiGHS", 105, lower_bound=100)).cases
    assert case.percent_above_bound(case.optimised) == pytest.approx(10)


def test_of_the_ways_of_kube_scheduler_only_the_best_is_shown() -> None:
    (case,) = results(
        plan(OPTIMISER, 1, lower_bound=1), plan("kube-like, a", 3), plan("kube-like, b", 2)
    ).cases
    assert [one.method for one in case.shown()] == [OPTIMISER, "kube-like, b"]


def test_the_page_has_marks_between_which_figures_are_written_again_and_again() -> None:
    page = PAGE.read_text()
    once = with_figures(page, results(plan(OPTIMISER, 100, lower_bound=99)))
    assert "1.01 %" in once
    assert with_figures(once, results(plan(OPTIMISER, 100, lower_bound=99))) == once
    assert once.partition(BEGIN)[0] == page.partition(BEGIN)[0]
    assert once.partition(END)[2] == page.partition(END)[2]
    assert f"]({PICTURE.name})" in page


def test_a_page_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="must have the lines"):
        with_figures("# A page", results(plan(OPTIMISER, 1, lower_bound=1)))


def test_the_picture_has_a_bar_for_each_plan_that_can_be_compared() -> None:
    drawn = draw(results(plan(OPTIMISER, 100, lower_bound=99), plan("a < b", 90, rejected=2)))
    tree = ET.fromstring(drawn)  # noqa: S314  our own picture
    texts = [node.text for node in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert {"1.0 %", "+2 rejected", "a < b"} <= set(texts)
    assert len(list(tree.iter("{http://www.w3.org/2000/svg}rect"))) == 2  # the ground and one bar


def test_a_run_prints_tables_and_writes_all_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--sizes", "tiny", "--json", str(tmp_path / "figures.json")])
    assert "from scratch, 15 nodes" in capsys.readouterr().out
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert [case["name"] for case in figures["cases"]] == ["tiny-15", "tiny-15-rebalance"]


@pytest.mark.parametrize("arguments", [["no-such-file"], ["--docs", "--sizes", "tiny"]])
def test_a_command_line_that_makes_no_sense_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
