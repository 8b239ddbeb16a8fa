"""How nodes are put together to lots when a whole problem is decided at once."""

import numpy as np

from fogline.placement.optimiser.problem import NO_LIMIT, Ints, Problem
from fogline.placement.optimiser.whole import Lots

_FEW_PAIRS = 3000
"""Pairs of option and node up to which every node is a lot of its own, so that nothing is left out."""
FEW_NODES = 300
"""What few nodes are: more work is done for each of them."""


def lots_of(problem: Problem) -> tuple[Lots, Ints]:
    """Put nodes of a class together, as far as zones and size allow; give also the lot of each node.

    Of few nodes those billed by Share are lots of their own: they have no opening to decide, so that it costs
    little, and nothing is lost when their replicas are packed.
    """
    kinds, nodes = problem.node_class, np.arange(problem.nodes)
    is_zone_limited = bool((problem.limits.per_zone < NO_LIMIT).any())
    zones = problem.node_zone if is_zone_limited else np.full(problem.nodes, -1)
    apart = np.full(problem.nodes, is_small(problem))
    if problem.nodes <= FEW_NODES:
        apart |= problem.opening_price[kinds] == 0
    keys = np.stack([kinds, zones, np.where(apart, nodes, -1)], axis=1)
    _, first, lot = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    kind = kinds[first]
    lots = Lots(
        kind=kind,
        size=np.bincount(lot.ravel(), minlength=len(first)).astype(np.int64),
        room=problem.class_capacity[kind],
        price=problem.opening_price[kind],
        zone=zones[first],
    )
    return lots, lot.ravel().astype(np.int64)


def is_small(problem: Problem) -> bool:
    """Tell whether a problem is small enough to be decided node by node, with all pairs."""
    sizes: Ints = (problem.most > 0) @ problem.class_size
    return int(sizes.sum()) <= _FEW_PAIRS
