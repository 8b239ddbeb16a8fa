"""What becomes of the gated pods of one model, as a pure function."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from fogline.api import ModelDeployment, OnNoFit
from fogline.disruption import Progress, Underway, obstacle
from fogline.objects import PinnedPlace
from fogline.observe import assumed_pod
from fogline.placement import Assignment, Demand, Option, Unplaceable, Usage, demand_of, place_waiting
from fogline.placement.objective import offer
from fogline.snapshot import Replica
from fogline.units import format_usd


@dataclass(frozen=True, slots=True)
class Pin:
    """The pod goes to a node."""

    replica: Replica
    place: PinnedPlace


@dataclass(frozen=True, slots=True)
class Open:
    """kube-scheduler gets the pod: an autoscaler or preemption can act where only room is missing."""

    replica: Replica
    answer: Unplaceable | None
    """None: there is a node, but kube-scheduler refused what we chose too often."""


@dataclass(frozen=True, slots=True)
class Wait:
    """No node is left; the pod stays gated and is decided again when something changes."""

    replica: Replica
    answer: Unplaceable
    elsewhere: bool
    """Another variant has a node for it: the reconciler will shift the replica there."""


Choice = Pin | Open | Wait


def choose(
    model: ModelDeployment,
    gated: Iterable[Replica],
    moves: Progress,
    usage: Usage,
    now: datetime,
    *,
    refused: bool = False,
) -> list[Choice]:
    """Decide for each gated pod in turn. `usage` is brought up to date with every pin.

    `refused` says that kube-scheduler refused too many of our choices lately. It then chooses itself, where
    the model allows that.

    A pod of the variant that a move waits for goes where the move leads to.
    """
    demand, rules = demand_of(model), model.spec.placement
    may_open = rules.on_no_fit is OnNoFit.SCHEDULE_WITHOUT_PIN and not demand.latency.maximum_milliseconds
    choices: list[Choice] = []
    underway = [one for one in moves.underway if one.replacement is None]
    waiting = [one for one in underway if one.is_awaited]
    for replica in gated:
        if demand.variant(replica.variant) is None:
            continue  # its variant left the spec, and its Deployment is about to go
        if taken := _arrival(replica, waiting, demand, usage):
            waiting.remove(taken)
            underway.remove(taken)
            place = _moved_to(taken, demand, replica, usage, now)
            usage.add(assumed_pod(replica, place.node, place.client_site))
            choices.append(Pin(replica, place))
            continue
        if moves.underway and usage.of(demand.model).per_tier.total() + len(underway) >= demand.replicas:
            continue  # it is there for a move, which does not wait for it now, or came for an evicted victim
        answer = place_waiting(demand.narrowed_to(replica.variant, replica.requests), usage)
        if may_open and refused:
            choices.append(Open(replica, answer if isinstance(answer, Unplaceable) else None))
        elif isinstance(answer, Assignment):
            usage.add(assumed_pod(replica, answer.node, answer.client_site))
            choices.append(Pin(replica, _place(answer, now)))
        elif _is_shifted(replica, demand, usage):
            choices.append(Wait(replica, answer, elsewhere=True))
        elif may_open and answer.only_room:
            choices.append(Open(replica, answer))
        else:
            choices.append(Wait(replica, answer, elsewhere=False))
    return choices


def _arrival(replica: Replica, waiting: Iterable[Underway], demand: Demand, usage: Usage) -> Underway | None:
    """Find the move that a pod can be the replacement of."""
    for one in waiting:
        if one.move.variant == replica.variant and not obstacle(demand, one.move, usage, replica.requests):
            return one
    return None


def _moved_to(one: Underway, demand: Demand, replica: Replica, usage: Usage, now: datetime) -> PinnedPlace:
    narrowed, node = demand.narrowed_to(replica.variant, replica.requests), usage.node(one.move.target)
    there = offer(Option(narrowed, narrowed.variants[0], one.move.client_site, node), usage)
    return PinnedPlace(
        node=node.name,
        client_site=one.move.client_site,
        cost_per_hour=format_usd(there.cost_per_hour),
        latency_milliseconds=there.latency_milliseconds,
        decided_at=now,
        replaces=(one.victim.uid, one.move),
    )


def _is_shifted(replica: Replica, demand: Demand, usage: Usage) -> bool:
    """Tell whether the reconciler gives the replica to another variant.

    It decides by the requests of the spec. Where only those fit, and not what the pod really requests, it
    keeps the replica where it is.
    """
    answer = place_waiting(demand, usage)
    return isinstance(answer, Assignment) and answer.variant != replica.variant


def _place(answer: Assignment, now: datetime) -> PinnedPlace:
    return PinnedPlace(
        node=answer.node,
        client_site=answer.client_site,
        cost_per_hour=format_usd(answer.cost_per_hour),
        latency_milliseconds=answer.latency_milliseconds,
        decided_at=now,
    )
