"""How kube-scheduler scores nodes by default, as a plain model."""

from collections import Counter
from collections.abc import Sequence

from tests.support.changes import Change
from tests.support.memory_cluster import MemoryCluster
from tests.support.memory_cluster.scheduler import Room

from fogline.cluster.documents import Document
from fogline.cluster.kinds import NODES, PODS
from fogline.names import MODEL_LABEL, ZONE_LABEL, ModelKey

_SPREAD_WEIGHT = 2
"""PodTopologySpread counts twice (kube-scheduler's default plug-ins)."""


class Scorer:
    """Takes the node with the best score, of equal ones the first by name.

    It scores by LeastAllocated, BalancedAllocation, and spread over zones and nodes.
    """

    def __init__(self) -> None:
        self._zones: dict[str, str] = {}
        self._on_node: Counter[tuple[ModelKey, str]] = Counter()
        self._in_zone: Counter[tuple[ModelKey, str]] = Counter()

    def follow(self, cluster: MemoryCluster) -> None:
        """Keep count of what is where."""
        cluster.store.watch(self._changed)

    def choose(self, pod: Document, feasible: Sequence[str], room: Room) -> str:
        """Choose one of the nodes that can run a pod."""
        meta = pod["metadata"]
        model = ModelKey(meta["namespace"], meta["labels"][MODEL_LABEL])
        requests = room.requests_of(pod)
        crowds = {
            name: self._on_node[model, name] + self._in_zone[model, self._zones[name]] for name in feasible
        }
        most_crowded = max(crowds.values()) or 1

        def score(name: str) -> float:
            has, used = room.allocatable(name), room.used(name)
            cpu, memory = (
                (used.get(resource, 0) + requests[resource]) / has[resource] for resource in ("cpu", "memory")
            )
            least = 100 * (1 - (cpu + memory) / 2)
            balanced = 100 * (1 - abs(cpu - memory) / 2)
            spread = 100 * (1 - crowds[name] / most_crowded)
            return least + balanced + _SPREAD_WEIGHT * spread

        return min(feasible, key=lambda name: (-score(name), name))

    def _changed(self, change: Change) -> None:
        if change.kind is NODES and change.after:
            self._zones[change.key[1]] = change.after["metadata"]["labels"].get(ZONE_LABEL, change.key[1])
        elif change.kind is PODS:
            self._count(change.before, -1)
            self._count(change.after, 1)

    def _count(self, pod: Document | None, step: int) -> None:
        if pod and (node := pod["spec"].get("nodeName")):
            meta = pod["metadata"]
            model = ModelKey(meta["namespace"], meta["labels"][MODEL_LABEL])
            self._on_node[model, node] += step
            self._in_zone[model, self._zones[node]] += step
