"""The problem in whole numbers: a mixed-integer program over lots of nodes that are all alike."""

from dataclasses import dataclass

import numpy as np
from highspy import _core

from fogline.placement.optimiser.highs import run
from fogline.placement.optimiser.narrow import Scope, narrow
from fogline.placement.optimiser.problem import NO_LIMIT, Bools, Floats, Ints, Problem
from fogline.placement.optimiser.sparse import Matrix


@dataclass(frozen=True, slots=True)
class Lots:
    """Nodes, by lots of nodes that no replica can tell apart."""

    kind: Ints
    """Class of each lot."""
    size: Ints
    """Nodes of each lot."""
    room: Floats
    """Lots x resources: what one node has."""
    price: Floats
    """US dollars per hour that the first replica on a node adds."""
    zone: Ints
    """Zone of each lot; -1 where zones are left out."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be decided together."""

    lots: Lots
    wanted: Ints
    """Per group: replicas that are to be placed."""
    per_node: Ints
    """Options x lots: replicas that one node of the lot takes at most; 0 leaves the pair out."""
    per_zone: Ints
    """Models x zones: replicas that may still be placed."""
    per_tier: Ints
    """Models x tiers: replicas that may still be placed."""
    cost_left: Floats
    """Per model: US dollars per hour that may still be spent on nodes billed by Share."""
    in_place: Ints
    """Options x lots: replicas in place, each of which saves a move when it stays."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much the solver may do: counted, and with no clock in it."""

    nodes: int = 1
    """Nodes of the search tree; the root alone already has cuts and heuristics."""
    close_enough: float = 0.0
    """US dollars per hour between plan and bound at which it ends."""
    scope: Scope = Scope.ALL
    """Which plans are looked at; without a plan to begin with it is all."""


@dataclass(frozen=True, slots=True)
class Whole:
    """Whole replicas on lots."""

    options: Ints
    lots: Ints
    counts: Ints
    opened: Ints
    """Per lot: nodes in use; all of them where that costs nothing."""
    lower_bound: float
    """US dollars per hour: of all that was looked at, penalties of rejections included."""


def solve_whole(problem: Problem, task: Task, effort: Effort, start: Ints | None = None) -> Whole | None:
    """Solve a task, well but not always to the end; None when nothing was found.

    Parameters
    ----------
    start
        Options x lots: a plan to begin with, of which each lot opens as few nodes as hold it.
    """
    program = _Program(problem, task)
    solver = _core._Highs()  # noqa: SLF001  the public class prints a banner when it is made
    for option, value in (
        ("output_flag", False),
        ("threads", 1),
        ("random_seed", 1),
        ("mip_max_nodes", effort.nodes),
        ("mip_abs_gap", effort.close_enough),
        ("mip_rel_gap", 0.0),
        ("mip_pool_soft_limit", 1),  # few cuts: they hardly raise the bound here, and cost more than all else
        ("mip_allow_restart", effort.nodes > 1),  # pays off in the tree; the root would only be done twice
    ):
        solver.setOptionValue(option, value)
    solver.passModel(program.model())
    if start is not None:
        begun = program.values_of(start)
        narrow(solver, begun, effort.scope)
        solution = _core.HighsSolution()
        solution.col_value = begun.tolist()
        solver.setSolution(solution)
    run(solver)
    values = np.array(solver.getSolution().col_value)
    info = solver.getInfo()
    if not len(values) or info.primal_solution_status != _core.SolutionStatus.kSolutionStatusFeasible:
        return None
    counts = np.rint(values[program.first_pair : program.first_stay]).astype(np.int64)
    used = counts > 0
    opened = np.rint(values[program.first_lot : program.first_pair]).astype(np.int64)
    opened = np.where(task.lots.price > 0, opened, task.lots.size)
    return Whole(program.options[used], program.pair_lots[used], counts[used], opened, info.mip_dual_bound)


