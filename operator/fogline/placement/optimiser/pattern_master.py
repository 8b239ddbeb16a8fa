"""The linear program over patterns as the solver knows it: how many nodes of each class get which pattern."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from highspy import _core

from fogline.placement.optimiser.highs import run
from fogline.placement.optimiser.patterns import Pattern
from fogline.placement.optimiser.problem import NO_LIMIT, Bools, Floats, Ints, Problem


@dataclass(frozen=True, slots=True)
class Values:
    """What one more unit is worth, all 0 or above."""

    group: Floats
    """Of one more replica of each group, at most the penalty of a rejection."""
    tier: Floats
    """Models x tiers: of one more replica that may be there."""
    cost: Floats
    """Per model: of one more US dollar per hour that may be spent on shares."""

    def of_replicas(self, problem: Problem) -> Floats:
        """Give options x classes: US dollars per hour that a replica is worth; 0 where it may not run."""
        worth = self.group[problem.option_group][:, None] - problem.cost
        worth -= self.tier[problem.option_model][:, problem.class_tier]
        worth -= self.cost[problem.option_model][:, None] * problem.share_cost
        return np.where(problem.fit > 0, worth, 0.0)


class PatternMaster:
    """The program. Rows: groups, classes, tiers and costs of models that are limited there."""

    def __init__(self, problem: Problem, rejection: Floats) -> None:
        """Start without a pattern.

        Parameters
        ----------
        rejection
            Per group: US dollars per hour that a replica left out counts for.
        """
        self.patterns: list[Pattern] = []
        self._problem, self._known = problem, set[Pattern]()
        groups, limits = len(problem.group_replicas), problem.limits
        self._classes = groups
        start = groups + len(problem.class_price)
        self._tier = _numbered(limits.per_tier < NO_LIMIT, start)
        start += int((self._tier >= 0).sum())
        self._cost = _numbered(np.isfinite(limits.cost_per_hour), start)
        start += int((self._cost >= 0).sum())
        lower, upper = np.full(start, -np.inf), np.full(start, np.inf)
        lower[:groups] = problem.group_replicas
        upper[groups : groups + len(problem.class_price)] = problem.class_size
        upper[self._tier[self._tier >= 0]] = problem.tier_left[self._tier >= 0]
        upper[self._cost[self._cost >= 0]] = problem.cost_left[self._cost >= 0]
        self._solver = _core._Highs()  # noqa: SLF001  the public class prints a banner when it is made
        for option, value in (
            ("output_flag", False),
            ("presolve", "off"),
            ("solver", "simplex"),
            ("simplex_strategy", 4),  # primal: new columns leave the last solution feasible
            ("threads", 1),
            ("random_seed", 1),
        ):
            self._solver.setOptionValue(option, value)
        nothing = np.array([], dtype=np.int32)
        self._solver.addRows(start, lower, upper, 0, np.zeros(start, np.int32), nothing, np.array([]))
        rows, wanted = np.arange(groups, dtype=np.int32), problem.group_replicas.astype(np.float64)
        self._solver.addCols(groups, rejection, np.zeros(groups), wanted, groups, rows, rows, np.ones(groups))

    def add(self, patterns: Iterable[Pattern]) -> bool:
        """Add patterns, and tell whether one of them is new."""
        fresh = [one for one in dict.fromkeys(patterns) if one not in self._known]
        columns = [self._column(kind, held) for kind, held in fresh]
        index = [row for _, entries in columns for row in entries]
        value = [amount for _, entries in columns for amount in entries.values()]
        lengths = np.array([len(entries) for _, entries in columns], dtype=np.int64)
        self._solver.addCols(
            len(fresh), np.array([cost for cost, _ in columns]), np.zeros(len(fresh)),
            np.full(len(fresh), np.inf), len(index), (np.cumsum(lengths) - lengths).astype(np.int32),
            np.array(index, dtype=np.int32), np.array(value, dtype=np.float64),
        )  # fmt: skip
        self._known.update(fresh)
        self.patterns += fresh
        return bool(fresh)

    def _column(self, kind: int, held: Iterable[tuple[int, int]]) -> tuple[float, dict[int, float]]:
        """Give what a pattern costs, and what it takes of each row."""
        problem = self._problem
        cost, entries = float(problem.opening_price[kind]), defaultdict[int, float](float)
        entries[self._classes + kind] = 1.0
        for option, count in held:
            model = int(problem.option_model[option])
            cost += float(problem.cost[option, kind]) * count
            entries[int(problem.option_group[option])] += count
            if (tier := int(self._tier[model, problem.class_tier[kind]])) >= 0:
                entries[tier] += count
            share = float(problem.share_cost[option, kind]) * count
            if share and (capped := int(self._cost[model])) >= 0:
                entries[capped] += share
        return cost, entries

    def solve(self, steps: int) -> int:
        """Solve the program with the patterns that it knows; give the simplex steps that it took."""
        self._solver.setOptionValue("simplex_iteration_limit", steps)
        run(self._solver)
        return max(int(self._solver.getInfo().simplex_iteration_count), 0)

    def values(self) -> Values:
        """Give what the rows are worth."""
        duals = np.array(self._solver.getSolution().row_dual)
        group = np.clip(duals[: self._classes], 0.0, self._problem.group_penalty)
        return Values(group, _prices(duals, self._tier), _prices(duals, self._cost))

    def amounts(self) -> Floats:
        """Give how many nodes get each pattern, not whole."""
        return np.array(self._solver.getSolution().col_value)[self._classes :]


def _numbered(there: Bools, start: int) -> Ints:
    """Give numbers from a start on to what is there; -1 to the rest."""
    numbers = np.full(there.shape, -1, dtype=np.int64)
    numbers[there] = start + np.arange(int(there.sum()))
    return numbers


def _prices(duals: Floats, rows: Ints) -> Floats:
    return np.where(rows >= 0, np.maximum(-duals[rows], 0.0), 0.0)
