"""Patterns of the optimiser: what they may hold, and what a plan gains by them where replicas are big."""

from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
from bench.placement.score import score
from dev.instances import few_big, from_scratch
from dev.instances.scenarios import settle
from tests.support.builders import make_demand, make_node, make_variant

from fogline.placement import Demand
from fogline.placement.limits import Limits, PatternWork, Work
from fogline.placement.optimiser import MOVE_COST, optimise
from fogline.placement.optimiser.build import build
from fogline.placement.optimiser.insertion import insert_missing
from fogline.placement.optimiser.knapsack import kinds_of
from fogline.placement.optimiser.pattern_plan import plan_by_patterns
from fogline.placement.optimiser.patterns import Pattern, patterns_of, worthiest
from fogline.placement.optimiser.problem import Floats, Ints, Problem
from fogline.placement.optimiser.relaxation import relax
from fogline.placement.optimiser.solve import Solution, solve
from fogline.placement.optimiser.state import State
from fogline.snapshot import Snapshot

WITHOUT = Limits(patterns=PatternWork(rounds=0))


def problem_of(demands: list[Demand], nodes: int, **node: Any) -> Problem:
    """Make a problem of nodes that are all alike."""
    alike = tuple(make_node(f"n{number:03}", zone=f"z{number % 3}", **node) for number in range(nodes))
    return build(demands, Snapshot(alike), MOVE_COST).problem


def big(name: str, cpu: str, memory: str, replicas: int, **placement: Any) -> Demand:
    """Make a model for the cloud."""
    variant = make_variant("cloud", "Cloud", requests={"cpu": cpu, "memory": memory})
    return make_demand(name, variants=[variant], replicas=replicas, placement=placement)


def plan_of(problem: Problem) -> State | None:
    """Plan by patterns, from nothing but what is placed one after the other."""
    fresh = State(problem, in_place=False)
    insert_missing(fresh)
    seeds = sorted({(kind, option) for kind, held in patterns_of(fresh) for option, _ in held})
    relaxed = relax(problem, [(option, kind) for kind, option in seeds], Work())
    return plan_by_patterns(problem, relaxed, [fresh], PatternWork())


def rows_of(found: Solution) -> Ints:
    """Give a plan as option, node, replicas."""
    held = [
        (option, node, count)
        for node, options in enumerate(found.on_node)
        for option, count in sorted(options.items())
    ]
    return np.array(held, dtype=np.int64).reshape(len(held), 3)


def random_worth(problem: Problem, random: Random) -> Floats:
    """Say what a replica is worth, more for a larger one."""
    size = (problem.requests / problem.requests.max(axis=0).clip(min=1)).sum(axis=1)
    draws = np.array([[random.uniform(-0.2, 2) for _ in problem.class_price] for _ in size])
    return np.where(problem.fit > 0, size[:, None] * draws, 0.0)


def value_of(pattern: Pattern, worth: Floats) -> float:
    kind, held = pattern
    return sum(float(worth[option, kind]) * count for option, count in held)


@pytest.mark.parametrize("seed", range(1, 5))
def test_a_pattern_fits_its_node_and_keeps_every_limit_on_it(seed: int) -> None:
    found = few_big("small", seed) if seed % 2 else from_scratch("tiny", seed)
    problem = build(found.demands, found.snapshot, MOVE_COST).problem
    worth = random_worth(problem, Random(seed))  # noqa: S311  nothing is to be kept secret
    patterns = worthiest(problem, kinds_of(problem, np.zeros(problem.class_capacity.shape)), worth)
    assert {kind for kind, _ in patterns} == set(np.flatnonzero((worth > 0).any(axis=0)).tolist())
    for kind, held in patterns:
        options, counts = np.array(held).T
        assert (counts @ problem.requests[options] <= problem.class_capacity[kind]).all()
        assert (counts <= problem.per_open_node[options, kind]).all()
        models = np.bincount(problem.option_model[options], counts, problem.models)
        assert (models <= problem.limits.per_node).all()
        assert value_of((kind, held), worth) > 0


