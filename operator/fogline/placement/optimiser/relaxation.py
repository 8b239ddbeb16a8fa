"""The relaxed problem, whole nodes and whole replicas set aside: a linear program over classes of nodes.

Its value is a lower bound of what any plan costs; its solution and its prices guide the plan. Zones and the
way the price of a node counts against a cost limit are left out, which can only lower the bound.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from highspy import _core

from fogline.placement.optimiser.problem import NO_LIMIT, Bools, Floats, Ints, Problem

_PER_GROUP = 6
"""Columns that a round adds for one group at most."""
_CHEAPEST = 8
"""Columns that each group starts with."""
_CLOSE_ENOUGH = 2e-4
"""Share of the cost without rejections that the bound may lack when the rounds end."""
_TOLERANCE = 1e-7


@dataclass(frozen=True, slots=True)
class Work:
    """How much the relaxation may do. Counted, so that the answer does not depend on the machine."""

    rounds: int = 60
    simplex_steps: int = 400_000


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


@dataclass(frozen=True, slots=True)
class _Rows:
    """Where each kind of row starts, and which there are."""

    capacity: Ints
    """Classes x resources: the row, -1 for none."""
    tier: Ints
    """Models x tiers."""
    cost: Ints
    """Models."""
    link: Ints
    """Options x classes: no more replicas than the open nodes of the class take; -1 where not linked."""
    total: int


@dataclass(frozen=True, slots=True)
class _Prices:
    """What one more unit costs, all 0 or above."""

    capacity: Floats
    """Classes x resources: of one whole node's worth of the resource."""
    tier: Floats
    cost: Floats
    link: Floats
    """Options x classes: of one more replica that open nodes could take."""


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
    rows = _rows(problem, linked=linked)
    room = np.where(problem.class_capacity > 0, problem.class_capacity, 1.0)
    most = _most(problem)
    usable = most > 0
    solver = _solver(problem, rows)
    known = np.zeros(usable.shape, dtype=bool)
    first = _cheapest(problem, usable, room)
    for option, group in seed:
        first[option, group] = usable[option, group]
    columns = _Columns(problem, rows, room, most)
    columns.add(solver, first & ~known)
    known |= first
    best, steps = -np.inf, 0
    prices = _prices(rows, np.zeros(rows.total))
    guide = _guide(problem, room, prices)
    for _ in range(work.rounds):
        solver.setOptionValue("simplex_iteration_limit", max(work.simplex_steps - steps, 0))
        solver.run()
        info = solver.getInfo()
        steps += max(info.simplex_iteration_count, 0)
        duals = np.array(solver.getSolution().row_dual)
        now = _prices(rows, duals)
        now_guide = _guide(problem, room, now)
        bound = _bound(problem, now, now_guide, most)
        if bound > best:
            best, guide = bound, now_guide
        value = info.objective_function_value
        rejected = np.array(solver.getSolution().col_value[: len(problem.group_penalty)])
        operating = value - float(rejected @ problem.group_penalty)
        if value - best <= _CLOSE_ENOUGH * max(operating, 0.0) or steps >= work.simplex_steps:
            break
        gain = now_guide - duals[problem.option_group][:, None]
        fresh = _most_promising(np.where(usable & ~known, gain, 0.0))
        if not fresh.any():
            break
        columns.add(solver, fresh)
        known |= fresh
    options, classes = columns.pairs()
    values = np.array(solver.getSolution().col_value)[columns.start :]
    used = values > _TOLERANCE
    return Relaxation(best, options[used], classes[used], values[used], guide)


class _Columns:
    """The columns of the pairs that the solver knows, in its order."""

    def __init__(self, problem: Problem, rows: _Rows, room: Floats, most: Floats) -> None:
        self._problem, self._rows, self._room, self._most = problem, rows, room, most
        self._added: list[tuple[Ints, Ints]] = []
        self.start = len(problem.group_replicas) + int((problem.opening_price > 0).sum())
        """Number of the columns before those of pairs."""

    def pairs(self) -> tuple[Ints, Ints]:
        """Give option and class of each column."""
        options = [options for options, _ in self._added]
        classes = [classes for _, classes in self._added]
        return np.concatenate(options), np.concatenate(classes)

    def add(self, solver: _core._Highs, chosen: Bools) -> None:
        """Add the columns of these pairs."""
        problem, rows = self._problem, self._rows
        options, classes = (part.astype(np.int64) for part in np.nonzero(chosen))
        self._added.append((options, classes))
        models, tiers = problem.option_model[options], problem.class_tier[classes]
        parts = [(problem.option_group[options], np.ones(len(options)))]
        for resource in range(problem.requests.shape[1]):
            share = problem.requests[options, resource] / self._room[classes, resource]
            parts.append((rows.capacity[classes, resource], share))
        parts.append((rows.tier[models, tiers], np.ones(len(options))))
        parts.append((rows.cost[models], problem.share_cost[options, classes]))
        parts.append((rows.link[options, classes], np.ones(len(options))))
        index = np.stack([row for row, _ in parts], axis=1)
        value = np.stack([amount for _, amount in parts], axis=1)
        there = (index >= 0) & (value > 0)
        starts = np.concatenate([[0], np.cumsum(there.sum(axis=1))[:-1]]).astype(np.int32)
        solver.addCols(
            len(options),
            problem.cost[options, classes],
            np.zeros(len(options)),
            self._most[options, classes],
            int(there.sum()),
            starts,
            index[there].astype(np.int32),
            value[there],
        )


