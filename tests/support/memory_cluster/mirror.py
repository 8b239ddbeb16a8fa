"""Feeds an operator's view from the store, as reflectors and kopf do."""

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import msgspec
from tests.support.changes import Change, ObjectKey
from tests.support.memory_cluster.store import Store

from fogline.cluster import objects
from fogline.cluster.kinds import (
    DEPLOYMENTS,
    MODEL_DEPLOYMENTS,
    NODE_PROFILES,
    NODES,
    POD_DISRUPTION_BUDGETS,
    PODS,
    SERVICES,
    Kind,
)
from fogline.names import ModelKey
from fogline.observe import Models, SeenPod, View, seen_pod

_TYPES: dict[Kind, Any] = {
    NODES: objects.Node,
    NODE_PROFILES: objects.NodeProfile,
    PODS: objects.Pod,
    DEPLOYMENTS: objects.Deployment,
    SERVICES: objects.Service,
    POD_DISRUPTION_BUDGETS: objects.PodDisruptionBudget,
}


class Mirror:
    """Keeps a view and the models in step with the store.

    Parameters
    ----------
    touched
        Called when a ModelDeployment came, changed or went.
    """

    def __init__(
        self, store: Store, view: View, models: Models, touched: Callable[[Change, ModelKey], None]
    ) -> None:
        self._store = store
        self._view = view
        self._models = models
        self._touched = touched
        self._seen: dict[tuple[Kind, ObjectKey], Any] = {}
        self.on_node: defaultdict[str, Counter[ModelKey]] = defaultdict(Counter)
        """Pods of each model on each node."""

    def start(self) -> None:
        """See what is there, and all that happens from now on."""
        for kind in (*_TYPES, MODEL_DEPLOYMENTS):
            for document in self._store.all(kind):
                self.take(Change(kind, None, document, 0))
        self._store.watch(self.take)

    def stop(self) -> None:
        """See nothing more."""
        self._store.unwatch(self.take)

    def take(self, change: Change) -> None:
        """Take in one change."""
        if change.kind is MODEL_DEPLOYMENTS:
            if change.after:
                self._touched(change, self._models.remember(change.after))
            elif change.before:
                meta = {**change.before["metadata"], "resourceVersion": str(change.version)}
                self._touched(change, self._models.forget({**change.before, "metadata": meta}))
            return
        as_type = _TYPES[change.kind]
        before = self._seen.pop((change.kind, change.key), None)
        after = None if change.after is None else msgspec.convert(change.after, as_type)
        if change.kind is PODS and after is not None:
            after = seen_pod(after)
        if after is not None:
            self._seen[change.kind, change.key] = after
        if change.kind is PODS:
            self._count(before, -1)
            self._count(after, 1)
            self._view.pod_changed(before, after)
        elif change.kind is NODES:
            self._view.node_changed(before, after)
        elif change.kind is NODE_PROFILES:
            self._view.profile_changed(before, after)
        else:
            self._view.child_changed(change.kind, before, after)

    def _count(self, pod: SeenPod | None, step: int) -> None:
        if pod and pod.replica and pod.replica.node and pod.replica.bound:
            self.on_node[pod.replica.node][pod.replica.model] += step
