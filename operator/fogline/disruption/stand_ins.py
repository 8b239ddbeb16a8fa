"""Stand-ins: extra replicas for clients elsewhere while the link to an edge node is cut.

The replicas of such a node go on serving their site, and nobody else reaches them. A stand-in is surge: it
does not count among the replicas that its model wants, and it goes once its original is back for good.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fogline.api import Tier
from fogline.disruption.health import why_leave
from fogline.placement import Assignment, Demand, Usage, assume, place, policy_refusals
from fogline.snapshot import Pod, Replica, ReplicaOf

_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Link:
    """What the user says about edge nodes that are cut off."""

    after_seconds: int | None
    """For how long a node must have been cut off; None: its replicas get no stand-ins."""
    cooldown_seconds: int
    """For how long it must be back before stand-ins go."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A replica that needs a stand-in."""

    original: Replica
    answer: Assignment
    """Where the stand-in goes."""


@dataclass(frozen=True, slots=True)
class StandIns:
    """How the stand-ins of a model are."""

    standing: tuple[Replica, ...] = ()
    over: tuple[Replica, ...] = ()
    """Those that are not needed any more."""
    wanted: tuple[Wanted, ...] = ()
    claimed: tuple[Pod, ...] = ()
    """Room of those that are to come."""
    due_seconds: float | None = None
    """When time alone will change any of that; None when it will not."""


def present(replicas: Iterable[Replica]) -> tuple[Replica, ...]:
    """Find the stand-ins on nodes. One whose original has gone takes its place and is none any more."""
    alive = {one.uid: one for one in replicas if one.alive}
    return tuple(one for one in alive.values() if one.node and one.stands_in_for in alive)


def stand_ins(
    demand: Demand,
    replicas: Sequence[Replica],
    usage: Usage,
    link: Link,
    now: datetime,
    *,
    narrowed: Demand | None = None,
) -> StandIns:
    """Tell which stand-ins stay, which go and which are to come.

    None comes before every replica that the model wants has its node.

    Parameters
    ----------
    replicas
        All pods of the model.
    usage
        In which the stand-ins do not count for the model. The room of those that are to come is taken in it.
    narrowed
        What the next stand-in asks for, where it is a pod of a variant already. Those that stand are judged
        by `demand` all the same: one of another variant serves as well. None: it asks for what `demand` says.
    """
    here = present(replicas)
    originals = {one.uid: one for one in replicas if one not in here and _is_on_edge(one, usage)}
    to_end = {uid: _seconds_to_end(one, usage, link, now) for uid, one in originals.items()}
    standing: list[Replica] = []
    served: set[str] = set()
    for uid, own in _by_original(here).items():
        if to_end.get(uid, 0) > 0:
            standing += (staying := _staying(own, demand, usage))
            served |= {uid} if any(_is_fit(one, demand, usage) for one in staying) else set()
    to_begin = {
        uid: _seconds_to_begin(one, usage, link, now) for uid, one in originals.items() if uid not in served
    }
    due = [originals[uid] for uid, seconds in to_begin.items() if seconds == 0]
    wanted, claimed = _place(due, here, narrowed or demand, usage) if due else ((), ())
    waits = [to_end[one.stands_in_for or ""] for one in standing] + list(to_begin.values())
    return StandIns(
        standing=tuple(standing),
        over=tuple(one for one in here if one not in standing),
        wanted=wanted,
        claimed=claimed,
        due_seconds=min((seconds for seconds in waits if 0 < seconds < _NEVER), default=None),
    )


def _is_on_edge(replica: Replica, usage: Usage) -> bool:
    """Tell whether a replica runs on an edge node, and is not leaving it by a move."""
    if not (replica.alive and replica.bound and replica.node and usage.knows(replica.node)):
        return False
    return usage.node(replica.node).tier is Tier.EDGE and replica.leaves_by is None


def _seconds_to_begin(original: Replica, usage: Usage, link: Link, now: datetime) -> float:
    """Tell when a replica needs a stand-in: 0 for now.

    Clients at its own site reach it all the time; only one that was placed for others leaves them alone.
    """
    node = usage.node(original.node or "")
    if node.ready or node.readiness_since is None or link.after_seconds is None:
        return _NEVER
    if original.client_site == node.zone:
        return _NEVER
    return _seconds_until(node.readiness_since, link.after_seconds, now)


def _seconds_to_end(original: Replica, usage: Usage, link: Link, now: datetime) -> float:
    """Tell when a stand-in has done its work: 0 for now."""
    node = usage.node(original.node or "")
    if not (node.ready and original.ready):
        return _NEVER
    return _seconds_until(node.readiness_since, link.cooldown_seconds, now) if node.readiness_since else 0


def _seconds_until(since: datetime, seconds: int, now: datetime) -> float:
    return max(0.0, (since + timedelta(seconds=seconds) - now).total_seconds())


def _by_original(here: Iterable[Replica]) -> dict[str, list[Replica]]:
    found: dict[str, list[Replica]] = {}
    for one in here:
        found.setdefault(one.stands_in_for or "", []).append(one)
    return found


def _staying(own: Iterable[Replica], demand: Demand, usage: Usage) -> list[Replica]:
    """Keep one that serves in a good place; before there is one, all that may be where they are."""
    serving = [one for one in own if one.ready and _is_fit(one, demand, usage)]
    return serving[:1] or [one for one in own if not _breaks_a_rule(one, demand, usage)]


def _is_fit(one: Replica, demand: Demand, usage: Usage) -> bool:
    """Tell whether a stand-in may stay where it is."""
    if one.node is None or not usage.knows(one.node) or _breaks_a_rule(one, demand, usage):
        return False
    node = usage.node(one.node)
    return node.ready and why_leave(node) is None


def _breaks_a_rule(one: Replica, demand: Demand, usage: Usage) -> bool:
    if one.node is None or not usage.knows(one.node):
        return True
    return bool(policy_refusals(demand, _serves(one), usage.node(one.node), usage))


def _serves(one: Replica) -> ReplicaOf:
    return ReplicaOf(one.model, one.variant, one.client_site)


def _place(
    originals: Iterable[Replica], here: Iterable[Replica], demand: Demand, usage: Usage
) -> tuple[tuple[Wanted, ...], tuple[Pod, ...]]:
    """Find a place for one more stand-in of each original: all rules and limits hold with it."""
    if len(usage.of(demand.model).replicas) < demand.replicas:
        return (), ()
    counted = usage.fork()
    for one in here:
        pod = Pod(one.namespace, one.name, one.node or "", one.requests, _serves(one))
        counted.remove(pod)
        counted.add(pod)
    wanted: list[Wanted] = []
    claimed: list[Pod] = []
    for original in originals:
        answer = place(demand, counted, original.client_site, is_explained=False)
        if isinstance(answer, Assignment):
            wanted.append(Wanted(original, answer))
            assume(answer, demand, counted)
            claimed.append(pod := assume(answer, demand, usage))
            usage.release(pod)
    return tuple(wanted), tuple(claimed)
