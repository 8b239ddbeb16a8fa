"""Where the relaxed problem starts: a solution by a rule of thumb that the simplex method can go on from.

Each group takes its cheapest columns as far as there is room, and what finds none is rejected. A column that
is cut off by a full node class becomes basic in place of the row that is full; the last column of a group in
place of the row of the group. So each basic column is settled by one row when those before it are known, and
together they are a basis.
"""

import numpy as np
from highspy import _core

from fogline.placement.optimiser.insertion import order_of_groups
from fogline.placement.optimiser.master import Columns, Rows
from fogline.placement.optimiser.problem import Floats, Problem

_BASIC = _core.HighsBasisStatus.kBasic
_LOWER = _core.HighsBasisStatus.kLower
_UPPER = _core.HighsBasisStatus.kUpper
_NOTHING = 1e-9
"""Replicas that are none."""


def begin(problem: Problem, rows: Rows, columns: Columns, solver: _core._Highs, guide: Floats) -> None:
    """Tell the solver where to start from. Rows that link pairs to open nodes are not known here.

    Parameters
    ----------
    guide
        Options x classes: US dollars per hour, what to go by.

    Raises
    ------
    RuntimeError
        The solver takes it for no basis.
    """
    start = _Start(problem, rows, columns)
    start.fill(guide)
    basis = _core.HighsBasis()
    basis.col_status, basis.row_status = start.columns, start.rows
    basis.valid, basis.alien = True, False
    if solver.setBasis(basis) == _core.HighsStatus.kError:
        message = "HiGHS refuses the solution to start from"
        raise RuntimeError(message)


class _Start:
    """What is basic and what is at a bound, for the columns and rows of the solver."""

    def __init__(self, problem: Problem, rows: Rows, columns: Columns) -> None:
        self._problem, self._numbers = problem, rows
        self._options, self._classes = columns.pairs()
        self._first = columns.start
        self._shares = problem.requests[self._options] / problem.whole_room[self._classes]
        self._most = problem.most[self._options, self._classes].astype(np.float64)
        self.columns = [_LOWER] * (columns.start + len(self._options))
        self.rows = [_BASIC] * rows.total
        there = rows.capacity >= 0
        self._room = np.where(there, problem.class_size[:, None].astype(np.float64), np.inf)
        """Classes x resources: whole nodes' worth of the resource."""
        self._is_full = [False] * len(there)
        self._tier_left = problem.tier_left.astype(np.float64)
        self._cost_left = problem.cost_left.copy()

    def fill(self, guide: Floats) -> None:
        """Give each group its columns, in the order in which replicas are placed otherwise."""
        problem = self._problem
        groups = problem.option_group[self._options]
        order = np.lexsort((guide[self._options, self._classes], groups))
        starts = np.searchsorted(groups[order], np.arange(len(problem.group_replicas) + 1)).tolist()
        for group in order_of_groups(problem).tolist():
            self.rows[group] = _LOWER
            left = float(problem.group_replicas[group])
            for column in order[starts[group] : starts[group + 1]].tolist():
                left -= self._take(group, column, left)
                if left <= _NOTHING:
                    break
            else:
                self.columns[group] = _BASIC
        self._open_nodes()

    def _take(self, group: int, column: int, wanted: float) -> float:
        """Give a column what its class has room for; tell how many replicas that are."""
        kind, shares, number = int(self._classes[column]), self._shares[column], self._first + column
        amount = min(wanted, float(self._most[column]))
        room = self._room[kind]
        needs = shares > 0
        fits = np.divide(room, shares, out=np.full(len(shares), np.inf), where=needs)
        scarcest = int(fits.argmin())
        is_cut = bool(fits[scarcest] <= amount)
        amount = min(amount, float(fits[scarcest]))
        if self._is_full[kind] or amount <= _NOTHING or not self._is_allowed(column, amount):
            return 0.0
        room -= amount * shares
        if is_cut:
            self._is_full[kind] = True
            self.rows[self._numbers.capacity[kind, scarcest]] = _UPPER
        self.columns[number] = _BASIC if is_cut or amount == wanted else _UPPER
        if is_cut and amount >= wanted - _NOTHING:
            self.columns[group] = _BASIC  # none is rejected, but the row of the group is still to be settled
        return amount

    def _is_allowed(self, column: int, amount: float) -> bool:
        """Take an amount off the limits of its model if they are not used up by it."""
        option, kind = int(self._options[column]), int(self._classes[column])
        model, tier = int(self._problem.option_model[option]), int(self._problem.class_tier[kind])
        cost = amount * float(self._problem.share_cost[option, kind])
        if amount > self._tier_left[model, tier] or cost > self._cost_left[model]:
            return False
        self._tier_left[model, tier] -= amount
        self._cost_left[model] -= cost
        return True

    def _open_nodes(self) -> None:
        """Open as many nodes as the fullest resource of each class needs."""
        problem, rows = self._problem, self._numbers.capacity
        used = np.where(rows >= 0, problem.class_size[:, None] - self._room, -1.0)
        number = len(problem.group_replicas)
        for kind in np.flatnonzero(problem.opening_price > 0).tolist():
            if self._is_full[kind]:
                self.columns[number] = _UPPER
            elif used[kind].max(initial=0) > 0:
                self.columns[number] = _BASIC
                self.rows[rows[kind, int(used[kind].argmax())]] = _UPPER
            number += 1
