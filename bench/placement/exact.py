"""The exact problem for HiGHS: every replica and every node, no classes. A reference on small clusters."""

from dataclasses import dataclass

import highspy
import numpy as np
from highspy import _core

from fogline.placement.optimiser.problem import NO_LIMIT, Floats, Ints, Problem

_PROVEN_GAP = 1e-6


@dataclass(frozen=True, slots=True)
class Exact:
    """What the solver found."""

    rows: Ints
    """Option, node, replicas."""
    lower_bound: float
    """US dollars per hour, penalties of rejections included."""
    is_optimal: bool


class _Matrix:
    """Rows of a sparse matrix as they are added."""

    def __init__(self) -> None:
        self.starts, self.columns, self.values = [0], [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
        self.lower: list[float] = []
        self.upper: list[float] = []

    def add(self, columns: Ints, values: Floats, lower: float, upper: float) -> None:
        """Add a row: lower <= values @ x[columns] <= upper."""
        self.columns.append(columns)
        self.values.append(values)
        self.starts.append(self.starts[-1] + len(columns))
        self.lower.append(lower)
        self.upper.append(upper)


def solve_exactly(problem: Problem, start: Ints, limit_seconds: float) -> Exact:
    """Solve with whole replicas on whole nodes; move costs are left out.

    Parameters
    ----------
    start
        A plan to begin with: option, node, replicas.
    """
    pairs = np.argwhere((problem.fit > 0)[:, problem.node_class])
    options, nodes = pairs.T
    kinds, groups = problem.node_class[nodes], len(problem.group_replicas)
    used, missing = len(pairs), len(pairs) + problem.nodes
    fit = problem.fit[options, kinds]
    wanted = problem.group_replicas[problem.option_group[options]]
    cost = np.concatenate(
        [problem.cost[options, kinds], problem.opening_price[problem.node_class], problem.group_penalty]
    )
    upper = np.concatenate([np.minimum(fit, wanted), np.ones(problem.nodes), problem.group_replicas])
    matrix = _rows(problem, options, nodes, used, missing)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(cost), len(matrix.lower)
    model.col_cost_, model.col_lower_, model.col_upper_ = cost, np.zeros(len(cost)), upper.astype(np.float64)
    model.row_lower_, model.row_upper_ = np.array(matrix.lower), np.array(matrix.upper)
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = np.array(matrix.starts)
    model.a_matrix_.index_ = np.concatenate(matrix.columns)
    model.a_matrix_.value_ = np.concatenate(matrix.values)
    model.integrality_ = [highspy.HighsVarType.kInteger] * len(cost)
    solver = _core._Highs()  # noqa: SLF001  the public class prints a banner when it is made
    solver.setOptionValue("output_flag", False)  # noqa: FBT003  the interface of HiGHS
    solver.setOptionValue("threads", 1)  # as the optimiser: HiGHS refuses a second number in one process
    solver.setOptionValue("time_limit", limit_seconds)
    solver.setOptionValue("mip_rel_gap", _PROVEN_GAP)
    solver.passModel(model)
    solver.setSolution(_solution(problem, start, pairs, groups))
    solver.run()
    counts = np.rint(np.array(solver.getSolution().col_value[: len(pairs)])).astype(np.int64)
    rows = np.column_stack([pairs, counts])[counts > 0]
    _core._Highs.resetGlobalScheduler(True)  # noqa: SLF001, FBT003  its threads would be in the way of others
    is_optimal = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return Exact(rows, float(solver.getInfo().mip_dual_bound), is_optimal)


def _rows(problem: Problem, options: Ints, nodes: Ints, used: int, missing: int) -> _Matrix:
    matrix, ones = _Matrix(), np.ones(len(options))
    group = problem.option_group[options]
    for number, wanted in enumerate(problem.group_replicas.tolist()):
        own = np.append(np.flatnonzero(group == number), missing + number)
        matrix.add(own, np.ones(len(own)), wanted, wanted)
    for node in range(problem.nodes):
        here = np.flatnonzero(nodes == node)
        capacity = problem.class_capacity[problem.node_class[node]]
        for resource in np.flatnonzero(capacity):
            needs = problem.requests[options[here], resource]
            matrix.add(np.append(here, used + node), np.append(needs, -capacity[resource]), -np.inf, 0.0)
        for one in here:  # says in many small rows what the large one says, which makes the bound tighter
            fit = float(problem.fit[options[one], problem.node_class[node]])
            matrix.add(np.array([one, used + node]), np.array([1.0, -fit]), -np.inf, 0.0)
    model, limits, standing = problem.option_model[options], problem.limits, problem.standing.replicas
    tier = problem.class_tier[problem.node_class]
    for number in range(problem.models):
        mine = np.flatnonzero(model == number)
        for codes, most in (
            (np.arange(problem.nodes), np.full(problem.nodes, limits.per_node[number])),
            (problem.node_zone, np.full(problem.node_zone.max() + 1, limits.per_zone[number])),
            (tier, limits.per_tier[number]),
        ):
            for code in np.flatnonzero(most < NO_LIMIT):
                there = mine[codes[nodes[mine]] == code]
                left = most[code] - standing[number, codes == code].sum()
                matrix.add(there, ones[there], -np.inf, float(left))
    return matrix


def _solution(problem: Problem, start: Ints, pairs: Ints, groups: int) -> highspy.HighsSolution:
    table = np.zeros((len(problem.option_group), problem.nodes), dtype=np.int64)
    table[start[:, 0], start[:, 1]] = start[:, 2]
    placed = np.bincount(problem.option_group[start[:, 0]], weights=start[:, 2], minlength=groups)
    solution = highspy.HighsSolution()
    solution.col_value = [
        *table[pairs[:, 0], pairs[:, 1]].astype(float).tolist(),
        *(table.sum(axis=0) > 0).astype(float).tolist(),
        *(problem.group_replicas - placed).tolist(),
    ]
    return solution
