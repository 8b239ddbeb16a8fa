"""How the optimiser finds nodes and how it avoids to look: the answers are those of looking everywhere."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from dev.instances import from_scratch, rebalance
from tests.support.builders import make_demand, make_edge_node, make_node, make_variant

from fogline.names import ModelKey
from fogline.placement.optimiser import MOVE_COST
from fogline.placement.optimiser.build import build
from fogline.placement.optimiser.highs import run
from fogline.placement.optimiser.insertion import insert_missing
from fogline.placement.optimiser.master import Columns, make_solver, number_rows
from fogline.placement.optimiser.problem import Problem
from fogline.placement.optimiser.relaxation import cheapest_pairs, guide_at_full_nodes
from fogline.placement.optimiser.search import improve
from fogline.placement.optimiser.solve import keep
from fogline.placement.optimiser.start import begin
from fogline.placement.optimiser.state import State
from fogline.snapshot import Snapshot

SEEDS = range(1, 7)


def state_of(seed: int) -> tuple[State, Random]:
    """Make a plan for 15 nodes in which some replicas have left their node."""
    found, random = rebalance("tiny", seed), Random(seed)  # noqa: S311  nothing is to be kept secret
    state = keep(build(found.demands, found.snapshot, MOVE_COST).problem)
    take_some(state, random)
    return state, random


def take_some(state: State, random: Random) -> None:
    """Take every third replica off its node."""
    for node, held in enumerate(state.on_node):
        for option in sorted(held):
            if random.random() < 1 / 3 and state.may_remove(option, node):
                state.remove(option, node)


def plainly(state: State, option: int, but: int = -1) -> float | None:
    """Find what one more replica adds at least, by looking at each node on its own."""
    problem = state.problem
    costs = []
    for node in range(problem.nodes):
        if node != but and state.takes(option, node):
            kind = problem.node_class[node]
            cost = float(problem.cost[option, kind])
            cost += 0.0 if state.ours[node] else float(problem.class_price[kind])
            is_back = state.on_node[node][option] < state.in_place(option, node)
            costs.append(cost - problem.standing.move_cost * is_back)
    return min(costs, default=None)


def found_cost(found: tuple[int, float] | None) -> object:
    return None if found is None else pytest.approx(found[1])


@pytest.mark.parametrize("seed", SEEDS)
def test_no_node_is_cheaper_than_the_one_that_is_found(seed: int) -> None:
    state, _ = state_of(seed)
    for option in range(len(state.problem.option_group)):
        best = plainly(state, option)
        assert found_cost(state.find(option)) == best
        if best is not None:
            assert state.find(option, below=best - 1e-6) is None
            assert state.find(option, below=best + 1e-6) is not None


@pytest.mark.parametrize("seed", SEEDS)
def test_a_replica_that_would_leave_finds_what_it_finds_once_it_has_left(seed: int) -> None:
    state, _ = state_of(seed)
    standing = [(option, node) for node, held in enumerate(state.on_node) for option in sorted(held)]
    assert standing
    for option, node in standing:
        before = state.find(option, leaving=node)
        state.remove(option, node)
        assert found_cost(before) == plainly(state, option, but=node)
        state.add(option, node)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_gets_better_is_found_among_what_changed_since(seed: int) -> None:
    state, random = state_of(seed)
    options, since = range(len(state.problem.option_group)), state.changes.clock
    before = [state.find(option) for option in options]
    assert all(state.find(option, since=since) in {None, before[option]} for option in options)
    take_some(state, random)
    improved = 0
    for option in options:
        now, earlier = state.find(option), before[option]
        if now and (earlier is None or now[1] < earlier[1] - 1e-9):
            assert found_cost(state.find(option, since=since)) == now[1]
            improved += 1
    assert improved


def test_a_place_that_another_replica_leaves_late_is_taken_in_the_end() -> None:
    variant = make_variant("edge", "Edge", requests={"cpu": "3"})
    held, leaves = (
        replace(make_demand(variants=[variant]), model=ModelKey("default", name), node_selector=selector)
        for name, selector in (("held", {"site": "here"}), ("leaves", {}))
    )
    nodes = (
        make_edge_node("a", cost="3", labels={"site": "here"}),
        make_edge_node("b", cost="2", labels={"site": "here"}),
        make_edge_node("c", cost="1"),
    )
    state = State(build([held, leaves], Snapshot(nodes), MOVE_COST).problem, in_place=False)
    state.add(0, 0)
    state.add(1, 1)
    improve(state, 100)
    assert [sorted(there) for there in state.on_node] == [[], [0], [1]]


def alike(models: int, nodes: int, **room: str) -> Problem:
    """Ask for many models of one little replica."""
    variant = make_variant("cloud", "Cloud", requests={"cpu": "1", "memory": "1Gi"})
    one = make_demand(variants=[variant])
    demands = [replace(one, model=ModelKey("default", f"m{number:04}")) for number in range(models)]
    found = [make_node(f"n{number}", cost=f"{number + 1}", allocatable=room) for number in range(nodes)]
    return build(demands, Snapshot(tuple(found)), MOVE_COST).problem


def relaxed_value(problem: Problem, *, begun: bool) -> tuple[float, int]:
    """Solve the relaxed problem once; give its value and the steps that it took."""
    rows, guide = number_rows(problem, linked=False), guide_at_full_nodes(problem)
    solver, columns = make_solver(problem, rows), Columns(problem, rows)
    columns.add(solver, cheapest_pairs(problem, guide, 8))
    if begun:
        begin(problem, rows, columns, solver, guide)
    run(solver)
    return solver.getInfo().objective_function_value, solver.getInfo().simplex_iteration_count


@pytest.mark.parametrize("seed", SEEDS)
def test_where_the_relaxed_problem_starts_changes_nothing_but_the_steps(seed: int) -> None:
    found = rebalance("tiny", seed) if seed % 2 else from_scratch("tiny", seed)
    problem = build(found.demands, found.snapshot, MOVE_COST).problem
    (value, steps), (plain, more) = relaxed_value(problem, begun=True), relaxed_value(problem, begun=False)
    assert value == pytest.approx(plain)
    assert steps < more


def test_hundreds_of_models_that_are_alike_are_all_but_solved_at_the_start() -> None:
    value, steps = relaxed_value(alike(500, 8, cpu="64", memory="256Gi", pods="500"), begun=True)
    assert value == pytest.approx(1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 * (500 - 7 * 64) / 64)
    assert steps <= 50


def test_nobody_moves_twice_in_vain_for_models_that_are_alike() -> None:
    problem = alike(400, 4, cpu="50", memory="256Gi", pods="500")
    state = State(problem, in_place=False)
    insert_missing(state)
    assert state.missing.sum() == 200
    before = state.finds
    improve(state, 1_000_000)
    assert state.missing.sum() == 200
    assert state.finds - before < 5 * 400
    assert np.array_equal(state.ours, np.full(4, 50))
