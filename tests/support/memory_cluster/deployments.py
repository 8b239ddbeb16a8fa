"""The controllers of Deployments, of their ReplicaSets, and of what loses its owner, in one.

How they behave was seen on Kubernetes 1.34: the order of a scale-down (KEP-2255, without co-location), and
what happens to a Deployment that is scaled while it rolls out.
"""

import contextlib
import hashlib
from collections import defaultdict
from collections.abc import Mapping
from heapq import nsmallest

import msgspec
from tests.support.changes import Change, ObjectKey, key_of
from tests.support.memory_cluster.pods import is_alive, is_ready
from tests.support.memory_cluster.store import Store
from tests.support.memory_cluster.timeline import Batch, Timeline

from fogline.cluster.documents import Document
from fogline.cluster.kinds import (
    DEPLOYMENTS,
    MODEL_DEPLOYMENTS,
    POD_DISRUPTION_BUDGETS,
    PODS,
    SERVICES,
)
from fogline.errors import ApiError
from fogline.memo import Memo
from fogline.names import DELETION_COST_ANNOTATION

SYNC_SECONDS = 0.05
_HASH = "pod-template-hash"


class Deployments:
    """Makes pods for Deployments, replaces them when the template changes, and deletes those too many."""

    def __init__(self, store: Store, timeline: Timeline) -> None:
        self._store = store
        self._due = Batch(timeline, SYNC_SECONDS, self._sync_all)
        self._sizes: dict[ObjectKey, dict[str, int]] = {}
        """Replicas that each ReplicaSet should have, by hash of the template; the newest comes last."""
        self._scaled_to: dict[ObjectKey, int] = {}
        self._templates: dict[tuple[ObjectKey, str], Document] = {}
        self._pods: defaultdict[ObjectKey, dict[ObjectKey, None]] = defaultdict(dict)
        self._hashes: Memo[Document, str] = Memo(most=4096)
        """By template."""
        self._made = 0
        store.watch(self._changed)

    def _changed(self, change: Change) -> None:
        match change.kind:
            case kind if kind is DEPLOYMENTS:
                self._due.wake([change.key])
            case kind if kind is PODS:
                owner = _deployment_of(change.after or change.before or {})
                if owner is None:
                    return
                if change.after is None:
                    self._pods[owner].pop(change.key, None)
                else:
                    self._pods[owner][change.key] = None
                self._due.wake([owner])
            case kind if kind is MODEL_DEPLOYMENTS and change.after is None and change.before:
                self._collect(change.before["metadata"]["uid"])

    def _collect(self, owner: str) -> None:
        """Delete what an owner leaves behind."""
        for kind in (DEPLOYMENTS, SERVICES, POD_DISRUPTION_BUDGETS):
            for child in self._store.all(kind):
                if any(one["uid"] == owner for one in child["metadata"].get("ownerReferences", ())):
                    self._store.remove(kind, key_of(child))

    def _sync_all(self, keys: tuple[ObjectKey, ...]) -> None:
        for key in keys:
            live = self._store.find(DEPLOYMENTS, key)
            if live:
                self._sync(key, live)
            else:
                self._forget(key)

    def _forget(self, key: ObjectKey) -> None:
        self._sizes.pop(key, None)
        self._scaled_to.pop(key, None)
        for pod in list(self._pods.pop(key, ())):
            self._store.delete(PODS, pod)

    def _sync(self, key: ObjectKey, live: Document) -> None:
        newest = self._hashes.get(live["spec"]["template"], _hash_of)
        self._templates[key, newest] = live["spec"]["template"]
        sizes = self._sizes.setdefault(key, {})
        sizes[newest] = sizes.pop(newest, 0)
        found = self._by_set(key)
        self._sizes[key] = sizes = _sizes(sizes, newest, live["spec"], self._scaled_to.get(key, 0), found)
        self._scaled_to[key] = live["spec"]["replicas"]
        is_right = True
        for name, size in sizes.items():
            pods = found.get(name, [])
            is_right = is_right and len(pods) == size
            self._fill(key, live, name, size - len(pods))
            for pod in nsmallest(len(pods) - size, pods, key=_goes_first):
                self._store.delete(PODS, key_of(pod))
        self._tell(key, live, newest, found if is_right else self._by_set(key))

    def _fill(self, key: ObjectKey, live: Document, name: str, missing: int) -> None:
        for _ in range(missing):
            self._made += 1
            template = self._templates[key, name]
            meta = {
                "name": f"{key[1]}-{name}-{self._made:06}",
                "namespace": key[0],
                "labels": {**template["metadata"]["labels"], _HASH: name},
                "annotations": dict(template["metadata"].get("annotations", {})),
                "ownerReferences": [
                    {
                        "apiVersion": "apps/v1",
                        "kind": "ReplicaSet",
                        "name": f"{key[1]}-{name}",
                        "uid": f"{live['metadata']['uid']}-{name}",
                        "controller": True,
                    }
                ],
            }
            why = "SchedulingGated" if template["spec"].get("schedulingGates") else "Unschedulable"
            waits = {"type": "PodScheduled", "status": "False", "reason": why}
            pod = {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": meta,
                "spec": template["spec"],
                "status": {"phase": "Pending", "conditions": [waits]},
            }
            with contextlib.suppress(ApiError):  # its namespace is being terminated
                self._store.create(pod)

    def _by_set(self, key: ObjectKey) -> dict[str, list[Document]]:
        """Give the living pods by the hash of their template."""
        found: defaultdict[str, list[Document]] = defaultdict(list)
        for pod_key in self._pods[key]:
            pod = self._store.get(PODS, pod_key)
            if is_alive(pod):
                found[pod["metadata"]["labels"][_HASH]].append(pod)
        return found

    def _tell(self, key: ObjectKey, live: Document, newest: str, found: Mapping[str, list[Document]]) -> None:
        pods = [pod for group in found.values() for pod in group]
        ready = sum(map(is_ready, pods))
        status = {
            "observedGeneration": live["metadata"]["generation"],
            "replicas": len(pods),
            "updatedReplicas": len(found.get(newest, ())),
            "readyReplicas": ready,
            "availableReplicas": ready,
        }
        self._store.change(DEPLOYMENTS, key, status=status)


