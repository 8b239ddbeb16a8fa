"""What happened to pods and nodes during a test, and which promises were broken on the way.

The judge reads the API server's own history and nothing of the operator's.
"""

import asyncio
import contextlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

from tests.support.changes import Change, ObjectKey, key_of
from tests.support.depict import depict
from tests.support.judging import Judge
from tests.support.judging.placing import clearance_of, gates, pins
from tests.support.wait import wait_for

from fogline.api import DataSensitivity
from fogline.cluster.client import Client
from fogline.cluster.documents import Document, EventType, Listing, WatchEvent
from fogline.cluster.kinds import DEPLOYMENTS, MODEL_DEPLOYMENTS, NODES, PODS, Kind
from fogline.errors import TooManyRequestsError, UnavailableError
from fogline.names import DATA_SENSITIVITY_LABEL, MODEL_LABEL

_MOST_DEPICTED = 20
"""Of each kind."""
_RETRY_SECONDS = 0.1
"""After a watch has ended or was refused, as by a server whose store is not ready."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A pod of ours got its node."""

    pod: str
    node: str
    pins: frozenset[str | None]
    """The nodes that the terms of its required affinity name; None for a term without a pin."""
    needs: DataSensitivity
    clearance: DataSensitivity
    """Of the node, at that moment."""


