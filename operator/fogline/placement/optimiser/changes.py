"""When what was last changed in a plan, so that nothing is looked for again where nothing got better."""

from dataclasses import dataclass

import numpy as np

from fogline.placement.optimiser.problem import Ints


@dataclass(slots=True)
class Changes:
    """Times, counted in changes from 1 on."""

    better: Ints
    """Per node: when it last became a better place for some replica."""
    left: Ints
    """Per model: when a replica of it last left a node."""
    touched: Ints
    """Per node: when something last came or left."""
    latest: int = 1
    """When any node last became a better place."""
    clock: int = 1

    @classmethod
    def none(cls, nodes: int, models: int) -> "Changes":
        """Begin."""
        each_node = np.ones(nodes, dtype=np.int64)
        return cls(better=each_node, left=np.ones(models, dtype=np.int64), touched=each_node.copy())

    def copy(self) -> "Changes":
        """Give what can be put back when all changes since are undone."""
        return Changes(self.better.copy(), self.left.copy(), self.touched.copy(), self.latest, self.clock)

    def note(self, node: int, model: int, *, leaves: bool, opens: bool) -> None:
        """Note that a replica comes or leaves, and whether the node was unused before."""
        self.clock += 1
        self.touched[node] = self.clock
        if leaves or opens:
            self.better[node] = self.latest = self.clock
        if leaves:
            self.left[model] = self.clock
