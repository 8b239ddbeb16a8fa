"""All that is wanted decided at once in whole numbers, on lots of nodes and the pairs that promise most."""

import numpy as np

from fogline.placement.optimiser.lots import is_small
from fogline.placement.optimiser.problem import Ints, Problem
from fogline.placement.optimiser.relaxation import Relaxation, cheapest_pairs
from fogline.placement.optimiser.state import State
from fogline.placement.optimiser.whole import Effort, Lots, Task, Whole, solve_whole

_NEAR = 2
"""Classes that are looked at for each option, the cheapest by the prices of the relaxed problem."""
_CLOSE_ENOUGH = 4e-3
"""Share of the cost without rejections between plan and bound that is not worth more work."""
_SEARCH_NODES = 300
"""Nodes of the search tree for a small problem; for others the root has to do."""
_ROUNDING = 1e-7
"""What the solver may be off by, as a share of a bound."""


def decide_all(
    problem: Problem, relaxed: Relaxation, begun: State, bound: float, lots: Lots, node_lot: Ints
) -> tuple[Whole | None, float]:
    """Improve on a plan; give also the best bound known, which gets better where all pairs are looked at."""
    small = is_small(problem)
    pairs = problem.most > 0
    if not small:
        pairs = cheapest_pairs(problem, relaxed.guide, _NEAR)
        pairs[relaxed.options, relaxed.classes] = True
    start = np.zeros((len(problem.option_group), len(lots.size)), dtype=np.int64)
    for node, held in enumerate(begun.on_node):
        for option, count in held.items():
            start[option, node_lot[node]] += count
    per_zone, per_tier = State(problem, in_place=False).left()
    task = Task(
        lots=lots,
        wanted=problem.group_replicas,
        per_node=np.where(pairs[:, lots.kind] | (start > 0), problem.fit[:, lots.kind], 0),
        per_zone=per_zone,
        per_tier=per_tier,
        cost_left=problem.cost_left,
    )
    operating = max(relaxed.lower_bound - begun.rejection_penalty(), 0.0)
    effort = Effort(_SEARCH_NODES, 0.0) if small else Effort(close_enough=_CLOSE_ENOUGH * operating)
    found = solve_whole(problem, task, effort, start)
    if found and small:
        bound = max(bound, found.lower_bound - _ROUNDING * max(abs(found.lower_bound), 1.0))
    return found, bound
