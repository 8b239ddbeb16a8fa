"""The nodes that an option may ever run on, in the order in which they are looked at."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Order:
    """Nodes, those of the lowest key first; equal ones in the order of nodes."""

    nodes: _Ints
    keys: _Floats
    """US dollars per hour."""


class Candidates:
    """What can be said of nodes before anything is placed. All plans for a problem share it."""

    def __init__(self, fit: _Ints, cost: _Floats, node_class: _Ints) -> None:
        self._fit, self._cost, self._node_class = fit, cost, node_class
        self._by_cost: dict[int, Order] = {}

    def by_cost(self, option: int) -> Order:
        """Order the nodes for an option by what a replica costs there once they are in use."""
        if option not in self._by_cost:
            self._by_cost[option] = self.by(self._cost, option)
        return self._by_cost[option]

    def by(self, keys: _Floats, option: int) -> Order:
        """Order the nodes for an option by keys: options x classes, US dollars per hour."""
        nodes = np.flatnonzero((self._fit[option] > 0)[self._node_class])
        values, ranks = np.unique(keys[option], return_inverse=True)
        short = np.uint16 if len(values) < 1 << 16 else np.int64  # short integers are sorted by radix
        own = ranks.astype(short)[self._node_class[nodes]]
        order = np.argsort(own, kind="stable")
        return Order(nodes[order], values[own[order]])
