"""What becomes of all gated pods of one model, as a pure function."""

from collections.abc import Sequence
from datetime import datetime

from fogline.api import ModelDeployment
from fogline.disruption import Progress
from fogline.objects import PinnedPlace
from fogline.observe import Owned, Role, leave, model_key, moves, variant_states
from fogline.placement import Usage, demand_of
from fogline.placer.choose import Choice, choose
from fogline.placer.stand_ins import choose_stand_ins
from fogline.rollout import held_gates
from fogline.snapshot import Replica


def decide_gated(
    model: ModelDeployment,
    gated: Sequence[Replica],
    seen: Owned,
    usage: Usage,
    now: datetime,
    *,
    refused: bool = False,
) -> list[Choice]:
    """Decide for each gated pod: stand-ins first, because they are told by what the others need.

    `usage` is brought up to date with every pin. `refused` is as in `choose`.
    """
    progress = moves(model, demand_of(model), seen, usage, now)
    leave(progress, seen, usage)
    extra = choose_stand_ins(model, gated, seen, progress, usage, now)
    pinned = {one.replica.uid for one in extra}
    rest = [replica for replica in gated if replica.uid not in pinned]
    if _is_cut_off(seen, usage):
        newer = [replica for replica in rest if _is_newer(replica, seen)]
        same = [replica for replica in rest if replica not in newer]
        rest = [*newer, *same[: _called_for(model, progress, usage)]]
    return [*extra, *choose(model, rest, progress, usage, now, refused=refused)]


def held_pods(model: ModelDeployment, seen: Owned, now: datetime) -> frozenset[str]:
    """Name the gated pods, by uid, that have to wait for the rollout of a new version."""
    states = variant_states(model, seen).values()
    return frozenset[str]().union(*(held_gates(one, model.spec.rollout, now) for one in states))


def _is_cut_off(seen: Owned, usage: Usage) -> bool:
    """Tell whether stand-ins may be the reason for gated pods: a replica is on a node that is not Ready.

    A pod that came to be a stand-in and finds no place must not become a replica more than wanted: its
    Deployment would shrink, and take the one that is not Ready.
    """
    there = [one.node for one in seen.replicas if one.alive and one.bound and one.node]
    return any(usage.knows(node) and not usage.node(node).ready for node in there)


def _is_newer(replica: Replica, seen: Owned) -> bool:
    """Tell whether a rollout made a pod. Its Deployment cannot be asked: it tells of its pods later."""
    return any(
        one.alive and one.bound and one.variant == replica.variant and one.template != replica.template
        for one in seen.replicas
    )


def _called_for(model: ModelDeployment, progress: Progress, usage: Usage) -> int:
    """Count the gated pods that the model lacks or that a move waits for."""
    awaited = sum(one.replacement is None for one in progress.underway)
    missing = model.spec.replicas - awaited - len(usage.of(model_key(model)).replicas)
    return awaited + max(0, missing)


def role_of(place: PinnedPlace) -> Role:
    """Tell what a pod is placed for."""
    victim, move = place.replaces or (None, None)
    return Role(came_by=move, replaces=victim, stands_in_for=place.stands_in_for)