def _rows(problem: Problem, *, linked: bool) -> _Rows:
    """Give each row a number, those of demand groups first."""
    start = len(problem.group_replicas)
    capacity = np.full(problem.class_capacity.shape, -1, dtype=np.int64)
    there = problem.class_capacity > 0
    capacity[there] = start + np.arange(there.sum())
    start += int(there.sum())
    tier = np.full(problem.limits.per_tier.shape, -1, dtype=np.int64)
    there = problem.limits.per_tier < NO_LIMIT
    tier[there] = start + np.arange(there.sum())
    start += int(there.sum())
    cost = np.full(problem.models, -1, dtype=np.int64)
    there = np.isfinite(problem.limits.cost_per_hour)
    cost[there] = start + np.arange(there.sum())
    start += int(there.sum())
    link = np.full(problem.feasible.shape, -1, dtype=np.int64)
    there = (problem.fit > 0) & (problem.opening_price > 0)
    if linked:
        link[there] = start + np.arange(there.sum())
    return _Rows(capacity, tier, cost, link, int(max(start, link.max(initial=-1) + 1)))


def _solver(problem: Problem, rows: _Rows) -> _core._Highs:
    """Make a solver that knows all rows, the rejections and the nodes, but no pair yet."""
    solver = _core._Highs()  # noqa: SLF001  the public class prints a banner when it is made
    for option, value in (
        ("output_flag", False),
        ("presolve", "off"),
        ("solver", "simplex"),
        ("simplex_strategy", 4),  # primal: new columns leave the last solution feasible
        ("threads", 1),
        ("random_seed", 1),
    ):
        solver.setOptionValue(option, value)
    lower, upper = np.full(rows.total, -np.inf), np.zeros(rows.total)
    wanted = problem.group_replicas.astype(np.float64)
    lower[: len(wanted)] = upper[: len(wanted)] = wanted
    priced = problem.opening_price > 0
    sizes = np.where(priced, 0, problem.class_size).astype(np.float64)
    there = rows.capacity >= 0
    upper[rows.capacity[there]] = np.broadcast_to(sizes[:, None], there.shape)[there]
    tier_left, cost_left = _left(problem)
    upper[rows.tier[rows.tier >= 0]] = tier_left[rows.tier >= 0]
    upper[rows.cost[rows.cost >= 0]] = cost_left[rows.cost >= 0]
    nothing = np.array([], dtype=np.int32)
    solver.addRows(rows.total, lower, upper, 0, np.zeros(rows.total, np.int32), nothing, np.array([]))
    groups = np.arange(len(wanted), dtype=np.int32)
    solver.addCols(
        len(wanted), problem.group_penalty, np.zeros(len(wanted)), wanted, len(wanted), groups, groups,
        np.ones(len(wanted)),
    )  # fmt: skip
    linked, per_node = rows.link >= 0, _per_open_node(problem)
    open_rows, offers = [], [np.array([])]
    for number in np.flatnonzero(priced).tolist():
        own = rows.capacity[number][there[number]]
        open_rows.append(np.concatenate([own, rows.link[linked[:, number], number]]))
        offers += [np.full(len(own), -1.0), -per_node[linked[:, number], number]]
    lengths = np.array([len(one) for one in open_rows], dtype=np.int64)
    index = np.concatenate([nothing, *open_rows]).astype(np.int32)
    solver.addCols(
        len(open_rows), problem.opening_price[priced], np.zeros(len(open_rows)),
        problem.class_size[priced].astype(np.float64), len(index),
        (np.cumsum(lengths) - lengths).astype(np.int32), index, np.concatenate(offers),
    )  # fmt: skip
    return solver


