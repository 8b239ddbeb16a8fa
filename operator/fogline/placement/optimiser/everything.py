"""All that is wanted decided at once in whole numbers, on lots of nodes and the pairs that promise most."""

import numpy as np

from fogline.placement.optimiser.lots import FEW_NODES, is_small
from fogline.placement.optimiser.narrow import Scope
from fogline.placement.optimiser.problem import Ints, Problem
from fogline.placement.optimiser.relaxation import Relaxation, cheapest_pairs
from fogline.placement.optimiser.state import State
from fogline.placement.optimiser.whole import Effort, Lots, Task, Whole, solve_whole

_NEAR = 1
"""Classes that are looked at for each option, the cheapest by the prices of the relaxed problem, beside those
of its solution."""
_CLOSE_ENOUGH = (2e-3, 1e-2)
"""Share of the cost without rejections between plan and bound that is not worth more work: on few nodes, and
on more."""
_SCOPE = (Scope.BETWEEN, Scope.OPEN)
"""What is looked at around the plan to begin with, likewise. A small problem is looked at as a whole."""
_SEARCH_NODES = 300
"""Nodes of the search tree for a small problem; for others the root has to do."""


def decide_all(
    problem: Problem,
    relaxed: Relaxation,
    begun: State,
    lots: Lots,
    node_lot: Ints,
    *,
    stays: bool,
) -> Whole | None:
    """Improve on a plan.

    Parameters
    ----------
    stays
        Whether a replica that leaves its node has to save what a move costs.
    """
    small, is_large = is_small(problem), problem.nodes > FEW_NODES
    pairs = problem.most > 0
    if not small:
        pairs = cheapest_pairs(problem, relaxed.guide, _NEAR)
        pairs[relaxed.options, relaxed.classes] = True
    in_place = np.zeros((len(problem.option_group), len(lots.size)), dtype=np.int64)
    if stays:
        option, node, count = problem.standing.movable.T
        np.add.at(in_place, (option, node_lot[node]), count)
    start = np.zeros((len(problem.option_group), len(lots.size)), dtype=np.int64)
    for node, held in enumerate(begun.on_node):
        for option, count in held.items():
            start[option, node_lot[node]] += count
    per_zone, per_tier = State(problem, in_place=False).left()
    task = Task(
        lots=lots,
        wanted=problem.group_replicas,
        per_node=np.where(pairs[:, lots.kind] | (start > 0) | (in_place > 0), problem.fit[:, lots.kind], 0),
        per_zone=per_zone,
        per_tier=per_tier,
        cost_left=problem.cost_left,
        in_place=in_place,
    )
    operating = max(relaxed.lower_bound - begun.rejection_penalty(), 0.0)
    effort = Effort(_SEARCH_NODES)
    if not small:
        effort = Effort(close_enough=_CLOSE_ENOUGH[is_large] * operating, scope=_SCOPE[is_large])
    return solve_whole(problem, task, effort, start)
