"""The descheduler (kubernetes-sigs/descheduler) as a plain model: it evicts, and kube-scheduler places anew.

LowNodeUtilization with the thresholds of its documentation, 20 % and 50 % of what is requested, and
RemovePodsViolatingNodeAffinity, every five minutes. Evictions go through the budgets.
"""

from collections.abc import Mapping

from tests.support.changes import Change
from tests.support.memory_cluster import MemoryCluster
from tests.support.memory_cluster.pods import is_alive
from tests.support.node_selector import accepts

from fogline.cluster.documents import Document
from fogline.cluster.kinds import NODES, PODS

EVERY_SECONDS = 300.0
_UNDER, _OVER = 0.2, 0.5
_RESOURCES = ("cpu", "memory", "pods")


class Descheduler:
    """Looks every five minutes, for ever."""

    def __init__(self, cluster: MemoryCluster) -> None:
        self._cluster = cluster
        self._shares: dict[str, Mapping[str, float]] = {}
        """Of each resource of a node that is requested; only those that nothing has changed since."""
        self._relabelled: set[str] = set()
        self.evictions = 0
        cluster.store.watch(self._changed)

    def start(self) -> None:
        """Begin to look."""
        self._cluster.timeline.later(EVERY_SECONDS, self._look)

    def _look(self) -> None:
        nodes = [node for node in self._cluster.store.all(NODES) if _is_usable(node)]
        self._remove_violating(nodes)
        self._level(nodes)
        self.start()

    def _remove_violating(self, nodes: list[Document]) -> None:
        relabelled, self._relabelled = self._relabelled, set()
        for node in (one for one in nodes if one["metadata"]["name"] in relabelled):
            name, labels = node["metadata"]["name"], node["metadata"]["labels"]
            for pod in self._cluster.kubelets.pods_on(name):
                if is_alive(pod) and not accepts(pod["spec"]["affinity"], labels, name):
                    self._evict(pod)

    def _level(self, nodes: list[Document]) -> None:
        """Take pods off nodes that are used much, as long as there is room on nodes that are used little."""
        room = self._cluster.room
        shares = {name: self._shares_of(name) for name in (node["metadata"]["name"] for node in nodes)}
        under = [name for name, share in shares.items() if all(part < _UNDER for part in share.values())]
        over = [name for name, share in shares.items() if any(part > _OVER for part in share.values())]
        left = {
            resource: sum(
                room.allocatable(name)[resource] * (_OVER - shares[name][resource]) for name in under
            )
            for resource in _RESOURCES
        }
        for name in sorted(over, key=lambda name: -sum(shares[name].values())):
            used, has = dict(room.used(name)), room.allocatable(name)
            for pod in self._cluster.kubelets.pods_on(name):
                requests = room.requests_of(pod)
                if all(used[one] <= _OVER * has[one] for one in _RESOURCES):
                    break
                if not is_alive(pod) or any(left[one] < requests[one] for one in _RESOURCES):
                    continue
                if self._evict(pod):
                    for one in _RESOURCES:
                        used[one] -= requests[one]
                        left[one] -= requests[one]

    def _shares_of(self, node: str) -> Mapping[str, float]:
        if node not in self._shares:
            used, has = self._cluster.room.used(node), self._cluster.room.allocatable(node)
            self._shares[node] = {name: used.get(name, 0) / has[name] for name in _RESOURCES}
        return self._shares[node]

    def _changed(self, change: Change) -> None:
        if change.kind is NODES:
            self._shares.pop(change.key[1], None)
            self._relabelled.add(change.key[1])
        elif change.kind is PODS:
            for pod in filter(None, (change.before, change.after)):
                self._shares.pop(pod["spec"].get("nodeName", ""), None)

    def _evict(self, pod: Document) -> bool:
        done = self._cluster.evict(pod)
        self.evictions += done
        return done


def _is_usable(node: Document) -> bool:
    return not node["spec"].get("unschedulable") and not node["spec"].get("taints")
