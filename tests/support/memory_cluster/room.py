"""What is requested of each node, other people's pods included."""

from collections import Counter
from collections.abc import Mapping

import msgspec
import numpy as np
from tests.support.changes import Change
from tests.support.memory_cluster.store import Store

from fogline.cluster import objects
from fogline.cluster.documents import Document
from fogline.cluster.kinds import NODES, PODS
from fogline.observe import pod_requests
from fogline.placement.columns import Bools, Floats
from fogline.units import Amounts, resource_amounts

_MORE_ROWS = 64


class Room:
    """Keeps what nodes offer and what is requested of them, also as columns with a row for each node.

    A row is never given to another node: one that is gone offers nothing.
    """

    def __init__(self, store: Store) -> None:
        self.names: list[str] = []
        """Of the nodes, by row."""
        self.row_of: dict[str, int] = {}
        self._allocatable: dict[str, Amounts] = {}
        self._used: dict[str, Counter[str]] = {}
        self._held: dict[str, tuple[str, Amounts]] = {}
        """By uid of the pod: its node and what it requests."""
        self._requests: dict[int, tuple[Document, Amounts]] = {}
        """By identity of the spec of a pod template, which is kept so that the identity stays its own."""
        self._offered: dict[str, Floats] = {}
        self._taken: dict[str, Floats] = {}
        self._rows = 0
        store.watch(self._changed)

    def allocatable(self, node: str) -> Amounts:
        """Give what a node offers."""
        return self._allocatable.get(node, {})

    def used(self, node: str) -> Mapping[str, int]:
        """Give what is requested of a node."""
        return self._used.get(node, {})

    def offered(self, resource: str) -> Floats:
        """Give what each node offers of a resource, by row."""
        return self._column(self._offered, resource)[: len(self.names)]

    def taken(self, resource: str) -> Floats:
        """Give what is requested of each node, by row."""
        return self._column(self._taken, resource)[: len(self.names)]

    def fit(self, requests: Amounts) -> Bools:
        """Tell which nodes have room for it, by row."""
        fits = np.ones(len(self.names), dtype=bool)
        for name, amount in requests.items():
            fits &= self.taken(name) + amount <= self.offered(name)
        return fits

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
            self._offer(change.key[1], change.after)
        elif change.kind is PODS:
            pod = change.after or change.before or {}
            uid, node = pod["metadata"]["uid"], pod["spec"].get("nodeName")
            has_ended = change.after is None or pod["status"]["phase"] in {"Failed", "Succeeded"}
            holds = node is not None and not has_ended
            if holds and uid not in self._held:
                self._held[uid] = node, self.requests_of(pod)
                self._take(node, self._held[uid][1], 1)
            elif not holds and uid in self._held:
                self._take(*self._held.pop(uid), -1)

    def _offer(self, node: str, live: Document | None) -> None:
        row = self._row(node)
        before = self._allocatable.pop(node, {})
        after = {} if live is None else resource_amounts(live["status"]["allocatable"])
        if live is not None:
            self._allocatable[node] = after
        if after != before:
            for resource in {**before, **after}:
                self._column(self._offered, resource)[row] = after.get(resource, 0)

    def _take(self, node: str, requests: Amounts, step: int) -> None:
        row, used = self._row(node), self._used.setdefault(node, Counter())
        for resource, amount in requests.items():
            used[resource] += step * amount
            self._column(self._taken, resource)[row] = used[resource]

    def _row(self, node: str) -> int:
        if node not in self.row_of:
            self.row_of[node] = len(self.names)
            self.names.append(node)
            if len(self.names) > self._rows:
                self._rows += _MORE_ROWS
                for columns in (self._offered, self._taken):
                    columns.update(
                        {key: np.append(column, np.zeros(_MORE_ROWS)) for key, column in columns.items()}
                    )
        return self.row_of[node]

    def _column(self, columns: dict[str, Floats], resource: str) -> Floats:
        if resource not in columns:
            columns[resource] = np.zeros(self._rows)
        return columns[resource]
