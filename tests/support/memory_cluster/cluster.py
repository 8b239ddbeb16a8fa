"""All of a cluster, and what people and accidents do to it."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
from tests.support.changes import Change, key_of
from tests.support.memory_cluster.deployments import Deployments
from tests.support.memory_cluster.drains import Drains
from tests.support.memory_cluster.evictions import evict
from tests.support.memory_cluster.kubelets import Kubelets
from tests.support.memory_cluster.pods import with_condition
from tests.support.memory_cluster.room import Room
from tests.support.memory_cluster.scheduler import RETRY_SECONDS, Choose, Scheduler
from tests.support.memory_cluster.store import Store
from tests.support.memory_cluster.timeline import Timeline

from fogline.api import ModelDeployment
from fogline.cluster.documents import Document
from fogline.cluster.kinds import (
    DEPLOYMENTS,
    MODEL_DEPLOYMENTS,
    NODES,
    POD_DISRUPTION_BUDGETS,
    PODS,
    SERVICES,
    Kind,
)
from fogline.errors import TooManyRequestsError
from fogline.names import MODEL_LABEL, ModelKey
from fogline.placement.columns import Ints
from fogline.snapshot import CORDONED


def _first(_pod: Document, feasible: Ints, room: Room) -> int:
    rows: list[int] = feasible.tolist()
    return min(rows, key=room.names.__getitem__)


def _two_seconds(_pod: Document) -> float:
    return 2.0


class MemoryCluster:
    """Objects, controllers, scheduler and machines.

    Parameters
    ----------
    load_seconds
        Says how long a pod takes from its binding until it answers.
    choose
        Chooses the node of a pod without a pin; by default the first by name.
    retry_seconds
        How long after a change the scheduler looks again at the pods that it refused.
    """

    def __init__(
        self,
        *,
        load_seconds: Callable[[Document], float] = _two_seconds,
        choose: Choose = _first,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self.timeline = Timeline()
        self.store = Store(self.timeline)
        self.room = Room(self.store)
        self.kubelets = Kubelets(self.store, self.timeline, self.room, load_seconds)
        self.deployments = Deployments(self.store, self.timeline)
        self.scheduler = Scheduler(self.store, self.timeline, self.room, choose, retry_seconds)
        self._drains = Drains(self.store, self.timeline, self.kubelets.pods_on, self.evict)

    def run_for(self, seconds: float) -> None:
        """Let time pass."""
        self.timeline.run_for(seconds)

    def follow(self, watcher: Callable[[Change], None]) -> None:
        """Tell somebody of all that is there, and of every change from now on."""
        for kind in (NODES, MODEL_DEPLOYMENTS, DEPLOYMENTS, PODS):
            for document in self.store.all(kind):
                watcher(Change(kind, None, document, 0))
        self.store.watch(watcher)

    # nodes

    def add_node(self, node: Document) -> None:
        """Add a machine that is Ready."""
        status = with_condition(node.get("status", {}), "Ready", "True")
        self.store.create({"spec": {}, **node, "status": status})

    def cordon(self, node: str, *, unschedulable: bool = True) -> None:
        """Keep new pods off a node, or let them on it again; the node controller repeats that as a taint."""
        spec = self._node(node)["spec"]
        taints = [taint for taint in spec.get("taints", ()) if taint["key"] != CORDONED]
        if unschedulable:
            since = self.timeline.now().strftime("%Y-%m-%dT%H:%M:%SZ")
            taints.append({"key": CORDONED, "effect": "NoSchedule", "timeAdded": since})
        self.store.change(NODES, ("", node), spec={**spec, "unschedulable": unschedulable, "taints": taints})

    def label(self, node: str, labels: Mapping[str, str | None]) -> None:
        """Set labels of a node; None takes one away."""
        both = {**self._node(node)["metadata"].get("labels", {}), **labels}
        kept = {key: value for key, value in both.items() if value is not None}
        self.store.change(NODES, ("", node), metadata={"labels": kept})

    def resize(self, node: str, **quantities: str) -> None:
        """Let a node offer other quantities, such as ``cpu="2"``; its kubelet is not restarted."""
        status = self._node(node)["status"]
        allocatable = {**status["allocatable"], **quantities}
        self.store.change(NODES, ("", node), status={**status, "allocatable": allocatable})

    def remove_node(self, node: str) -> None:
        """Delete a node, and its pods with it."""
        self.store.remove(NODES, ("", node))

    def drain(self, node: str, limit_seconds: float) -> None:
        """Cordon a node and evict its pods, as kubectl drain does, for so long at most."""
        self.cordon(node)
        self._drains.begin(node, limit_seconds)

    def evict(self, pod: Document) -> bool:
        """Ask for the eviction of a pod; tells whether the budgets allowed it."""
        try:
            evict(self.store, pod)
        except TooManyRequestsError:
            return False
        return True

    # models

    def add_model(self, model: ModelDeployment) -> ModelKey:
        """Apply a ModelDeployment."""
        document: Document = msgspec.to_builtins(model)
        document = {"apiVersion": MODEL_DEPLOYMENTS.api_version, "kind": MODEL_DEPLOYMENTS.kind, **document}
        created = self.store.create(document)
        return ModelKey(*key_of(created))

    def edit_model(self, key: ModelKey, **fields: Any) -> None:
        """Change fields of the spec of a ModelDeployment."""
        spec = self.store.get(MODEL_DEPLOYMENTS, key)["spec"]
        self.store.change(MODEL_DEPLOYMENTS, key, spec={**spec, **fields})

    def remove_model(self, key: ModelKey) -> None:
        """Delete a ModelDeployment."""
        self.store.remove(MODEL_DEPLOYMENTS, key)

    def begin_removal(self, key: ModelKey) -> None:
        """Mark a ModelDeployment as deleted: it stays for as long as somebody's finalizer holds it."""
        self.store.change(
            MODEL_DEPLOYMENTS, key, metadata={"deletionTimestamp": self.timeline.text(), "finalizers": ["x"]}
        )

    def orphan(self, key: ModelKey) -> None:
        """Delete a ModelDeployment and leave what it made: nobody owns that any more."""
        for kind in (DEPLOYMENTS, SERVICES, POD_DISRUPTION_BUDGETS):
            for child in self.store.all(kind):
                if child["metadata"].get("labels", {}).get(MODEL_LABEL) == key.name:
                    self.store.change(kind, key_of(child), metadata={"ownerReferences": []})
        self.remove_model(key)

    def remove_namespace(self, namespace: str, order: Sequence[Kind], pause_seconds: float) -> None:
        """Delete a namespace, kind after kind, as its controller does; nothing new comes in meanwhile."""
        self.store.terminate(namespace)
        for number, kind in enumerate(order):
            self.timeline.later(number * pause_seconds, partial(self._empty, namespace, kind))

    def _empty(self, namespace: str, kind: Kind) -> None:
        for one in self.store.all(kind):
            if one["metadata"]["namespace"] == namespace:
                self.store.delete(kind, key_of(one))

    def model(self, key: ModelKey) -> Document:
        """Read a ModelDeployment."""
        return self.store.get(MODEL_DEPLOYMENTS, key)

    def pods(self) -> list[Document]:
        """Give all pods."""
        return list(self.store.all(PODS))

    def _node(self, name: str) -> Document:
        return self.store.get(NODES, ("", name))
