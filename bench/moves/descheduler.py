"""The descheduler (kubernetes-sigs/descheduler) as a plain model: it evicts, and kube-scheduler places anew.

LowNodeUtilization with the thresholds of its documentation, 20 % and 50 % of what is requested, and
RemovePodsViolatingNodeAffinity, every five minutes. Evictions go through the budgets.
"""

import numpy as np
from tests.support.changes import Change
from tests.support.memory_cluster import MemoryCluster
from tests.support.memory_cluster.pods import is_alive
from tests.support.node_selector import accepts

from fogline.cluster.documents import Document
from fogline.cluster.kinds import NODES

EVERY_SECONDS = 300.0
_UNDER, _OVER = 0.2, 0.5
_RESOURCES = ("cpu", "memory", "pods")


class Descheduler:
    """Looks every five minutes, for ever."""

    def __init__(self, cluster: MemoryCluster) -> None:
        self._cluster = cluster
        self._usable: set[str] = set()
        """Nodes that take new pods."""
        self._relabelled: set[str] = set()
        self._is_stirred = True
        """Whether anything has changed since the last look that evicted nothing."""
        self.evictions = 0
        cluster.follow(self._changed)

    def start(self) -> None:
        """Begin to look."""
        self._cluster.timeline.later(EVERY_SECONDS, self._look)

    def _look(self) -> None:
        self.start()
        if not self._is_stirred:
            return  # it would find what it found the last time: nothing to evict
        self._is_stirred = False
        self._remove_violating()
        self._level()

    def _remove_violating(self) -> None:
        relabelled, self._relabelled = self._relabelled, set()
        for name in sorted(relabelled & self._usable):
            labels = self._cluster.store.get(NODES, ("", name))["metadata"]["labels"]
            for pod in self._cluster.kubelets.pods_on(name):
                if is_alive(pod) and not accepts(pod["spec"]["affinity"], labels, name):
                    self._evict(pod)

    def _level(self) -> None:
        """Take pods off nodes that are used much, as long as there is room on nodes that are used little."""
        room = self._cluster.room
        rows = np.array([room.row_of[name] for name in sorted(self._usable)], dtype=np.int64)
        offered = {name: room.offered(name)[rows] for name in _RESOURCES}
        shares = {name: room.taken(name)[rows] / offered[name] for name in _RESOURCES}
        under = np.logical_and.reduce([share < _UNDER for share in shares.values()])
        over = np.logical_or.reduce([share > _OVER for share in shares.values()])
        left = {name: float((offered[name] * (_OVER - shares[name]))[under].sum()) for name in _RESOURCES}
        if not under.any():
            return
        fullest = np.argsort(-sum(shares.values()), kind="stable")
        for row in rows[fullest[over[fullest]]].tolist():
            self._relieve(room.names[row], left)

    def _relieve(self, name: str, left: dict[str, float]) -> None:
        """Take pods off a node until it is used no more than it should be."""
        room = self._cluster.room
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

    def _changed(self, change: Change) -> None:
        self._is_stirred = True
        if change.kind is NODES:
            name, live = change.key[1], change.after
            self._usable.discard(name)
            if live is not None and not live["spec"].get("unschedulable") and not live["spec"].get("taints"):
                self._usable.add(name)
            self._relabelled.add(name)

    def _evict(self, pod: Document) -> bool:
        done = self._cluster.evict(pod)
        self.evictions += done
        return done
