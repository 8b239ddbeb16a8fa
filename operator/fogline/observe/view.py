"""The observed cluster, kept as values that are ready for a decision."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from fogline import snapshot as values
from fogline.api import KIND, MoveStrategy
from fogline.cluster import objects
from fogline.cluster.kinds import Kind
from fogline.config import Settings
from fogline.names import GATE, MODEL_LABEL, ModelKey
from fogline.observe.known_nodes import KnownNodes
from fogline.observe.promises import Promises, to_come
from fogline.observe.refusals import Refusals
from fogline.observe.seen import SeenPod
from fogline.observe.tally import Tally
from fogline.placement import Decision, Demand, Usage
from fogline.snapshot import ReplicaOf, Snapshot

MOST_EVICTED = 20
"""Evicted victims of one model that are remembered; older ones have their successors."""


@dataclass(frozen=True, slots=True)
class Role:
    """What else a pod is placed for than to be one of its model's replicas."""

    came_by: values.Move | None = None
    replaces: str | None = None
    """uid of the victim."""
    stands_in_for: str | None = None
    """uid of the original."""


NO_ROLE = Role()

Child = objects.Deployment | objects.Service | objects.PodDisruptionBudget


def snapshot(nodes: Iterable[values.Node], pods: Iterable[values.Pod]) -> Snapshot:
    """Make a snapshot in the one order in which decisions expect it."""
    return Snapshot(
        tuple(sorted(nodes, key=lambda node: node.name)),
        tuple(sorted(pods, key=lambda pod: (pod.namespace, pod.name))),
    )