class _Program:
    """Columns: rejections by group, open nodes by lot, replicas by pair of option and lot, moves saved."""

    def __init__(self, problem: Problem, task: Task) -> None:
        self._problem, self._task = problem, task
        lots = task.lots
        self.options, self.pair_lots = (part.astype(np.int64) for part in np.nonzero(task.per_node > 0))
        self._per_node = task.per_node[self.options, self.pair_lots]
        self._groups = problem.option_group[self.options]
        self._kinds = lots.kind[self.pair_lots]
        self._most = np.minimum(self._per_node * lots.size[self.pair_lots], task.wanted[self._groups])
        self.first_lot = len(task.wanted)
        self.first_pair = self.first_lot + len(lots.size)
        self._columns = self.first_pair + np.arange(len(self.options))
        self.first_stay = self.first_pair + len(self.options)
        in_place = np.minimum(task.in_place[self.options, self.pair_lots], self._most)
        self._staying = np.flatnonzero(in_place)
        self._in_place = in_place[self._staying]

    def model(self) -> _core.HighsLp:
        """Give the program as the solver takes it."""
        problem, task, lots = self._problem, self._task, self._task.lots
        matrix = self._rows()
        model = _core.HighsLp()
        model.num_col_, model.num_row_ = self.first_stay + len(self._staying), matrix.rows
        model.col_cost_ = np.concatenate(
            [
                problem.group_penalty,
                lots.price,
                problem.cost[self.options, self._kinds],
                np.full(len(self._staying), -problem.standing.move_cost),
            ]
        )
        model.col_lower_ = np.zeros(model.num_col_)
        model.col_upper_ = np.concatenate(
            [task.wanted, np.where(lots.price > 0, lots.size, 0), self._most, self._in_place]
        ).astype(np.float64)
        model.row_lower_, model.row_upper_ = matrix.bounds()
        model.a_matrix_.format_ = _core.MatrixFormat.kRowwise
        model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = matrix.by_row()
        whole, any_number = _core.HighsVarType.kInteger, _core.HighsVarType.kContinuous
        model.integrality_ = (
            [any_number] * self.first_lot
            + [whole] * (self.first_stay - self.first_lot)
            + [any_number] * len(self._staying)
        )
        return model

    def values_of(self, plan: Ints) -> Floats:
        """Give the value of each column for a plan: options x lots."""
        lots, problem = self._task.lots, self._problem
        placed = plan[self.options, self.pair_lots]
        missing = self._task.wanted.copy()
        np.subtract.at(missing, self._groups, placed)
        opened = np.zeros(len(lots.size))
        for resource in range(lots.room.shape[1]):
            taken = np.bincount(
                self.pair_lots,
                placed * problem.requests[self.options, resource],
                minlength=len(lots.size),
            )
            room = np.where(lots.room[:, resource] > 0, lots.room[:, resource], 1.0)
            opened = np.maximum(opened, np.ceil(taken / room - 1e-9))
        np.maximum.at(opened, self.pair_lots, np.ceil(placed / self._per_node))
        stay = np.minimum(placed[self._staying], self._in_place)
        return np.concatenate([missing, np.where(lots.price > 0, opened, 0), placed, stay]).astype(np.float64)

    def _rows(self) -> Matrix:
        problem, task, lots = self._problem, self._task, self._task.lots
        matrix, priced = Matrix(), lots.price > 0
        groups = np.arange(len(task.wanted))
        matrix.add(
            (groups, groups, np.ones(len(groups))),
            (self._groups, self._columns, np.ones(len(self._columns))),
            lower=task.wanted.astype(np.float64),
            upper=task.wanted.astype(np.float64),
        )
        numbers = np.arange(len(lots.size))
        opening = (numbers[priced], self.first_lot + numbers[priced], np.full(int(priced.sum()), -1.0))
        for resource in range(lots.room.shape[1]):
            room = np.where(lots.room[:, resource] > 0, lots.room[:, resource], 1.0)
            share = problem.requests[self.options, resource] / room[self.pair_lots]
            matrix.add(
                (self.pair_lots, self._columns, share),
                opening,
                upper=np.where(priced, 0, lots.size).astype(np.float64),
            )
        self._link(matrix)
        self._limit(matrix)
        rows = np.arange(len(self._staying))
        matrix.add(
            (rows, self.first_stay + rows, np.ones(len(rows))),
            (rows, self._columns[self._staying], np.full(len(rows), -1.0)),
            upper=np.zeros(len(rows)),
        )
        return matrix

    def _link(self, matrix: Matrix) -> None:
        """Bind pairs to open nodes where that says more than the room of the nodes does."""
        lots, wanted = self._task.lots, self._task.wanted[self._groups]
        is_priced = lots.price[self.pair_lots] > 0
        tight = np.flatnonzero(is_priced & (wanted < self._problem.fit[self.options, self._kinds]))
        rows, most = np.arange(len(tight)), np.minimum(self._per_node, wanted)[tight].astype(np.float64)
        matrix.add(
            (rows, self._columns[tight], np.ones(len(tight))),
            (rows, self.first_lot + self.pair_lots[tight], -most),
            upper=np.zeros(len(tight)),
        )

    def _limit(self, matrix: Matrix) -> None:
        """Hold what the replicas of a model may do together."""
        problem, task, lots = self._problem, self._task, self._task.lots
        models, ones = problem.option_model[self.options], np.ones(len(self.options))
        self._hold(matrix, models, problem.class_tier[self._kinds], ones, task.per_tier.astype(np.float64))
        if (lots.zone >= 0).all():
            self._hold(matrix, models, lots.zone[self.pair_lots], ones, task.per_zone.astype(np.float64))
        spent = problem.share_cost[self.options, self._kinds]
        self._hold(matrix, models, np.zeros(len(models), dtype=np.int64), spent, task.cost_left[:, None])
        own = np.zeros((problem.models, len(lots.size)), dtype=np.int64)
        np.add.at(own, (models, self.pair_lots), self._per_node)
        most = problem.limits.per_node[:, None] * lots.size[None, :].astype(np.float64)
        together = own > problem.limits.per_node[:, None]
        self._hold(matrix, models, self.pair_lots, ones, np.where(together, most, np.inf))

    def _hold(self, matrix: Matrix, models: Ints, places: Ints, amounts: Floats, most: Floats) -> None:
        """Keep the sum over the pairs of a model and a place below a limit, models x places."""
        total = np.zeros(most.shape)
        np.add.at(total, (models, places), amounts * self._most)
        binding = (total > most) & (most < NO_LIMIT)
        row_of = np.full(most.shape, -1, dtype=np.int64)
        row_of[binding] = np.arange(int(binding.sum()))
        rows = row_of[models, places]
        chosen: Bools = rows >= 0
        matrix.add((rows[chosen], self._columns[chosen], amounts[chosen]), upper=most[binding])
