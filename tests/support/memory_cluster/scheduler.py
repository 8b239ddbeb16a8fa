"""kube-scheduler: binds pods without gates, pinned or not, and refuses what does not fit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from tests.support.changes import Change, ObjectKey
from tests.support.judging.placing import pins
from tests.support.memory_cluster.pods import is_alive, with_condition
from tests.support.memory_cluster.room import Room
from tests.support.memory_cluster.store import Store
from tests.support.memory_cluster.timeline import Batch, Timeline
from tests.support.node_selector import accepts, keys_of

from fogline.cluster.documents import Document
from fogline.cluster.kinds import NODES, PODS
from fogline.placement.columns import Bools, Ints

BIND_SECONDS = 0.02
RETRY_SECONDS = 0.1
"""After a change that may help a pod that was refused, as long as it was not refused often."""

Choose = Callable[[Document, Ints, Room], int]
"""Chooses one of the feasible nodes of a pod; all are rows of the room."""


@dataclass(slots=True)
class _Accepting:
    """The nodes that an affinity accepts by their labels."""

    affinity: Document
    keys: frozenset[str]
    """Labels that it asks for."""
    rows: Bools
    """Whether each node is accepted; those that came later are missing."""


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
        self._accepting: dict[int, _Accepting] = {}
        """By identity of the affinity."""
        self._plain: Bools = np.zeros(0, dtype=bool)
        """Whether each node takes any pod that fits: it is not cordoned and has no taint. By row."""
        store.watch(self._changed)

    def _changed(self, change: Change) -> None:
        if change.kind is NODES:
            self._follow(change)
            self._again.wake(self._refused)
        elif change.kind is PODS and change.after is None:
            self._refused.pop(change.key, None)
            self._again.wake(self._refused)
        elif change.kind is PODS and change.after and _is_waiting(change.after):
            self._due.wake({change.key} - self._refused.keys())

    def _follow(self, change: Change) -> None:
        """Take in a change of a node."""
        name, live = change.key[1], change.after
        row = self._room.row_of[name]
        spec = live["spec"] if live else {}
        self._plain_rows()[row] = (
            live is not None and not spec.get("unschedulable") and not spec.get("taints")
        )
        before, after = _labels(change.before or {}), _labels(live or {})
        if before == after:
            return
        changed = {key for key in {**before, **after} if before.get(key) != after.get(key)}
        for known in self._accepting.values():
            if row < len(known.rows) and (change.before is None or not changed.isdisjoint(known.keys)):
                known.rows[row] = accepts(known.affinity, after, name)

    def _bind_all(self, keys: tuple[ObjectKey, ...]) -> None:
        for key in keys:
            pod = self._store.find(PODS, key)
            if pod and _is_waiting(pod):
                self._bind(key, pod)

    def _bind(self, key: ObjectKey, pod: Document) -> None:
        feasible = self._feasible(pod)
        if not len(feasible):
            if key not in self._refused:
                self._refused[key] = None
                self._refuse(key, pod)
            return
        self._refused.pop(key, None)
        row = int(feasible[0]) if len(feasible) == 1 else self._choose(pod, feasible, self._room)
        status = with_condition(pod["status"], "PodScheduled", "True")
        self._store.change(PODS, key, spec={**pod["spec"], "nodeName": self._room.names[row]}, status=status)

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

    def _feasible(self, pod: Document) -> Ints:
        """Give the rows of the nodes that can run a pod."""
        pinned = _pin(pod)
        if pinned is not None:
            node = self._store.find(NODES, ("", pinned))
            takes = (
                node is not None
                and accepts(pod["spec"]["affinity"], _labels(node), pinned)
                and self._room.fits(self._room.requests_of(pod), pinned)
                and _lets_in(pod, node)
            )
            return np.array([self._room.row_of[pinned]] if takes else [], dtype=np.int64)
        fit = self._room.fit(self._room.requests_of(pod))
        if (affinity := pod["spec"].get("affinity")) is not None:
            fit &= self._accepting_rows(affinity)
        fit &= self._plain_rows() | self._tolerated(pod, fit)
        return np.flatnonzero(fit)

    def _plain_rows(self) -> Bools:
        if new := len(self._room.names) - len(self._plain):
            self._plain = np.append(self._plain, np.zeros(new, dtype=bool))
        return self._plain

    def _tolerated(self, pod: Document, fit: Bools) -> Bools:
        """Tell which nodes with a taint take a pod; only those that fit otherwise are looked at."""
        found = np.zeros(len(fit), dtype=bool)
        for row in np.flatnonzero(fit & ~self._plain_rows()).tolist():
            found[row] = _lets_in(pod, self._store.get(NODES, ("", self._room.names[row])))
        return found

    def _accepting_rows(self, affinity: Document) -> Bools:
        known = self._accepting.get(id(affinity))
        if known is None or known.affinity is not affinity:
            known = _Accepting(affinity, frozenset(keys_of(affinity)), np.zeros(0, dtype=bool))
            self._accepting[id(affinity)] = known
        if len(known.rows) < len(self._room.names):
            later = self._room.names[len(known.rows) :]
            lives = [self._store.find(NODES, ("", name)) for name in later]
            answers = [
                live is not None and accepts(affinity, _labels(live), name)
                for live, name in zip(lives, later, strict=True)
            ]
            known.rows = np.append(known.rows, np.array(answers, dtype=bool))
        return known.rows


def _pin(pod: Document) -> str | None:
    """Name the node that all terms of a pod name."""
    if "affinity" not in pod["spec"]:
        return None
    found = pins(pod)
    return next(iter(found)) if len(found) == 1 else None


def _lets_in(pod: Document, node: Document) -> bool:
    spec = node["spec"]
    if spec.get("unschedulable"):
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
    labels: Mapping[str, str] = node.get("metadata", {}).get("labels", {})
    return labels
