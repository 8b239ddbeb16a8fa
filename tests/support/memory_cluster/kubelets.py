"""The kubelets, and the controllers of nodes: pods become Ready, nodes fail, are cut off and come back."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from tests.support.changes import Change, ObjectKey, key_of
from tests.support.memory_cluster.pods import is_alive, is_ready, with_condition
from tests.support.memory_cluster.room import Room
from tests.support.memory_cluster.scheduler import tolerated_seconds
from tests.support.memory_cluster.store import Store
from tests.support.memory_cluster.timeline import Timeline

from fogline.cluster.documents import Document
from fogline.cluster.kinds import NODES, PODS

LEAVE_SECONDS = 4.0
"""From the deletion of a pod to its end: it drains for 3 s and then stops at once."""
NOTICE_SECONDS = 50.0
"""Without a word from its kubelet a node is lost (--node-monitor-grace-period, since Kubernetes 1.32)."""
UNREACHABLE = "node.kubernetes.io/unreachable"
_TAINTS = [{"key": UNREACHABLE, "effect": effect} for effect in ("NoSchedule", "NoExecute")]


class Link(Enum):
    """How a machine is."""

    UP = auto()
    CUT = auto()
    """It runs, and nobody outside can reach it."""
    DEAD = auto()
    """Nothing runs on it."""


@dataclass(slots=True)
class _Machine:
    link: Link = Link.UP
    changes: int = 0
    """Of the link, so that what was planned before the last one is left undone."""
    pods: dict[ObjectKey, None] = field(default_factory=dict)
    loaded: set[str] = field(default_factory=set)
    """uids of the pods that run and have loaded their model."""


class Kubelets:
    """All machines of the cluster.

    Parameters
    ----------
    load_seconds
        Says how long a pod takes from its binding until it answers.
    """

    def __init__(
        self, store: Store, timeline: Timeline, room: Room, load_seconds: Callable[[Document], float]
    ) -> None:
        self._store = store
        self._timeline = timeline
        self._room = room
        self._load_seconds = load_seconds
        self._machines: defaultdict[str, _Machine] = defaultdict(_Machine)
        store.watch(self._changed)

    def pods_on(self, node: str) -> list[Document]:
        """Give the pods that are bound to a node."""
        return [self._store.get(PODS, key) for key in self._machines[node].pods]

    def is_serving(self, pod: Document) -> bool:
        """Tell whether a pod answers those who can reach it, whatever the API server knows of it."""
        node = pod["spec"].get("nodeName")
        return node is not None and pod["metadata"]["uid"] in self._machines[node].loaded

    def fail(self, node: str) -> None:
        """Let a machine lose its power."""
        self._machines[node].loaded.clear()
        self._lose(node, Link.DEAD)

    def cut(self, node: str) -> None:
        """Let a machine lose its link; what runs on it goes on."""
        self._lose(node, Link.CUT)

    def restore(self, node: str) -> None:
        """Let a machine be back, with power and link."""
        machine = self._machines[node]
        live = self._store.find(NODES, ("", node))
        if live is None or machine.link is Link.UP:
            return
        machine.link, machine.changes = Link.UP, machine.changes + 1
        taints = [taint for taint in live["spec"].get("taints", ()) if taint["key"] != UNREACHABLE]
        self._store.change(
            NODES,
            ("", node),
            spec={**live["spec"], "taints": taints},
            status=with_condition(live["status"], "Ready", "True", lastTransitionTime=self._moment()),
        )
        for pod in self.pods_on(node):
            if not is_alive(pod):
                self._end(pod)
            elif self.is_serving(pod):
                self._report(pod)
            else:
                self._load(pod)

    def restart(self, node: str) -> None:
        """Restart a kubelet: it admits its pods anew, the oldest first, and kills those that do not fit."""
        admitted: Counter[str] = Counter()
        has = self._room.allocatable(node)
        for pod in sorted(self.pods_on(node), key=lambda pod: int(pod["metadata"]["uid"].rpartition("-")[2])):
            requests = self._room.requests_of(pod)
            if not is_alive(pod):
                continue
            if all(admitted[name] + amount <= has.get(name, 0) for name, amount in requests.items()):
                admitted.update(requests)
            else:
                self._machines[node].loaded.discard(pod["metadata"]["uid"])
                ended = {"phase": "Failed", "reason": "OutOfcpu", "message": "there is no room for it"}
                self._store.change(
                    PODS,
                    key_of(pod),
                    status={**with_condition(pod["status"], "Ready", "False"), **ended},
                )

    def _changed(self, change: Change) -> None:
        if change.kind is NODES and change.after is None:
            self._vanish(change.key[1])
        if change.kind is not PODS:
            return
        before, after = change.before, change.after
        was_on = before["spec"].get("nodeName") if before else None
        node = after["spec"].get("nodeName") if after else None
        if after is None and before and was_on:
            machine = self._machines[was_on]
            machine.pods.pop(change.key, None)
            machine.loaded.discard(before["metadata"]["uid"])
        elif after is not None and node and not was_on:
            self._machines[node].pods[change.key] = None
            self._load(after)
        elif after is not None and before is not None and not is_alive(after) and is_alive(before):
            pod = after
            if "deletionTimestamp" in pod["metadata"]:
                self._timeline.later(LEAVE_SECONDS, lambda: self._end(pod))

    def _load(self, pod: Document) -> None:
        machine = self._machines[pod["spec"]["nodeName"]]
        changes = machine.changes

        def loaded() -> None:
            if machine.changes == changes and machine.link is not Link.DEAD and self._lives(pod):
                machine.loaded.add(pod["metadata"]["uid"])
                self._report(pod)

        self._timeline.later(self._load_seconds(pod), loaded)

    def _report(self, pod: Document) -> None:
        """Tell the API server that a pod is Ready, if the link is there."""
        if not self._lives(pod) or self._link_of(pod) is not Link.UP:
            return
        live = self._store.get(PODS, key_of(pod))
        fetched = {"state": {"terminated": {"exitCode": 0}}}
        status = {
            **with_condition(live["status"], "Ready", "True"),
            "phase": "Running",
            "initContainerStatuses": [
                {"name": one["name"], **fetched} for one in live["spec"].get("initContainers", ())
            ],
        }
        self._store.change(PODS, key_of(pod), status=status)

    def _end(self, pod: Document) -> None:
        """Let a pod that is on its way out be gone, if its kubelet can say so."""
        live = self._store.find(PODS, key_of(pod))
        if live is None or live["metadata"]["uid"] != pod["metadata"]["uid"]:
            return
        if self._link_of(live) is Link.UP:
            self._store.remove(PODS, key_of(pod))

    def _link_of(self, pod: Document) -> Link:
        return self._machines[pod["spec"]["nodeName"]].link

    def _lives(self, pod: Document) -> bool:
        live = self._store.find(PODS, key_of(pod))
        return live is not None and live["metadata"]["uid"] == pod["metadata"]["uid"] and is_alive(live)

    def _lose(self, node: str, link: Link) -> None:
        machine = self._machines[node]
        if machine.link is Link.UP:
            machine.changes += 1
            changes = machine.changes
            self._timeline.later(NOTICE_SECONDS, lambda: self._notice(node, changes))
        machine.link = link

    def _notice(self, node: str, changes: int) -> None:
        """Mark a node as lost, and plan what its taints do to its pods."""
        live = self._store.find(NODES, ("", node))
        if live is None or self._machines[node].changes != changes:
            return
        self._store.change(
            NODES,
            ("", node),
            spec={**live["spec"], "taints": [*live["spec"].get("taints", ()), *_TAINTS]},
            status=with_condition(live["status"], "Ready", "Unknown", lastTransitionTime=self._moment()),
        )
        for pod in self.pods_on(node):
            if is_ready(pod):
                self._store.change(PODS, key_of(pod), status=with_condition(pod["status"], "Ready", "False"))
            self._evict_later(pod, changes)

    def _moment(self) -> str:
        return self._timeline.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def _evict_later(self, pod: Document, changes: int) -> None:
        seconds = tolerated_seconds(pod, _TAINTS[1])
        if seconds == float("inf"):
            return

        def evict() -> None:
            is_still_lost = self._machines[pod["spec"]["nodeName"]].changes == changes
            if is_still_lost and self._lives(pod):
                self._store.delete(PODS, key_of(pod))

        self._timeline.later(seconds or 0.0, evict)

    def _vanish(self, node: str) -> None:
        """Collect the pods of a node that was deleted."""
        for key in list(self._machines.pop(node, _Machine()).pods):
            self._store.remove(PODS, key)
