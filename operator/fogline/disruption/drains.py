"""Drains that nothing but patience would end: replicas on cordoned nodes that no other node takes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fogline.placement import Demand, Unplaceable, Usage, place
from fogline.placement.alternatives import leaving
from fogline.snapshot import Replica


@dataclass(frozen=True, slots=True)
class Blocked:
    """A replica that keeps its cordoned node from being drained."""

    replica: Replica
    seconds: int
    """How long its node has been cordoned."""
    answer: Unplaceable
    """Why no other node takes it."""


@dataclass(frozen=True, slots=True)
class Drains:
    """How the drains stand that the replicas of a model are in the way of."""

    blocked: tuple[Blocked, ...] = ()
    """They have been in the way for longer than anybody has to wait."""
    due_seconds: float | None = None
    """When the next one will have been; None when none will."""


def drains(
    demand: Demand, replicas: Iterable[Replica], usage: Usage, patience_seconds: int, now: datetime
) -> Drains:
    """Find the replicas that a drain has waited for in vain. `usage` is only read.

    Parameters
    ----------
    replicas
        Those that run and are not leaving by a move: the drain waits for that.
    """
    blocked: list[Blocked] = []
    to_come: list[float] = []
    patience = timedelta(seconds=patience_seconds)
    for replica in replicas:
        since = _cordoned_since(replica, usage)
        if since is None:
            continue
        if now - since <= patience:
            to_come.append((since + patience - now).total_seconds())
        elif answer := _no_place(demand, replica, usage):
            blocked.append(Blocked(replica, int((now - since).total_seconds()), answer))
    return Drains(tuple(blocked), min(to_come, default=None))


def _cordoned_since(replica: Replica, usage: Usage) -> datetime | None:
    if replica.node is None or not usage.knows(replica.node):
        return None
    return usage.node(replica.node).cordoned_since


def _no_place(demand: Demand, replica: Replica, usage: Usage) -> Unplaceable | None:
    """Say why no node takes a replica; None when one does, so that a move is on its way."""
    held = usage.of(demand.model).replicas.get((replica.namespace, replica.name))
    answer = place(demand, leaving(usage, held[0]) if held else usage, replica.client_site)
    return answer if isinstance(answer, Unplaceable) else None
