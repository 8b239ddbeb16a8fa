"""Pods of a model that are there for a while beside its replicas, because of a move or a cut link."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from fogline.api import ModelDeployment
from fogline.cluster import objects
from fogline.disruption import present
from fogline.names import MODEL_LABEL, ModelKey
from fogline.observe import Owned, is_marked, model_key, moves, to_replica
from fogline.placement import Usage, demand_of
from fogline.snapshot import Replica, Snapshot


def without_beside(
    models: Iterable[ModelDeployment], snapshot: Snapshot, pods: Iterable[objects.Pod], now: datetime
) -> Snapshot:
    """Stop counting, for their models, pods that the operator does not count either; they hold their room.

    These are victims of moves whose replacement has its node, replacements that nobody waits for any more,
    and stand-ins. A victim without a replacement counts: there is no other replica in its place yet.
    """
    pods = tuple(pods)
    concerned = {_model_of(pod) for pod in pods if is_marked(pod.metadata.annotations)}
    own: defaultdict[ModelKey, list[Replica]] = defaultdict(list)
    for pod in pods if concerned else ():  # to read all replicas of a large cluster takes a while
        if _model_of(pod) in concerned and (replica := to_replica(pod)):
            own[replica.model].append(replica)
    beside: set[tuple[str, str]] = set()
    for model in models:
        if replicas := own.get(model_key(model)):
            found = _beside(model, tuple(replicas), snapshot, now)
            beside |= {(one.namespace, one.name) for one in found}
    if not beside:
        return snapshot
    counted = (
        replace(pod, replica=None) if (pod.namespace, pod.name) in beside else pod for pod in snapshot.pods
    )
    return Snapshot(snapshot.nodes, tuple(counted))


def why_beside(replica: Replica, others: Iterable[Replica]) -> str:
    """Say why a pod of a model does not count as one of its replicas."""
    if move := replica.leaves_by:
        return f"leaves for {move.target}: {move.reason}"
    original = next((one for one in others if one.uid == replica.stands_in_for), None)
    if original:
        return f"stands in for {original.name} on {original.node}"
    return "goes: it came for a replica that stays"


def _model_of(pod: objects.Pod) -> tuple[str, str | None]:
    return pod.metadata.namespace, pod.metadata.labels.get(MODEL_LABEL)


def _beside(
    model: ModelDeployment, replicas: tuple[Replica, ...], snapshot: Snapshot, now: datetime
) -> tuple[Replica, ...]:
    progress = moves(model, demand_of(model), Owned(replicas, {}), Usage(snapshot), now)
    replaced = (one.victim for one in progress.underway if one.replacement)
    return (*replaced, *progress.left_over, *present(replicas))
