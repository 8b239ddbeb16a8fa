"""kubectl drain: evicts what is on a node, and tries again every 5 s.

What a budget refused it refuses again as long as the pods of the model and their budget stay as they are, so
nothing is tried before one of them changes: then at the next of those moments.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from tests.support.changes import Change, ObjectKey
from tests.support.memory_cluster.store import Store, model_of
from tests.support.memory_cluster.timeline import Timeline

from fogline.cluster.documents import Document
from fogline.cluster.kinds import NODES, POD_DISRUPTION_BUDGETS, PODS

RETRY_SECONDS = 5.0


@dataclass(slots=True)
class _Drain:
    node: str
    began: float
    end: float
    waits_for: frozenset[ObjectKey] = frozenset()
    """Models that refused."""
    is_planned: bool = False
    """Whether it is tried again in a moment."""


class Drains:
    """All drains that are not over.

    Parameters
    ----------
    pods_on
        Gives the pods of a node.
    evict
        Asks for the eviction of a pod.
    """

    def __init__(
        self,
        store: Store,
        timeline: Timeline,
        pods_on: Callable[[str], list[Document]],
        evict: Callable[[Document], object],
    ) -> None:
        self._store = store
        self._timeline = timeline
        self._pods_on = pods_on
        self._evict = evict
        self._drains: dict[str, _Drain] = {}
        store.watch(self._changed)

    def begin(self, node: str, limit_seconds: float) -> None:
        """Evict what is on a cordoned node, for so long at most."""
        now = self._timeline.seconds
        self._drains[node] = _Drain(node, now, now + limit_seconds)
        self._try(self._drains[node])

    def _try(self, drain: _Drain) -> None:
        drain.is_planned = False
        live = self._store.find(NODES, ("", drain.node))
        if self._drains.get(drain.node) is not drain:
            return
        if live is None or not live["spec"].get("unschedulable") or self._timeline.seconds > drain.end:
            del self._drains[drain.node]
            return
        left = [pod for pod in self._pods_on(drain.node) if "deletionTimestamp" not in pod["metadata"]]
        if not left:
            del self._drains[drain.node]
            return
        drain.waits_for = frozenset(map(model_of, left))
        for pod in left:
            self._evict(pod)

    def _changed(self, change: Change) -> None:
        if not self._drains or change.kind not in {PODS, POD_DISRUPTION_BUDGETS}:
            return
        model = model_of(change.document) if change.kind is PODS else change.key
        for drain in self._drains.values():
            if model in drain.waits_for and not drain.is_planned:
                drain.is_planned = True
                since = self._timeline.seconds - drain.began
                moment = drain.began + RETRY_SECONDS * (math.floor(since / RETRY_SECONDS) + 1)
                self._timeline.later(moment - self._timeline.seconds, lambda drain=drain: self._try(drain))  # type: ignore[misc]
