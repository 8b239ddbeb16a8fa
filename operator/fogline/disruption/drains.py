"""Drains that nothing but patience would end: replicas on cordoned nodes that no move takes away."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fogline.api import ModelDeployment, MoveResult, PastMove, history_of
from fogline.conditions import Reason
from fogline.disruption.health import is_outage
from fogline.disruption.hold import Held, Moment, hold
from fogline.disruption.proposals import Proposal
from fogline.placement import Demand, Usage, place
from fogline.placement.alternatives import leaving
from fogline.snapshot import Replica


@dataclass(frozen=True, slots=True)
class Blocked:
    """A replica that keeps its cordoned node from being drained."""

    replica: Replica
    seconds: int
    """How long its node has been cordoned."""
    why: Held | PastMove
    """Why no move starts, or the move off the node that came to nothing."""


@dataclass(frozen=True, slots=True)
class Drains:
    """How the drains stand that the replicas of a model are in the way of."""

    blocked: tuple[Blocked, ...] = ()
    """They have been in the way for longer than anybody has to wait."""
    due_seconds: float | None = None
    """When the next one will have been; None when none will."""


def drains(
    model: ModelDeployment, demand: Demand, replicas: Iterable[Replica], usage: Usage, now: datetime
) -> Drains:
    """Find the replicas that a drain has waited for in vain. `usage` is only read.

    A drain waits for a move that is underway or only waits for its turn, but not for a second one when the
    first had its time.

    Parameters
    ----------
    replicas
        Those that run.
    """
    blocked: list[Blocked] = []
    to_come: list[float] = []
    patience = timedelta(seconds=model.spec.rebalancing.ready_timeout_seconds)
    for replica in replicas:
        since = _cordoned_since(replica, usage)
        if since is None:
            continue
        if now - since <= patience:
            to_come.append((since + patience - now).total_seconds())
            continue
        why = _given_up(model, replica, since) or _held(model, demand, replica, usage, now)
        if why:
            blocked.append(Blocked(replica, int((now - since).total_seconds()), why))
    return Drains(tuple(blocked), min(to_come, default=None))


def _cordoned_since(replica: Replica, usage: Usage) -> datetime | None:
    if replica.node is None or not usage.knows(replica.node):
        return None
    return usage.node(replica.node).cordoned_since


def _given_up(model: ModelDeployment, replica: Replica, since: datetime) -> PastMove | None:
    """Find a move off the node, after it was cordoned, whose replacement was not Ready in time."""
    patience = model.spec.rebalancing.ready_timeout_seconds
    for past in history_of(model.status):
        timed_out = past.result is MoveResult.ABORTED and past.seconds >= patience
        if timed_out and past.source == replica.node and past.started_at >= since:
            return past
    return None


def _held(
    model: ModelDeployment, demand: Demand, replica: Replica, usage: Usage, now: datetime
) -> Held | None:
    """Say what keeps a replica from moving for more than a while; None when a move is about to start."""
    if replica.leaves_by is not None:
        return None
    counted = usage.of(demand.model).replicas.get((replica.namespace, replica.name))
    without = leaving(usage, counted[0]) if counted else usage
    answer = place(demand, without, replica.client_site, is_explained=False)
    moment = Moment(now, is_outage(usage.nodes))
    return hold(Proposal(replica, Reason.NODE_CORDONED, answer), model, moment)
