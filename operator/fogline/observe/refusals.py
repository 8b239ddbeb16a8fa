"""Nodes on which kube-scheduler refused replicas that we had decided for."""

from collections.abc import Mapping

from fogline.names import ModelKey

AVOID_SECONDS = 300.0
"""A node that refused a replica of a model gets no other one of it for so long: what was in the way without
our knowing may still be."""
MOST_REFUSALS = 3
LOOK_BACK_SECONDS = 600.0
"""After so many refusals in so long we evidently do not see what kube-scheduler sees."""


class Refusals:
    """By model. They live in memory only: after a restart they are learnt anew, at the price of some tries.

    Several replicas that one node refuses at about the same time count once.
    """

    def __init__(self) -> None:
        self._of: dict[ModelKey, dict[str, list[float]]] = {}
        """When each node refused, in monotonic seconds."""

    def note(self, model: ModelKey, node: str, now: float) -> None:
        """Take note of a refusal."""
        times = self._of.setdefault(model, {}).setdefault(node, [])
        if not times or now - times[-1] >= AVOID_SECONDS:
            times.append(now)

    def avoided(self, now: float) -> Mapping[ModelKey, frozenset[str]]:
        """Give the nodes that get no replica of a model at present; models without such nodes are absent."""
        self._forget(now)
        found = {
            model: frozenset(node for node, times in nodes.items() if now - times[-1] < AVOID_SECONDS)
            for model, nodes in self._of.items()
        }
        return {model: nodes for model, nodes in found.items() if nodes}

    def is_exhausted(self, model: ModelKey, now: float) -> bool:
        """Tell whether nodes refused so often that the choice is better left to kube-scheduler."""
        self._forget(now)
        return sum(map(len, self._of.get(model, {}).values())) >= MOST_REFUSALS

    def _forget(self, now: float) -> None:
        recent = {
            model: {
                node: kept
                for node, times in nodes.items()
                if (kept := [at for at in times if now - at < LOOK_BACK_SECONDS])
            }
            for model, nodes in self._of.items()
        }
        self._of = {model: nodes for model, nodes in recent.items() if nodes}