def _sizes(
    sizes: Mapping[str, int],
    newest: str,
    spec: Document,
    scaled_to: int,
    found: Mapping[str, list[Document]],
) -> dict[str, int]:
    """Decide how many replicas each ReplicaSet should have.

    A Deployment that is scaled while it rolls out is only scaled at first: the largest set takes it all.
    """
    wanted = spec["replicas"]
    others = [name for name, size in sizes.items() if size and name != newest]
    result = dict(sizes)
    if not others:
        return {newest: wanted}
    if wanted != scaled_to:
        largest = max([newest, *others], key=lambda name: (result[name], name == newest))
        result[largest] = max(0, result[largest] + wanted - scaled_to)
        return result
    surge, unavailable = _bounds(spec, wanted)
    total = sum(result.values())
    up = max(0, min(wanted - result[newest], wanted + surge - total))
    result[newest] += up
    ready = {name: sum(map(is_ready, found.get(name, ()))) for name in result}
    down = total + up - (wanted - unavailable) - (result[newest] - ready[newest])
    for name in others:  # replicas that are not Ready are missed by nobody
        cut = min(max(0, result[name] - ready[name]), max(0, down))
        result[name] -= cut
        down -= cut
    down = min(down, sum(ready.values()) - (wanted - unavailable))
    for name in others:
        cut = min(result[name], max(0, down))
        result[name] -= cut
        down -= cut
    return {name: size for name, size in result.items() if size or found.get(name) or name == newest}


def _bounds(spec: Document, wanted: int) -> tuple[int, int]:
    """Give how many replicas a rollout may add, rounded up, and how many it may miss, rounded down."""
    given = spec["strategy"]["rollingUpdate"]
    surge, unavailable = given["maxSurge"], given["maxUnavailable"]
    if isinstance(surge, str):
        surge = -(-wanted * int(surge.removesuffix("%")) // 100)
    if isinstance(unavailable, str):
        unavailable = wanted * int(unavailable.removesuffix("%")) // 100
    return surge, unavailable


def _goes_first(pod: Document) -> tuple[bool, bool, bool, int, int]:
    """Rank pods for a scale-down, the lowest goes first: readiness beats the deletion cost."""
    return (
        bool(pod["spec"].get("nodeName")),
        pod["status"]["phase"] == "Running",
        is_ready(pod),
        int(pod["metadata"].get("annotations", {}).get(DELETION_COST_ANNOTATION, 0)),
        -int(pod["metadata"]["name"].rpartition("-")[2]),
    )


def _deployment_of(pod: Document) -> ObjectKey | None:
    for owner in pod["metadata"].get("ownerReferences", ()):
        if owner["kind"] == "ReplicaSet":
            return pod["metadata"]["namespace"], owner["name"].rpartition("-")[0]
    return None


def _hash_of(template: Document) -> str:
    return hashlib.sha256(msgspec.json.encode(template)).hexdigest()[:10]
