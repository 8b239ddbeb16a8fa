"""The steps of the optimiser that decide in whole numbers: each keeps what it promises on its own."""

from random import Random

import numpy as np
import pytest
from dev.instances import from_scratch, rebalance

from fogline.placement.limits import Limits, Neighbourhoods
from fogline.placement.optimiser import MOVE_COST
from fogline.placement.optimiser.build import build
from fogline.placement.optimiser.insertion import insert_missing
from fogline.placement.optimiser.neighbourhood import decide_anew
from fogline.placement.optimiser.problem import Problem
from fogline.placement.optimiser.settle import settle
from fogline.placement.optimiser.solve import objective, solve
from fogline.placement.optimiser.state import State

SEEDS = range(1, 5)


def problem_of(seed: int, *, in_place: bool = False) -> Problem:
    """Make a problem of 15 nodes."""
    found = rebalance("tiny", seed) if in_place else from_scratch("tiny", seed)
    return build(found.demands, found.snapshot, MOVE_COST).problem


def moves(problem: Problem, state: State) -> int:
    """Count replicas that leave their node."""
    return sum(
        max(count - state.on_node[node][option], 0)
        for option, node, count in problem.standing.movable.tolist()
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_the_plan_of_a_small_cluster_is_proven_to_be_within_one_percent(seed: int) -> None:
    found = solve(problem_of(seed), Limits())
    assert found.objective - found.lower_bound < 0.01 * (found.objective - found.rejection_penalty)


def test_the_plan_of_150_nodes_is_proven_to_be_within_one_and_a_half_percent() -> None:
    found = from_scratch("small")
    plan = solve(build(found.demands, found.snapshot, MOVE_COST).problem, Limits())
    assert plan.objective - plan.lower_bound < 0.015 * (plan.lower_bound - plan.rejection_penalty)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_neighbourhood_decided_anew_never_costs_more_than_before(seed: int) -> None:
    problem, random = problem_of(seed), Random(seed)  # noqa: S311  nothing is to be kept secret
    state = State(problem, in_place=False)
    insert_missing(state)
    missing, improved = np.flatnonzero(state.missing[problem.option_group] > 0), 0
    for _ in range(6):
        before = objective(problem, state)
        nodes = np.array(sorted(random.sample(range(problem.nodes), 5)), dtype=np.int64)
        is_better = decide_anew(state, nodes, missing, beside=True)
        assert (objective(problem, state) < before) if is_better else objective(problem, state) == before
        improved += is_better
    assert improved


@pytest.mark.parametrize("seed", SEEDS)
def test_swapping_what_is_on_equal_nodes_keeps_the_cost_and_adds_no_move(seed: int) -> None:
    problem = problem_of(seed, in_place=True)
    state = State(problem, in_place=False)
    insert_missing(state)
    cost, left = objective(problem, state), moves(problem, state)
    settle(state)
    assert objective(problem, state) == pytest.approx(cost)
    assert moves(problem, state) <= left


def test_more_neighbourhoods_never_make_a_plan_worse() -> None:
    found = from_scratch("small")
    problem = build(found.demands, found.snapshot, MOVE_COST).problem
    few = solve(problem, Limits(neighbourhoods=Neighbourhoods(number=0)))
    more = solve(problem, Limits(neighbourhoods=Neighbourhoods(number=3)))
    assert more.objective <= few.objective + 1e-6


def test_a_plan_is_made_better_until_it_is_good_enough() -> None:
    found = from_scratch("medium")
    problem = build(found.demands, found.snapshot, MOVE_COST).problem
    early, late = solve(problem, Limits()), solve(problem, Limits(good_enough=0))
    operating = early.lower_bound - early.rejection_penalty
    assert late.objective < early.objective <= early.lower_bound + 0.03 * operating
    assert sum(early.missing) == sum(late.missing)