def _left(problem: Problem) -> tuple[Floats, Floats]:
    """Give what the replicas that nothing moves leave of the limits per tier and of the cost limits."""
    standing, limits = problem.standing, problem.limits
    node_tier = problem.class_tier[problem.node_class]
    held = np.stack(
        [standing.replicas[:, node_tier == tier].sum(axis=1) for tier in range(limits.per_tier.shape[1])],
        axis=1,
    )
    tiers = np.maximum(limits.per_tier - held, 0).astype(np.float64)
    return tiers, np.maximum(limits.cost_per_hour - standing.share_cost_per_hour, 0.0)


def _per_open_node(problem: Problem) -> Floats:
    """Options x classes: replicas of one option that an open node takes at most."""
    wanted = problem.group_replicas[problem.option_group][:, None]
    return np.minimum(problem.fit, wanted).astype(np.float64)


def _most(problem: Problem) -> Floats:
    """Options x classes: replicas that all nodes of the class take of one option."""
    sizes = np.minimum(problem.fit, problem.group_replicas[problem.option_group][:, None])
    return np.minimum(
        sizes * problem.class_size[None, :], problem.group_replicas[problem.option_group][:, None]
    ).astype(np.float64)


def _cheapest(problem: Problem, usable: Bools, room: Floats) -> Bools:
    """Choose the pairs that are cheapest for each option when it pays its share of the node."""
    share = np.zeros(usable.shape)
    for resource in range(problem.requests.shape[1]):
        share = np.maximum(share, problem.requests[:, resource, None] / room[None, :, resource])
    price = problem.cost + problem.opening_price[None, :] * share
    price = np.where(usable, price, np.inf)
    order = np.argsort(price, axis=1, kind="stable")[:, :_CHEAPEST]
    chosen = np.zeros(usable.shape, dtype=bool)
    np.put_along_axis(chosen, order, values=True, axis=1)
    return chosen & usable


def _most_promising(gain: Floats) -> Bools:
    """Choose the pairs that lower the cost most, a few per option."""
    order = np.argsort(gain, axis=1, kind="stable")[:, :_PER_GROUP]
    chosen = np.zeros(gain.shape, dtype=bool)
    np.put_along_axis(chosen, order, values=True, axis=1)
    return chosen & (gain < -_TOLERANCE)


def _prices(rows: _Rows, duals: Floats) -> _Prices:
    def of(numbers: Ints) -> Floats:
        return np.where(numbers >= 0, np.maximum(-duals[numbers], 0.0), 0.0)

    return _Prices(of(rows.capacity), of(rows.tier), of(rows.cost), of(rows.link))


def _guide(problem: Problem, room: Floats, prices: _Prices) -> Floats:
    guide = problem.cost + prices.link + problem.requests @ (prices.capacity / room).T
    guide += prices.tier[problem.option_model][:, problem.class_tier]
    return guide + prices.cost[problem.option_model][:, None] * problem.share_cost


def _bound(problem: Problem, prices: _Prices, guide: Floats, most: Floats) -> float:
    """Give the Lagrangian bound: whatever the prices are, no plan costs less.

    Each group takes its cheapest places at these prices, as many replicas as each class can take, and rejects
    when that is cheaper; each class opens when its price is below what its room is worth.
    """
    sizes = problem.class_size.astype(np.float64)
    worth = prices.capacity.sum(axis=1) + (prices.link * _per_open_node(problem)).sum(axis=0)
    priced = problem.opening_price > 0
    rooms = np.where(priced, np.minimum(problem.opening_price - worth, 0.0), -worth) * sizes
    tier_left, cost_left = _left(problem)
    limited = problem.limits.per_tier < NO_LIMIT
    capped = np.isfinite(problem.limits.cost_per_hour)
    total = float(rooms.sum())
    total -= float((prices.tier * np.where(limited, tier_left, 0)).sum())
    total -= float((prices.cost[capped] * cost_left[capped]).sum())
    return total + _cheapest_places(problem, guide, most)


def _cheapest_places(problem: Problem, guide: Floats, most: Floats) -> float:
    total = 0.0
    starts = np.searchsorted(problem.option_group, np.arange(len(problem.group_replicas) + 1))
    for group, wanted in enumerate(problem.group_replicas):
        costs = guide[starts[group] : starts[group + 1]].ravel()
        room = most[starts[group] : starts[group + 1]].ravel()
        penalty = problem.group_penalty[group]
        worthy = np.flatnonzero((room > 0) & (costs < penalty))
        order = worthy[np.argsort(costs[worthy], kind="stable")]
        before = np.concatenate([[0.0], np.cumsum(room[order])])
        taken = np.clip(wanted - before[:-1], 0.0, room[order])
        total += float(costs[order] @ taken) + float(penalty * (wanted - taken.sum()))
    return total