class View:
    """What the reflectors saw, plus what we decided and do not see yet.

    Each change is told as the object before and after it: None before is a new object, None after a deleted
    one.

    Parameters
    ----------
    touched
        Called with a model whose own objects changed.
    room_changed
        Called when a node changed, when room was freed, and when a pod over-commits its node.
    now
        Wall clock, for NodeProfiles that become stale.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        settings: Settings,
        touched: Callable[[ModelKey], None],
        room_changed: Callable[[], None],
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._touched = touched
        self._room_changed = room_changed
        self.nodes = KnownNodes(settings, now)
        self._tally = Tally(self.nodes.by_name)
        self._promises = Promises(self._tally, clock)
        self._refusals = Refusals()
        self._pods: dict[str, values.Pod] = {}
        self._replicas: dict[ModelKey, dict[str, values.Replica]] = {}
        self._victims: dict[str, values.Replica] = {}
        self._assumed: dict[str, values.Pod] = {}
        self._roles: dict[str, Role] = {}
        """Of the assumed pods, by uid."""
        self._gated_since: dict[str, float] = {}
        self._evicted: dict[ModelKey, dict[str, values.Replica]] = {}
        """By uid. Victims that are gone, for their successors come by their marks."""
        self._children: dict[tuple[Kind, ModelKey], Child] = {}
        self._labelled: dict[tuple[Kind, ModelKey], dict[ModelKey, Child]] = {}
        """The same by kind and the model that the label names."""

    def node_changed(self, old: objects.Node | None, new: objects.Node | None) -> None:
        """Take in a change of a Node."""
        if self.nodes.node_changed(old, new):
            self._room_changed()

    def profile_changed(self, old: objects.NodeProfile | None, new: objects.NodeProfile | None) -> None:
        """Take in a change of a NodeProfile."""
        if self.nodes.profile_changed(old, new):
            self._room_changed()

    def follow_clock(self) -> None:
        """Leave out the NodeProfiles that are stale by now."""
        if self.nodes.follow_clock():
            self._room_changed()

    def pod_changed(self, old: SeenPod | None, new: SeenPod | None) -> None:
        """Take in a change of a Pod."""
        gone = new is None or (old is not None and old.metadata.uid != new.metadata.uid)
        if old is not None and gone:
            self._forget_pod(old)
        elif old is not None and new is not None and _model_of(old) != _model_of(new):
            self._drop_replica(old.replica)  # somebody took it away from its model
        if new is not None:
            self._remember_pod(new)

    def child_changed(self, kind: Kind, old: Child | None, new: Child | None) -> None:
        """Take in a change of an object that we apply."""
        meta = (new or old).metadata  # type: ignore[union-attr]  # one of the two is always there
        key = ModelKey(meta.namespace, meta.name)
        if before := self._children.pop((kind, key), None):
            label = _labelled_model(before)
            del self._labelled[kind, label][key]
            if not self._labelled[kind, label]:
                del self._labelled[kind, label]
        if new is not None:
            self._children[kind, key] = new
            self._labelled.setdefault((kind, _labelled_model(new)), {})[key] = new
        for model in _models_of(old) | _models_of(new):
            self._touched(model)

    def snapshot(self) -> Snapshot:
        """Nodes, the pods on them, and the pods that will be there once our pins are seen."""
        assumed = (pod for uid, pod in self._assumed.items() if uid not in self._pods)
        return snapshot(self.nodes.by_name.values(), [*self._pods.values(), *assumed])

    def usage(self, models: Iterable[ModelKey] = ()) -> Usage:
        """Count the same, ready for a decision about some models that may assume more.

        Other models keep what they were promised.
        """
        self._tally.nodes_changed(self.nodes.changed)
        self.nodes.changed.clear()
        if self._promises.end_overdue():
            self._room_changed()
        usage = self._tally.usage()
        usage.avoid(self._refusals.avoided(self._clock()))
        for model in models:
            for pod in self._promises.of(model):
                usage.remove(pod)
        return usage

    def promise(self, demand: Demand, decision: Decision | None, claimed: Iterable[values.Pod] = ()) -> None:
        """Keep the room that a decision gives to pods that are still to come, and what moves claim."""
        coming = to_come(demand, decision) if decision else []
        if self._promises.make(demand.model, [*coming, *claimed]):
            self._room_changed()

    def forget(self, model: ModelKey) -> None:
        """Take back what a model that is gone was promised, and what is remembered of it."""
        self._evicted.pop(model, None)
        if self._promises.make(model, ()):
            self._room_changed()

    def replicas(self, model: ModelKey) -> tuple[values.Replica, ...]:
        """Give the pods of a model, oldest first; a pin that is written but not seen yet counts as seen.

        Pods that went so that a replica could move are there for a while: as terminating, with their marks.
        """
        there = [*self._evicted.get(model, {}).values(), *self._replicas.get(model, {}).values()]
        found = sorted(there, key=lambda r: (r.created_at, r.name))
        return tuple(self._with_assumption(replica) for replica in found)

    def victims(self) -> tuple[values.Replica, ...]:
        """Give the replicas of all models that are leaving in a move."""
        return tuple(self._victims.values())

    def child(self, kind: Kind, key: ModelKey) -> Child | None:
        """Give a live child object by namespace and name."""
        return self._children.get((kind, key))

    def children_of(self, kind: Kind, model: ModelKey) -> list[Child]:
        """Give the live objects of a kind that carry the label of a model."""
        return list(self._labelled.get((kind, model), {}).values())

    def assume(self, replica: values.Replica, pod: values.Pod, role: Role = NO_ROLE) -> None:
        """Count a pod on its node before the watch shows its pin."""
        self._assumed[replica.uid] = pod
        self._roles[replica.uid] = role
        self._count(replica.uid)

    def refute(self, replica: values.Replica) -> None:
        """Take an assumption back: the write failed."""
        self._roles.pop(replica.uid, None)
        if self._assumed.pop(replica.uid, None):
            self._count(replica.uid)
            self._room_changed()

    def gated_since(self, replica: values.Replica) -> float | None:
        """Tell when, in monotonic seconds, a gated pod was first seen; None when it is gone."""
        return self._gated_since.get(replica.uid)

    def refused(self, replica: values.Replica) -> None:
        """Take note that kube-scheduler refuses a replica on the node that it is pinned to."""
        if replica.node in self.nodes.by_name:
            self._refusals.note(replica.model, replica.node, self._clock())

    def is_refused_everywhere(self, model: ModelKey) -> bool:
        """Tell whether replicas of a model were refused so often lately that we had better not choose."""
        return self._refusals.is_exhausted(model, self._clock())

    def _count(self, uid: str) -> None:
        """Count a pod as it was seen, else as it was decided."""
        pod = self._pods.get(uid) or self._assumed.get(uid)
        if pod and not self._tally.counts(uid):
            self._promises.keep(pod)
        self._tally.put(uid, pod)

    def _with_assumption(self, replica: values.Replica) -> values.Replica:
        assumed = self._assumed.get(replica.uid)
        if assumed is None or replica.node is not None:
            return replica
        role = self._roles.get(replica.uid, NO_ROLE)
        return replace(
            replica,
            node=assumed.node,
            client_site=assumed.replica.client_site if assumed.replica else None,
            gates=tuple(gate for gate in replica.gates if gate != GATE),
            came_by=role.came_by,
            replaces=role.replaces,
            stands_in_for=role.stands_in_for,
        )

    def _forget_pod(self, pod: SeenPod) -> None:
        uid = pod.metadata.uid
        held = [self._pods.pop(uid, None), self._assumed.pop(uid, None)]
        self._roles.pop(uid, None)
        self._gated_since.pop(uid, None)
        self._count(uid)
        if any(held):
            self._room_changed()
        self._drop_replica(pod.replica)
        self._remember_evicted(pod.replica)

    def _remember_evicted(self, replica: values.Replica | None) -> None:
        if (
            replica is None
            or replica.leaves_by is None
            or replica.leaves_by.strategy is not MoveStrategy.EVICT
        ):
            return
        known = self._evicted.setdefault(replica.model, {})
        known[replica.uid] = replace(replica, terminating=True)
        while len(known) > MOST_EVICTED:
            del known[next(iter(known))]

    def _drop_replica(self, replica: values.Replica | None) -> None:
        if replica:
            known = self._replicas.get(replica.model, {})
            known.pop(replica.uid, None)
            if not known:
                self._replicas.pop(replica.model, None)
            self._victims.pop(replica.uid, None)
            self._touched(replica.model)

    def _remember_pod(self, pod: SeenPod) -> None:
        uid, holds = pod.metadata.uid, pod.holds
        before = self._pods.pop(uid, None)
        if holds:
            self._pods[uid] = holds
            self._assumed.pop(uid, None)
            self._roles.pop(uid, None)
        self._count(uid)
        if before and (holds is None or holds.requests != before.requests):
            self._room_changed()
        elif holds and holds != before and self._tally.is_over_committed(holds.node):
            self._room_changed()  # it came past kube-scheduler, as static pods do
        if replica := pod.replica:
            self._replicas.setdefault(replica.model, {})[uid] = replica
            self._victims.pop(uid, None)
            if replica.leaves_by and replica.alive:
                self._victims[uid] = replica
            if GATE in replica.gates:
                self._gated_since.setdefault(uid, self._clock())
            self._touched(replica.model)


def _model_of(pod: SeenPod) -> ModelKey | None:
    return pod.replica.model if pod.replica else None


def _labelled_model(child: Child) -> ModelKey:
    meta = child.metadata
    return ModelKey(meta.namespace, meta.labels.get(MODEL_LABEL, ""))


def _models_of(child: Child | None) -> set[ModelKey]:
    """Give the models that a child belongs to: by our label, which somebody may edit, and by its owner."""
    if child is None:
        return set()
    meta = child.metadata
    owner = meta.controller
    names = {meta.labels.get(MODEL_LABEL), owner.name if owner and owner.kind == KIND else None}
    return {ModelKey(meta.namespace, name) for name in names if name}


def assumed_pod(replica: values.Replica, node: str, client_site: str | None) -> values.Pod:
    """Describe the room that a pod takes once its pin is seen."""
    return values.Pod(
        namespace=replica.namespace,
        name=replica.name,
        node=node,
        requests=replica.requests,
        replica=ReplicaOf(replica.model, replica.variant, client_site),
    )
