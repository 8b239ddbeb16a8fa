"""The relaxed problem, whole nodes and whole replicas set aside: a linear program over classes of nodes.

Its value is a lower bound of what any plan costs; its solution and its prices guide the plan. Zones and the
way the price of a node counts against a cost limit are left out, which can only lower the bound.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fogline.placement.limits import Work
from fogline.placement.optimiser.highs import run
from fogline.placement.optimiser.master import Columns, make_solver, number_rows, prices_of
from fogline.placement.optimiser.prices import guide_of, lower_bound
from fogline.placement.optimiser.problem import Bools, Floats, Ints, Problem
from fogline.placement.optimiser.start import begin

_PER_OPTION = 6
"""Columns that a round adds for one option at most."""
_CHEAPEST = 8
"""Columns that each option starts with."""
_CLOSE_ENOUGH = 2e-4
"""Share of the cost without rejections that the bound may lack when the rounds end."""
_TOLERANCE = 1e-7


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What the relaxed problem says."""

    lower_bound: float
    """US dollars per hour, penalties of rejections included."""
    options: Ints
    classes: Ints
    amounts: Floats
    """Replicas of each option on each class, not whole."""
    guide: Floats
    """Options x classes: US dollars per hour for one replica, what it takes of a node valued at its price."""
    worth: Floats
    """Per group: US dollars per hour that one more replica adds."""


def relax(
    problem: Problem, seed: Iterable[tuple[int, int]], work: Work, *, linked: bool = False
) -> Relaxation:
    """Solve the relaxed problem by column generation.

    Parameters
    ----------
    seed
        Pairs of option and class that some plan uses.
    linked
        Also bind each option to the nodes that are open: a tighter bound, but slow on large problems, and
        prices that guide less well.
    """
    rows = number_rows(problem, linked=linked)
    usable = problem.most > 0
    solver = make_solver(problem, rows)
    known = np.zeros(usable.shape, dtype=bool)
    guide = guide_at_full_nodes(problem)
    fresh = cheapest_pairs(problem, guide, _CHEAPEST)
    for option, kind in seed:
        fresh[option, kind] = usable[option, kind]
    columns = Columns(problem, rows)
    columns.add(solver, fresh)
    known |= fresh
    if not linked:
        begin(problem, rows, columns, solver, guide)
    best, steps = -np.inf, 0
    duals = np.zeros(rows.total)
    for _ in range(work.rounds):
        solver.setOptionValue("simplex_iteration_limit", max(work.simplex_steps - steps, 0))
        run(solver)
        info = solver.getInfo()
        steps += max(info.simplex_iteration_count, 0)
        duals = np.array(solver.getSolution().row_dual)
        prices = prices_of(rows, duals)
        now = guide_of(problem, prices)
        bound = lower_bound(problem, prices, now)
        if bound > best:
            best, guide = bound, now
        value = info.objective_function_value
        rejected = np.array(solver.getSolution().col_value[: len(problem.group_penalty)])
        operating = value - float(rejected @ problem.group_penalty)
        if value - best <= _CLOSE_ENOUGH * max(operating, 0.0) or steps >= work.simplex_steps:
            break
        gain = now - duals[problem.option_group][:, None]
        fresh = _most_promising(np.where(usable & ~known, gain, 0.0))
        if not fresh.any():
            break
        columns.add(solver, fresh)
        known |= fresh
    options, classes = columns.pairs()
    values = np.array(solver.getSolution().col_value)[columns.start :]
    used = values > _TOLERANCE
    worth = duals[: len(problem.group_penalty)]
    return Relaxation(best, options[used], classes[used], values[used], guide, worth)


def guide_at_full_nodes(problem: Problem) -> Floats:
    """Give what one replica costs per option and class when it pays its share of a node that gets full."""
    share = np.zeros(problem.feasible.shape)
    for resource in range(problem.requests.shape[1]):
        share = np.maximum(share, problem.requests[:, resource, None] / problem.whole_room[None, :, resource])
    price: Floats = problem.cost + problem.opening_price[None, :] * share
    return price


def cheapest_pairs(problem: Problem, guide: Floats, per_option: int) -> Bools:
    """Choose the classes that are cheapest for each option."""
    usable = problem.most > 0
    order = np.argsort(np.where(usable, guide, np.inf), axis=1, kind="stable")[:, :per_option]
    chosen = np.zeros(usable.shape, dtype=bool)
    np.put_along_axis(chosen, order, values=True, axis=1)
    return chosen & usable


def _most_promising(gain: Floats) -> Bools:
    """Choose the pairs that lower the cost most, a few per option."""
    order = np.argsort(gain, axis=1, kind="stable")[:, :_PER_OPTION]
    chosen = np.zeros(gain.shape, dtype=bool)
    np.put_along_axis(chosen, order, values=True, axis=1)
    return chosen & (gain < -_TOLERANCE)
