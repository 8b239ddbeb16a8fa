"""The linear program of the relaxed problem as the solver knows it: rows first, pairs as they come."""

from dataclasses import dataclass

import numpy as np
from highspy import _core

from fogline.placement.optimiser.prices import Prices
from fogline.placement.optimiser.problem import NO_LIMIT, Bools, Floats, Ints, Problem


@dataclass(frozen=True, slots=True)
class Rows:
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


class Columns:
    """The columns of the pairs that the solver knows, in its order."""

    def __init__(self, problem: Problem, rows: Rows) -> None:
        self._problem, self._rows = problem, rows
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
            share = problem.requests[options, resource] / problem.whole_room[classes, resource]
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
            problem.most[options, classes].astype(np.float64),
            int(there.sum()),
            starts,
            index[there].astype(np.int32),
            value[there],
        )


def number_rows(problem: Problem, *, linked: bool) -> Rows:
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
    return Rows(capacity, tier, cost, link, int(max(start, link.max(initial=-1) + 1)))


def make_solver(problem: Problem, rows: Rows) -> _core._Highs:
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
    upper[rows.tier[rows.tier >= 0]] = problem.tier_left[rows.tier >= 0]
    upper[rows.cost[rows.cost >= 0]] = problem.cost_left[rows.cost >= 0]
    nothing = np.array([], dtype=np.int32)
    solver.addRows(rows.total, lower, upper, 0, np.zeros(rows.total, np.int32), nothing, np.array([]))
    groups = np.arange(len(wanted), dtype=np.int32)
    solver.addCols(
        len(wanted), problem.group_penalty, np.zeros(len(wanted)), wanted, len(wanted), groups, groups,
        np.ones(len(wanted)),
    )  # fmt: skip
    linked, per_node = rows.link >= 0, problem.per_open_node.astype(np.float64)
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


def prices_of(rows: Rows, duals: Floats) -> Prices:
    """Read the prices of the rows from their dual values."""

    def of(numbers: Ints) -> Floats:
        return np.where(numbers >= 0, np.maximum(-duals[numbers], 0.0), 0.0)

    return Prices(of(rows.capacity), of(rows.tier), of(rows.cost), of(rows.link))
