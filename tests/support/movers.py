"""Pods that play a part in moves, as documents: marked by the patches that the operator writes."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.support.live import NOW, Document, bound, patched, pod_document, replica_of, serving, stored

from fogline.api import ModelDeployment, MoveStrategy
from fogline.objects import mark_victim, unmark_victim
from fogline.objects.marks import arrival_notes
from fogline.snapshot import Move, Replica

MOVE = Move("m1", "drained", "cloud-1", "cloud", None, "NodeCordoned", None, NOW)


def runs(model: ModelDeployment, name: str, node: str = "drained", variant: str = "cloud") -> Document:
    """Make a replica that serves."""
    return serving(pod_document(stored(model), name, variant), node)


def leaves(document: Document, move: Move = MOVE) -> Document:
    """Mark a pod as the victim of a move."""
    return patched(document, mark_victim(replica_of(document), move))


def stays(document: Document) -> Document:
    """Take the marks of a move off a victim."""
    return patched(document, unmark_victim(replica_of(document)))


def arrives(document: Document, victim: str = "uid-of-old", move: Move = MOVE) -> Document:
    """Mark a pod as what came for a victim, which is named by its uid."""
    notes = arrival_notes(victim, move)
    return _changed(document, annotations={**document["metadata"].get("annotations", {}), **notes})


def starting(model: ModelDeployment, name: str, node: str = "cloud-1", variant: str = "cloud") -> Document:
    """Make a replica that is on its node and not Ready yet."""
    return bound(pod_document(stored(model), name, variant), node)


def ends(document: Document) -> Document:
    """Let a pod be on its way out."""
    return _changed(document, deletionTimestamp="2030-01-02T03:04:05Z")


def failed(document: Document, reason: str = "OutOfcpu") -> Document:
    """Let a pod end for good."""
    return {**document, "status": {"phase": "Failed", "reason": reason}}


def evicting(move: Move = MOVE) -> Move:
    """Give the move in which the victim goes first."""
    return replace(move, strategy=MoveStrategy.EVICT)


def at(moment: datetime, move: Move = MOVE) -> Move:
    """Give the move as if it had started at another time."""
    return replace(move, started_at=moment)


def replicas(*documents: Mapping[str, Any]) -> tuple[Replica, ...]:
    """Read pods."""
    return tuple(replica_of(document) for document in documents)


def _changed(document: Document, **metadata: Any) -> Document:
    return {**copy.deepcopy(document), "metadata": {**document["metadata"], **metadata}}
