"""Replicas on nodes that may not hold their data any more: they are gone in time, whatever that costs.

The data rule beats availability. As long as time is left, a replica leaves as by any other move, or where
none is possible it is evicted, if its disruption budget allows that.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from fogline.api import DataSensitivity
from fogline.observe import Owned
from fogline.placement import Usage
from fogline.snapshot import Replica

GRACE_SECONDS = 10
"""A replica that has to go at last gets this long to answer what is in flight, and at most half of the time
that it has in all."""


@dataclass(frozen=True, slots=True)
class Clock:
    """How much time there is."""

    since: Mapping[str, datetime]
    """By uid: since when replicas have been seen without clearance, as the last pass left it."""
    seconds: int
    """After which they are gone."""
    now: datetime


@dataclass(frozen=True, slots=True)
class Uncleared:
    """What becomes of the replicas without clearance."""

    since: Mapping[str, datetime]
    """By uid: when they were first seen so."""
    evicted: tuple[Replica, ...] = ()
    """No node takes them: they may go as soon as their budget allows it."""
    deleted: tuple[Replica, ...] = ()
    """Their time is up."""
    next_deadline: datetime | None = None
    """When the time of the next one is up."""


def uncleared(
    needs: DataSensitivity, seen: Owned, usage: Usage, nowhere: Collection[str], clock: Clock
) -> Uncleared:
    """Decide who goes.

    Parameters
    ----------
    nowhere
        uids of replicas that no node takes.
    """
    there = [
        replica
        for replica in seen.replicas
        if replica.node
        and replica.bound
        and replica.failure is None
        and usage.knows(replica.node)
        and usage.node(replica.node).clearance < needs
    ]
    # A clock that was set back must not give a replica more than its time anew.
    known = {replica.uid: min(clock.since.get(replica.uid, clock.now), clock.now) for replica in there}
    patience = timedelta(seconds=clock.seconds - grace_seconds(clock.seconds))
    due = [replica for replica in there if clock.now - known[replica.uid] >= patience]
    waiting = [replica for replica in there if replica.alive and replica not in due]
    return Uncleared(
        since=known,
        evicted=tuple(replica for replica in waiting if replica.uid in nowhere),
        deleted=tuple(due),
        next_deadline=min((known[replica.uid] + patience for replica in waiting), default=None),
    )


def grace_seconds(seconds: int) -> int:
    """Give the part of the time that is left for ending well."""
    return min(GRACE_SECONDS, seconds // 2)
