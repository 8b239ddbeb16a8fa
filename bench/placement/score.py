"""What a plan is worth and whether it is allowed, counted from the problem and the rows of the plan alone."""

from dataclasses import dataclass

import numpy as np

from fogline.placement.optimiser.problem import Ints, Problem

_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Score:
    """What a plan is worth."""

    cost: float
    """US dollars per hour of nodes, shares and latency above the target; moves and rejections apart."""
    rejected: int
    """Replicas without a node."""
    penalty: float
    """US dollars per hour that the rejections count for."""
    moves: int
    """Replicas in place that leave their node."""

    @property
    def rank(self) -> tuple[float, float]:
        """Order of plans: the fewest rejections by priority, then the cost."""
        return round(self.penalty, 6), self.cost


def score(problem: Problem, rows: Ints) -> Score:
    """Count a plan.

    Parameters
    ----------
    rows
        Option, node, replicas.

    Raises
    ------
    AssertionError
        The plan breaks a requirement.
    """
    _check(problem, rows)
    options, nodes, counts = rows.T
    kinds = problem.node_class[nodes]
    missing = problem.group_replicas - _sums(
        problem.option_group[options], counts, len(problem.group_replicas)
    )
    cost = (
        problem.cost[options, kinds] @ counts
        + problem.opening_price[problem.node_class[np.unique(nodes)]].sum()
    )
    before = _table(problem, problem.standing.movable)
    moves = np.maximum(before - _table(problem, rows), 0).sum()
    return Score(float(cost), int(missing.sum()), float(missing @ problem.group_penalty), int(moves))


def forced_rejections(problem: Problem) -> int:
    """Count the replicas that no node could run even if all nodes were empty."""
    can_run = np.zeros(len(problem.group_replicas), dtype=bool)
    np.logical_or.at(can_run, problem.option_group, (problem.fit > 0).any(axis=1))
    return int(problem.group_replicas[~can_run].sum())


def _check(problem: Problem, rows: Ints) -> None:
    options, nodes, counts = rows.T
    kinds, limits, models = problem.node_class[nodes], problem.limits, problem.option_model[options]
    assert (counts >= 1).all(), "a row without a replica"
    assert problem.feasible[options, kinds].all(), "a replica is where it may not run"
    placed = _sums(problem.option_group[options], counts, len(problem.group_replicas))
    assert (placed <= problem.group_replicas).all(), "more replicas than wanted"
    taken = np.zeros((problem.nodes, problem.requests.shape[1]))
    np.add.at(taken, nodes, problem.requests[options] * counts[:, None])
    assert (taken <= problem.class_capacity[problem.node_class] + _ROUNDING).all(), "a node is over-committed"
    held = problem.standing.replicas.copy()
    np.add.at(held, (models, nodes), counts)
    changed = held > problem.standing.replicas
    assert (held <= limits.per_node[:, None])[changed].all(), "too many replicas of a model on a node"
    assert (_by_code(held, problem.node_zone) <= limits.per_zone[:, None]).all(), "too many in a zone"
    tiers = _by_code(held, problem.class_tier[problem.node_class], limits.per_tier.shape[1])
    assert (tiers <= limits.per_tier).all(), "too many in a tier"
    assert not np.isfinite(limits.cost_per_hour).any(), "cost limits are not checked here"


def _table(problem: Problem, rows: Ints) -> Ints:
    """Give options x nodes: replicas."""
    table = np.zeros((len(problem.option_group), problem.nodes), dtype=np.int64)
    np.add.at(table, (rows[:, 0], rows[:, 1]), rows[:, 2])
    return table


def _sums(codes: Ints, counts: Ints, total: int) -> Ints:
    return np.bincount(codes, weights=counts, minlength=total).astype(np.int64)


def _by_code(table: Ints, codes: Ints, total: int | None = None) -> Ints:
    """Sum the columns of each code."""
    sums = np.zeros((len(table), total or int(codes.max(initial=-1)) + 1), dtype=np.int64)
    np.add.at(sums.T, codes, table.T)
    return sums
