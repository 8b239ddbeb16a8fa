"""How kube-scheduler scores nodes by default, as a plain model."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from tests.support.changes import Change
from tests.support.memory_cluster import MemoryCluster
from tests.support.memory_cluster.room import Room

from fogline.cluster.documents import Document
from fogline.cluster.kinds import NODES, PODS
from fogline.names import MODEL_LABEL, ZONE_LABEL, ModelKey
from fogline.placement.columns import Ints

_SPREAD_WEIGHT = 2
"""PodTopologySpread counts twice (kube-scheduler's default plug-ins)."""


def _no_rows() -> Ints:
    return np.zeros(0, dtype=np.int64)


@dataclass(slots=True)
class _Crowd:
    """The pods of one model."""

    on_node: Ints = field(default_factory=_no_rows)
    """By row of the node."""
    in_zone: Ints = field(default_factory=_no_rows)
    """By number of the zone."""


class Scorer:
    """Takes the node with the best score, of equal ones the first by name.

    It scores by LeastAllocated, BalancedAllocation, and spread over zones and nodes.
    """

    def __init__(self) -> None:
        self._row_of: Mapping[str, int] = {}
        """Rows of the nodes, kept by the room."""
        self._zones: dict[str, int] = {}
        """By name, the number of each."""
        self._zone_of: Ints = _no_rows()
        """By row of the node, the number of its zone."""
        self._crowds: dict[ModelKey, _Crowd] = {}

    def follow(self, cluster: MemoryCluster) -> None:
        """Keep count of what is where."""
        self._row_of = cluster.room.row_of
        cluster.store.watch(self._changed)

    def choose(self, pod: Document, feasible: Ints, room: Room) -> int:
        """Choose one of the nodes that can run a pod."""
        meta = pod["metadata"]
        crowd = self._crowd(ModelKey(meta["namespace"], meta["labels"][MODEL_LABEL]))
        crowds = crowd.on_node[feasible] + crowd.in_zone[self._zone_of[feasible]]
        most_crowded = int(crowds.max()) or 1
        requests = room.requests_of(pod)
        cpu, memory = (
            (room.taken(name)[feasible] + requests[name]) / room.offered(name)[feasible]
            for name in ("cpu", "memory")
        )
        least = 100 * (1 - (cpu + memory) / 2)
        balanced = 100 * (1 - np.abs(cpu - memory) / 2)
        spread = 100 * (1 - crowds / most_crowded)
        score = least + balanced + _SPREAD_WEIGHT * spread
        best: list[int] = feasible[score == score.max()].tolist()
        return min(best, key=room.names.__getitem__)

    def _changed(self, change: Change) -> None:
        if change.kind is NODES and change.after:
            zone = change.after["metadata"]["labels"].get(ZONE_LABEL, change.key[1])
            self._zone_of = _grown(self._zone_of, len(self._row_of))
            self._zone_of[self._row_of[change.key[1]]] = self._zones.setdefault(zone, len(self._zones))
        elif change.kind is PODS:
            was_on, is_on = _node(change.before), _node(change.after)
            if was_on != is_on:
                self._count(change.document, was_on, -1)
                self._count(change.document, is_on, 1)

    def _count(self, pod: Document, node: str | None, step: int) -> None:
        if node is not None:
            meta = pod["metadata"]
            crowd = self._crowd(ModelKey(meta["namespace"], meta["labels"][MODEL_LABEL]))
            row = self._row_of[node]
            crowd.on_node[row] += step
            crowd.in_zone[self._zone_of[row]] += step

    def _crowd(self, model: ModelKey) -> _Crowd:
        """Give the counts of a model, with a place for every node and zone."""
        crowd = self._crowds.setdefault(model, _Crowd())
        crowd.on_node = _grown(crowd.on_node, len(self._row_of))
        crowd.in_zone = _grown(crowd.in_zone, len(self._zones))
        return crowd


def _node(pod: Document | None) -> str | None:
    return pod["spec"].get("nodeName") if pod else None


def _grown(column: Ints, rows: int) -> Ints:
    return column if len(column) >= rows else np.append(column, np.zeros(rows - len(column), dtype=np.int64))