@pytest.mark.parametrize("seed", range(20))
def test_a_pattern_is_worth_as_much_as_any_when_requests_are_whole_units(seed: int) -> None:
    random = Random(seed)  # noqa: S311  nothing is to be kept secret
    demands = [
        big(f"m{number}", str(random.randint(2, 10)), f"{random.randint(1, 7)}Gi", random.randint(1, 4))
        for number in range(5)
    ]
    problem = problem_of(demands, 1, allocatable={"cpu": "16", "memory": "16Gi"})
    worth = random_worth(problem, random)
    patterns = worthiest(problem, kinds_of(problem, np.zeros(problem.class_capacity.shape)), worth)
    choices = product(*(range(int(most) + 1) for most in problem.per_open_node[:, 0]))
    counts = np.array(list(choices))
    fit = (counts @ problem.requests <= problem.class_capacity[0]).all(axis=1)
    best = float((counts[fit] @ np.maximum(worth[:, 0], 0)).max())
    assert sum(value_of(one, worth) for one in patterns) == pytest.approx(best)


def test_what_two_thirds_of_a_node_leave_free_goes_to_those_that_take_a_third() -> None:
    # Each node has 12 cores. One after the other, 4 + 4 + 4 cores come together, and 8 cores leave 4 free.
    demands = [big("large", "8", "1Gi", 301), big("third", "4", "1Gi", 301), big("other", "4", "1Gi", 100)]
    problem = problem_of(demands, 400, allocatable={"cpu": "12", "memory": "64Gi"})
    found = plan_of(problem)
    assert found
    assert found.missing.sum() == 0
    assert sum(bool(held) for held in found.on_node) == 301 + 34


LIMITS: dict[str, dict[str, Any]] = {
    "per node": {"spread": {"maxPerNode": 1}},
    "per zone": {"spread": {"maxPerZonePercent": 40}},
    "tier": {"cloud": {"maxReplicas": 100}},
    "cost": {"cost": {"maxPerHour": "20"}},
}


@pytest.mark.parametrize("limit", LIMITS)
def test_a_plan_by_patterns_keeps_the_limits_of_a_model(limit: str) -> None:
    demands = [big("large", "5", "1Gi", 200, **LIMITS[limit]), big("small", "3", "1Gi", 300)]
    problem = problem_of(demands, 310, allocatable={"cpu": "12", "memory": "64Gi"})
    found = plan_of(problem)
    assert found
    rows = rows_of(Solution(tuple(found.on_node), (), 0, 0, 0))
    options, nodes, counts = rows.T
    mine = problem.option_model[options] == problem.option_model[problem.requests[:, 0].argmax()]
    placed = int(counts[mine].sum())
    match limit:
        case "per node":
            assert (placed, int(counts[mine].max())) == (200, 1)
        case "per zone":
            zones = np.bincount(problem.node_zone[nodes[mine]], counts[mine])
            assert (placed, zones.max() <= 80) == (200, True)
        case "tier":
            assert placed == 100
        case _:
            assert placed >= 40  # two on a node of their own pay half a dollar each
            assert list(found.over_cost_limit()) == []


@pytest.mark.parametrize(
    "demand",
    [big("few", "5", "1Gi", 1), big("small", "500m", "1Gi", 900)],
    ids=["few nodes", "small replicas"],
)
def test_no_patterns_are_made_where_they_promise_little(demand: Demand) -> None:
    nodes = 5 if demand.replicas == 1 else 310
    assert plan_of(problem_of([demand], nodes, allocatable={"cpu": "12", "memory": "64Gi"})) is None


@pytest.mark.parametrize("seed", [1, 2])
def test_with_patterns_a_plan_for_big_replicas_is_cheaper_and_rejects_no_more(seed: int) -> None:
    made = few_big("medium", seed)
    problem = build(made.demands, made.snapshot, MOVE_COST).problem
    found, without = solve(problem, Limits()), solve(problem, WITHOUT)
    assert found.rejection_penalty <= without.rejection_penalty
    assert found.objective < without.objective
    assert found.lower_bound == pytest.approx(without.lower_bound)
    score(problem, rows_of(found))  # raises when a requirement is broken


def test_the_order_of_nodes_and_models_does_not_change_a_plan_by_patterns() -> None:
    made = few_big("medium")
    demands, nodes = list(made.demands), list(made.snapshot.nodes)
    found = optimise(demands, Snapshot(tuple(nodes)))
    Random(1).shuffle(demands)  # noqa: S311  nothing is to be kept secret
    Random(2).shuffle(nodes)  # noqa: S311
    assert optimise(demands, Snapshot(tuple(nodes))) == found


def test_nothing_moves_once_a_plan_by_patterns_is_in_place() -> None:
    settled = settle(few_big("medium"))
    assert len(settled.snapshot.pods) > 600
    found = optimise(settled.demands, settled.snapshot)
    assert (found.moves, found.misplaced, found.surplus) == ((), (), ())
