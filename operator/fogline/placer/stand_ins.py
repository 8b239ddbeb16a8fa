"""Which gated pods are stand-ins, as a pure function."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from fogline.api import ModelDeployment
from fogline.disruption import Progress, claim, stand_ins
from fogline.objects import PinnedPlace
from fogline.observe import Owned, assumed_pod, link_of
from fogline.placement import Usage, demand_of
from fogline.placer.choose import Pin
from fogline.snapshot import Replica
from fogline.units import format_usd


def choose_stand_ins(
    model: ModelDeployment,
    gated: Sequence[Replica],
    seen: Owned,
    moves: Progress,
    usage: Usage,
    now: datetime,
) -> list[Pin]:
    """Pin gated pods that neither the model nor a move waits for to where a stand-in is wanted.

    `usage` is brought up to date with the room that they take.
    """
    demand, replicas = demand_of(model), list(seen.replicas)
    awaited = Counter(one.move.variant for one in moves.underway if one.replacement is None)
    pins: list[Pin] = []
    for pod in gated:
        if awaited[pod.variant] > 0:
            awaited[pod.variant] -= 1
            continue
        narrowed = demand.narrowed_to(pod.variant, pod.requests)
        if not narrowed.variants:
            continue
        books = usage.fork()
        claim(demand, moves.underway, books)
        found = stand_ins(demand, replicas, books, link_of(model), now, narrowed=narrowed)
        if not found.wanted:
            continue
        one = found.wanted[0]
        place = PinnedPlace(
            node=one.answer.node,
            client_site=one.answer.client_site,
            cost_per_hour=format_usd(one.answer.cost_per_hour),
            latency_milliseconds=one.answer.latency_milliseconds,
            decided_at=now,
            stands_in_for=one.original.uid,
        )
        usage.add(standing := assumed_pod(pod, place.node, place.client_site))
        usage.release(standing)
        replicas.append(
            replace(pod, node=place.node, client_site=place.client_site, stands_in_for=one.original.uid)
        )
        pins.append(Pin(pod, place))
    return pins