class History:
    """Watches the pods, Deployments and models of one namespace and the nodes of one test."""

    def __init__(self, client: Client, namespace: str, node_selector: str) -> None:
        self._client = client
        self._followed: Mapping[Kind, tuple[str | None, str]] = {
            PODS: (namespace, ""),
            DEPLOYMENTS: (namespace, ""),
            MODEL_DEPLOYMENTS: (namespace, ""),
            NODES: (None, node_selector),
        }
        """By namespace and label selector."""
        self._versions: dict[Kind, list[Document]] = {kind: [] for kind in self._followed}
        self._listed: set[Kind] = set()
        self._latest: dict[tuple[Kind, ObjectKey], Document] = {}
        self._changes: list[Change] = []
        self.deleted: dict[str, Document] = {}
        """Pods by name, as they were last."""
        self.excused: set[str] = set()
        """Breaches that a test means to see."""
        self.hole: Exception | None = None
        """What ended the recording."""

    async def run(self) -> None:
        """Record until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for kind, (namespace, selector) in self._followed.items():
                    group.create_task(self._record(kind, namespace, selector))
        except Exception as error:
            self.hole = error
            raise

    async def has_begun(self) -> None:
        """Wait until nothing that is written from then on escapes it."""
        kinds = self._followed
        await self.until_none(
            lambda: [kind.plural for kind in kinds if kind not in self._listed], "all is listed"
        )

    @property
    def pods(self) -> list[Document]:
        """All versions of the pods, in the order in which they were written."""
        return self._versions[PODS]

    @property
    def names(self) -> set[str]:
        """The names of all pods that were ever there."""
        return {pod["metadata"]["name"] for pod in self.pods}

    async def caught_up(self) -> None:
        """Wait until all that has been written so far is recorded, of every kind: each has its own watch."""
        for kind, (namespace, selector) in self._followed.items():
            listing = await self._client.list(kind, namespace=namespace, label_selector=selector)
            missing = partial(self._missing, kind, listing)
            await self.until_none(missing, f"all {kind.plural} are recorded")

    async def until_none(
        self, find: Callable[[], list[str]], what: str, *, every_seconds: float = 0.05
    ) -> None:
        """Wait until nothing is found any more in what is recorded.

        Raises
        ------
        AssertionError
            The time is up, or the recording has ended.
        """
        await wait_for(lambda: self.hole or not find(), what, every_seconds=every_seconds, seen=find)
        assert self.hole is None, f"{what}: the history has a hole: {self.hole!r}"

    def _missing(self, kind: Kind, listing: Listing[Document]) -> list[str]:
        """Tell what a list shows and no watch has told of yet."""
        there, moment = {key_of(one) for one in listing.items}, int(listing.resource_version)
        known = {key: live for (one, key), live in self._latest.items() if one is kind}
        gone = [
            f"that {key[1]} is gone"
            for key, live in known.items()
            if key not in there and int(live["metadata"]["resourceVersion"]) <= moment
        ]
        recorded = {_version(one) for one in self._versions[kind]}
        new = (one["metadata"] for one in listing.items if _version(one) not in recorded)
        return gone + [f"{meta['name']} of version {meta['resourceVersion']}" for meta in new]

    def bindings(self) -> Iterator[Binding]:
        """Go through the moments in which a pod of ours was bound."""
        bound: set[str] = set()
        for pod in self.pods:
            node, uid = pod["spec"].get("nodeName"), pod["metadata"]["uid"]
            labels = pod["metadata"].get("labels", {})
            if node and uid not in bound and MODEL_LABEL in labels:
                bound.add(uid)
                yield Binding(
                    pod=pod["metadata"]["name"],
                    node=node,
                    pins=pins(pod),
                    needs=DataSensitivity(labels[DATA_SENSITIVITY_LABEL]),
                    clearance=self._clearance(node, int(pod["metadata"]["resourceVersion"])),
                )

    def breaches(self) -> list[str]:
        """Tell which promises were broken; empty when all were kept."""
        judge = Judge()
        for change in sorted(self._changes, key=lambda change: change.version):
            judge.see(change)
        return [one for one in judge.breaches if one not in self.excused]

    def marked_for_nothing(self) -> list[str]:
        """Tell which pods carry marks of moves at present although their model is Ready and nothing moves."""
        judge = Judge()
        for change in sorted(self._changes, key=lambda change: change.version):
            judge.see(change)
        return judge.idle_with_marks()

    def depict(self) -> str:
        """Tell what there is, an object a line; of a crowd only a part."""
        lines: list[str] = []
        for kind in self._followed:
            found = [depict(kind, live) for (one, _), live in self._latest.items() if one is kind]
            lines += found[:_MOST_DEPICTED]
            if more := found[_MOST_DEPICTED:]:
                lines.append(f"and {len(more)} more {kind.plural}")
        return "".join(f"{line}\n" for line in lines)

    def _clearance(self, node: str, moment: int) -> DataSensitivity:
        """Find the clearance of a node when a pod was written: resourceVersions of one store are ordered."""
        versions = [one for one in self._versions[NODES] if one["metadata"]["name"] == node]
        at = bisect_right(versions, moment, key=lambda one: int(one["metadata"]["resourceVersion"]))
        return clearance_of(versions[at - 1]["metadata"].get("labels", {}))

    async def _record(self, kind: Kind, namespace: str | None, label_selector: str) -> None:
        listing = await self._client.list(kind, namespace=namespace, label_selector=label_selector)
        self._versions[kind] += listing.items
        for item in listing.items:
            self._note(kind, item, is_gone=False)
        self._listed.add(kind)
        seen = listing.resource_version
        while True:  # the server ends watches that are old, and those that are slow
            events = self._client.watch(
                kind, Document, resource_version=seen, namespace=namespace, label_selector=label_selector
            )
            with contextlib.suppress(UnavailableError, TooManyRequestsError):
                async with aclosing(events):
                    async for event in events:
                        seen = event.resource_version
                        self._take(kind, event)
            await asyncio.sleep(_RETRY_SECONDS)

    def _take(self, kind: Kind, event: WatchEvent[Document]) -> None:
        if event.object is None:
            return
        self._note(kind, event.object, is_gone=event.type is EventType.DELETED)
        if event.type is not EventType.DELETED:
            self._versions[kind].append(event.object)
        elif kind is PODS:
            self.deleted[event.object["metadata"]["name"]] = event.object

    def _note(self, kind: Kind, document: Document, *, is_gone: bool) -> None:
        key = kind, key_of(document)
        before = self._latest.pop(key, None)
        if not is_gone:
            self._latest[key] = document
        version = int(document["metadata"]["resourceVersion"])
        self._changes.append(Change(kind, before, None if is_gone else document, version))


def _version(live: Document) -> tuple[str, str]:
    return live["metadata"]["uid"], live["metadata"]["resourceVersion"]


__all__ = ["Binding", "History", "clearance_of", "gates", "pins"]
