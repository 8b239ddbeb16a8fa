"""Neighbourhood search: nodes that waste most are decided anew together with nodes near them."""

import numpy as np

from fogline.placement.limits import Neighbourhoods
from fogline.placement.optimiser.neighbourhood import decide_anew
from fogline.placement.optimiser.problem import Ints
from fogline.placement.optimiser.relaxation import Relaxation, cheapest_pairs
from fogline.placement.optimiser.state import State

_NEAR = 4
"""Classes that are looked at for each option, the cheapest by the prices of the relaxed problem."""
_EMPTY = 3
"""Unused nodes of a neighbourhood, so that a replica can get a better node than any in use."""
_FAR = 1e3
"""US dollars per hour that stand for a node which does not take a replica at all."""
_MARGIN = 1e-7


def refine(state: State, relaxed: Relaxation, limits: Neighbourhoods) -> bool:
    """Decide neighbourhoods anew, around each node once until something changes there; tell if it did."""
    waste = _Waste(state, relaxed)
    pairs = cheapest_pairs(state.problem, relaxed.guide, _NEAR)
    tried: set[int] = set()
    is_better = False
    for _ in range(limits.number):
        seed = waste.worst(tried)
        if seed is None:
            break
        tried.add(seed)
        nodes = waste.around(seed, limits.nodes)
        hopeful = np.flatnonzero((state.missing[state.problem.option_group] > 0) & pairs.any(axis=1))
        if decide_anew(state, nodes, hopeful, beside=True, pairs=pairs):
            is_better = True
            waste.look_again()
            tried -= set(nodes.tolist())
    return is_better


class _Waste:
    """What each used node costs above what its replicas are worth at the prices of the relaxed problem."""

    def __init__(self, state: State, relaxed: Relaxation) -> None:
        problem = state.problem
        self._state, self._problem = state, problem
        worth = relaxed.worth[problem.option_group][:, None]
        self._gain = worth - problem.cost
        self._above = np.where(problem.fit > 0, np.clip(relaxed.guide - worth, 0, _FAR), _FAR)
        self._waste = np.zeros(problem.nodes)
        self.look_again()

    def look_again(self) -> None:
        """Reckon the waste of all nodes; of an unused one it is minus infinite."""
        problem = self._problem
        for node, held in enumerate(self._state.on_node):
            kind = problem.node_class[node]
            value = sum(float(self._gain[option, kind]) * count for option, count in held.items())
            self._waste[node] = problem.opening_price[kind] - value if held else -np.inf

    def worst(self, tried: set[int]) -> int | None:
        """Give the node that wastes most and was not tried before."""
        order = np.argsort(-self._waste, kind="stable").tolist()
        return next((node for node in order if node not in tried and self._waste[node] > _MARGIN), None)

    def around(self, seed: int, number: int) -> Ints:
        """Give a node and others that would take its replicas at little more cost, wasteful ones first."""
        held = sorted(self._state.on_node[seed].items())
        options = np.array([option for option, _ in held], dtype=np.int64)
        counts = np.array([count for _, count in held], dtype=np.float64)
        used = np.isfinite(self._waste)
        distance = (counts @ self._above[options])[self._problem.node_class]
        distance -= np.where(used, self._waste, 0)
        distance[seed] = -np.inf
        near = np.argsort(np.where(used, distance, np.inf), kind="stable")[:number]
        empty = np.argsort(np.where(used, np.inf, distance), kind="stable")[:_EMPTY]
        found: Ints = np.concatenate([near[used[near]], empty[~used[empty]]])
        return found
