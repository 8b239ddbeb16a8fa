"""kube-scheduler: binds pods without gates, pinned or not, and refuses what does not fit."""

from collections import Counter
from collections.abc import Callable, Mapping

import msgspec
from tests.support.changes import Change, ObjectKey
from tests.support.memory_cluster.pods import is_alive, with_condition
from tests.support.memory_cluster.store import Store
from tests.support.memory_cluster.timeline import Batch, Timeline
from tests.support.node_selector import accepts

from fogline.cluster import objects
from fogline.cluster.documents import Document
from fogline.cluster.kinds import NODES, PODS
from fogline.observe import pod_requests
from fogline.units import Amounts, resource_amounts

BIND_SECONDS = 0.02
RETRY_SECONDS = 0.1
"""After a change that may help a pod that was refused, as long as it was not refused often."""

Choose = Callable[[Document, list[str], "Room"], str]
"""Chooses one of the feasible nodes of a pod."""


class Room:
    """What is requested of each node, other people's pods included."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._allocatable: dict[str, Amounts] = {}
        self._used: dict[str, Counter[str]] = {}
        self._held: dict[str, tuple[str, Amounts]] = {}
        """By uid of the pod: its node and what it requests."""
        self._requests: dict[int, tuple[Document, Amounts]] = {}
        """By identity of the spec of a pod template, which is kept so that the identity stays its own."""
        store.watch(self._changed)

    def allocatable(self, node: str) -> Amounts:
        """Give what a node offers."""
        return self._allocatable.get(node, {})

    def used(self, node: str) -> Mapping[str, int]:
        """Give what is requested of a node."""
        return self._used.get(node, {})

    def requests_of(self, pod: Document) -> Amounts:
        """Give what a pod requests; it is the same for all pods of a template."""
        containers = pod["spec"].get("containers", [])
        known = self._requests.get(id(containers))
        if known is None or known[0] is not containers:
            known = (containers, pod_requests(msgspec.convert(pod, objects.Pod)))
            self._requests[id(containers)] = known
        return known[1]

    def fits(self, requests: Amounts, node: str) -> bool:
        """Tell whether there is room for it."""
        has, used = self.allocatable(node), self.used(node)
        return all(used.get(name, 0) + amount <= has.get(name, 0) for name, amount in requests.items())

    def _changed(self, change: Change) -> None:
        if change.kind is NODES:
            name = change.key[1]
            if change.after:
                self._allocatable[name] = resource_amounts(change.after["status"]["allocatable"])
            else:
                self._allocatable.pop(name, None)
        elif change.kind is PODS:
            pod = change.after or change.before or {}
            uid, node = pod["metadata"]["uid"], pod["spec"].get("nodeName")
            has_ended = change.after is None or pod["status"]["phase"] in {"Failed", "Succeeded"}
            holds = node is not None and not has_ended
            if holds and uid not in self._held:
                self._held[uid] = node, self.requests_of(pod)
                self._used.setdefault(node, Counter()).update(self._held[uid][1])
            elif not holds and uid in self._held:
                held_on, requests = self._held.pop(uid)
                self._used[held_on].subtract(requests)


class Scheduler:
    """Binds pods.

    Parameters
    ----------
    choose
        Chooses the node of a pod that may run on several.
    """

    def __init__(
        self, store: Store, timeline: Timeline, room: Room, choose: Choose, retry_seconds: float
    ) -> None:
        self._store = store
        self._timeline = timeline
        self._room = room
        self._choose = choose
        self._due: Batch[ObjectKey] = Batch(timeline, BIND_SECONDS, self._bind_all)
        self._again: Batch[ObjectKey] = Batch(timeline, retry_seconds, self._bind_all)
        self._refused: dict[ObjectKey, None] = {}
        self._accepting: dict[int, tuple[Document, set[str]]] = {}
        """By identity of an affinity: it, and the names of the nodes that it accepts by their labels."""
        store.watch(self._changed)

    def _changed(self, change: Change) -> None:
        if change.kind is NODES:
            before, after = change.before, change.after
            if before is None or after is None or _labels(before) != _labels(after):
                self._accepting.clear()
            self._again.wake(self._refused)
        elif change.kind is PODS and change.after is None:
            self._refused.pop(change.key, None)
            self._again.wake(self._refused)
        elif change.kind is PODS and change.after and _is_waiting(change.after):
            self._due.wake({change.key} - self._refused.keys())

    def _bind_all(self, keys: tuple[ObjectKey, ...]) -> None:
        for key in keys:
            pod = self._store.find(PODS, key)
            if pod and _is_waiting(pod):
                self._bind(key, pod)

    def _bind(self, key: ObjectKey, pod: Document) -> None:
        feasible = [name for name in self._candidates(pod) if self._takes(pod, name)]
        if not feasible:
            if key not in self._refused:
                self._refused[key] = None
                self._refuse(key, pod)
            return
        self._refused.pop(key, None)
        node = feasible[0] if len(feasible) == 1 else self._choose(pod, feasible, self._room)
        status = with_condition(pod["status"], "PodScheduled", "True")
        self._store.change(PODS, key, spec={**pod["spec"], "nodeName": node}, status=status)

    def _refuse(self, key: ObjectKey, pod: Document) -> None:
        status = with_condition(
            pod["status"],
            "PodScheduled",
            "False",
            reason="Unschedulable",
            message="no node is available",
            lastTransitionTime=self._timeline.text(),
        )
        self._store.change(PODS, key, status=status)

    def _candidates(self, pod: Document) -> list[str]:
        pinned = msgspec.convert(pod, objects.Pod).pinned_node
        if pinned is not None:
            node = self._store.find(NODES, ("", pinned))
            matches = node is not None and accepts(pod["spec"]["affinity"], _labels(node), pinned)
            return [pinned] if matches else []
        affinity = pod["spec"].get("affinity")
        if affinity is None:
            return sorted(node["metadata"]["name"] for node in self._store.all(NODES))
        known = self._accepting.get(id(affinity))
        if known is None or known[0] is not affinity:
            names = {
                node["metadata"]["name"]
                for node in self._store.all(NODES)
                if accepts(affinity, _labels(node), node["metadata"]["name"])
            }
            known = self._accepting[id(affinity)] = affinity, names
        return sorted(known[1])

    def _takes(self, pod: Document, name: str) -> bool:
        node = self._store.get(NODES, ("", name))
        spec = node["spec"]
        if spec.get("unschedulable") or not self._room.fits(self._room.requests_of(pod), name):
            return False
        return all(
            taint["effect"] == "PreferNoSchedule" or tolerates(pod, taint) for taint in spec.get("taints", ())
        )


def tolerates(pod: Document, taint: Document) -> bool:
    """Tell whether a pod puts up with a taint, for however long."""
    return tolerated_seconds(pod, taint) is not None


def tolerated_seconds(pod: Document, taint: Document) -> float | None:
    """Tell how long a pod stays on a node with a taint; None: not at all.

    Without a word of its own a pod gets 300 s for nodes that are lost (admission plug-in
    DefaultTolerationSeconds).
    """
    longest: float | None = None
    for one in pod["spec"].get("tolerations", ()):
        if one.get("key") == taint["key"] and one.get("effect", taint["effect"]) == taint["effect"]:
            seconds = one.get("tolerationSeconds", float("inf"))
            longest = max(longest or 0.0, seconds)
    if longest is None and taint["effect"] == "NoExecute" and taint["key"] in LOST:
        return 300.0
    return longest


LOST = {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}
"""Keys of the taints of nodes that are lost."""


def _is_waiting(pod: Document) -> bool:
    spec = pod["spec"]
    return is_alive(pod) and not spec.get("nodeName") and not spec.get("schedulingGates")


def _labels(node: Document) -> Mapping[str, str]:
    labels: Mapping[str, str] = node["metadata"].get("labels", {})
    return labels
