"""A live Pod as placement sees it: the room it takes, and what it is to its model."""

from datetime import UTC, datetime
from functools import lru_cache

from fogline import names, snapshot
from fogline.cluster import objects
from fogline.names import ModelKey
from fogline.observe.marks import came_by, leaves_by, moment
from fogline.observe.requests import pod_requests

UNSCHEDULABLE = "Unschedulable"
_ENDED = {"Succeeded", "Failed"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STARTING = {"", "PodInitializing", "ContainerCreating"}
"""Waiting reasons that are no trouble: the kubelet is at work."""


def to_pod(pod: objects.Pod) -> snapshot.Pod | None:
    """Tell what room a pod takes; None when it takes none: no node yet, or ended."""
    node = _node(pod)
    if node is None or pod.status.phase in _ENDED:
        return None
    return snapshot.Pod(
        namespace=pod.metadata.namespace,
        name=pod.metadata.name,
        node=node,
        requests=pod_requests(pod),
        replica=None if pod.metadata.deletion_timestamp else _serves(pod.metadata),
    )


def _serves(meta: objects.ObjectMeta) -> snapshot.ReplicaOf | None:
    """Tell what a pod of ours serves by its labels and annotations; None for other people's pods."""
    model, variant = meta.labels.get(names.MODEL_LABEL), meta.labels.get(names.VARIANT_LABEL)
    if not model or not variant:
        return None
    return _replica_of(meta.namespace, model, variant, meta.annotations.get(names.CLIENT_SITE_ANNOTATION))


@lru_cache(maxsize=16_384)
def _replica_of(namespace: str, model: str, variant: str, site: str | None) -> snapshot.ReplicaOf:
    """Make the one value that all replicas of a model share which serve the same."""
    return snapshot.ReplicaOf(ModelKey(namespace, model), variant, site)


def to_replica(pod: objects.Pod) -> snapshot.Replica | None:
    """Read a pod of ours; None for other people's pods."""
    meta, status = pod.metadata, pod.status
    serves = _serves(meta)
    if serves is None:
        return None
    notes = meta.annotations
    scheduled = _condition(pod, "PodScheduled")
    ready = _condition(pod, "Ready")
    return snapshot.Replica(
        namespace=meta.namespace,
        name=meta.name,
        uid=meta.uid,
        resource_version=meta.resource_version,
        created_at=meta.creation_timestamp or _EPOCH,
        model=serves.model,
        variant=serves.variant,
        template=meta.labels.get("pod-template-hash", ""),
        client_site=serves.client_site,
        requests=pod_requests(pod),
        gates=tuple(gate.name for gate in pod.spec.scheduling_gates),
        annotations=notes,
        affinity_terms=len(pod.node_selector_terms),
        node=_node(pod),
        bound=bool(pod.spec.node_name),
        terminating=meta.deletion_timestamp is not None,
        failure=_failure(status),
        ready=ready is not None and ready.status == "True",
        readiness_since=ready.last_transition_time if ready else None,
        fetched=_fetched(pod),
        trouble=_trouble(pod),
        refused_since=_refused_since(scheduled, moment(notes.get(names.DECIDED_AT_ANNOTATION))),
        refusal=scheduled.message if scheduled and scheduled.reason == UNSCHEDULABLE else "",
        decided_at=moment(notes.get(names.DECIDED_AT_ANNOTATION)),
        leaves_by=leaves_by(notes, _node(pod)),
        came_by=came_by(notes, _node(pod), serves.variant, serves.client_site),
        replaces=notes.get(names.REPLACES_ANNOTATION),
        stands_in_for=notes.get(names.STANDS_IN_ANNOTATION),
    )


def _refused_since(scheduled: objects.Condition | None, decided_at: datetime | None) -> datetime | None:
    """Tell since when kube-scheduler refuses the pod; None when it does not.

    The condition keeps the time since which the pod is not scheduled, also while it was gated.
    """
    if scheduled is None or scheduled.status != "False" or scheduled.reason != UNSCHEDULABLE:
        return None
    times = (scheduled.last_transition_time, decided_at)
    return max((time for time in times if time), default=None)


def _failure(status: objects.PodStatus) -> str | None:
    if status.phase not in _ENDED:
        return None
    return ": ".join(text for text in (status.reason, status.message) if text) or status.phase


def _node(pod: objects.Pod) -> str | None:
    return pod.spec.node_name or pod.pinned_node


def _condition(pod: objects.Pod, kind: str) -> objects.Condition | None:
    return next((c for c in pod.status.conditions if c.type == kind), None)


def _fetched(pod: objects.Pod) -> bool:
    """Whether every init container has ended well; the artifact is there then. A sidecar never ends."""
    statuses = {s.name: s.state.terminated for s in pod.status.init_container_statuses}
    fetchers = [one for one in pod.spec.init_containers if one.restart_policy != "Always"]
    ends = [statuses.get(container.name) for container in fetchers]
    return bool(pod.spec.node_name) and all(end is not None and end.exit_code == 0 for end in ends)


def _trouble(pod: objects.Pod) -> str | None:
    """Say what keeps a container from running; how it ended before counts until it is Ready."""
    for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        if status.ready:
            continue
        for state in (status.state, status.last_state):
            if state.terminated and state.terminated.exit_code:
                detail = state.terminated.message.strip() or state.terminated.reason
                return f"{status.name} ended with exit code {state.terminated.exit_code}: {detail}"
            if state.waiting and state.waiting.reason not in _STARTING | {"CrashLoopBackOff"}:
                return f"{status.name}: {state.waiting.reason}: {state.waiting.message}"
        if status.state.waiting and status.state.waiting.reason == "CrashLoopBackOff":
            return f"{status.name}: {status.state.waiting.message}"
    return None
