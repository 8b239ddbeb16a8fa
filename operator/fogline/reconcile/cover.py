"""Stand-ins in one pass: how many pods they are, and which of them go now."""

from collections import Counter
from dataclasses import dataclass, replace

from fogline.cluster.objects import Deployment
from fogline.disruption import StandIns
from fogline.observe import Owned, is_rolling, refused_pods
from fogline.snapshot import Replica


@dataclass(frozen=True, slots=True)
class Cover:
    """What becomes of the stand-ins of a model."""

    replicas: Counter[str]
    """By variant: those that stay, that are to come, and that are deleted by name in this pass."""
    going: tuple[Replica, ...]
    """They go when their Deployment shrinks."""
    dismissed: tuple[Replica, ...]
    """They are deleted by name, because their Deployment would take a pod that is not Ready before them: one
    that serves its site beyond another cut link. It makes a gated pod in their place, and takes that when it
    shrinks."""
    left: Owned
    """What there is without those that are deleted."""


def cover(found: StandIns, seen: Owned, must_stay: int) -> Cover:
    """Let stand-ins go that are over, as far as enough Ready replicas are left.

    Parameters
    ----------
    must_stay
        Ready replicas that must be left.
    """
    staying = Counter(one.variant for one in found.standing)
    staying.update(one.answer.variant for one in found.wanted)
    if not found.over:
        return Cover(staying, (), (), seen)
    spare = sum(one.ready for one in seen.replicas if one.alive) - must_stay
    going: list[Replica] = []
    dismissed: list[Replica] = []
    for one in found.over:
        live = seen.deployments.get(one.variant)
        if live is None or is_rolling(live) or (one.ready and spare <= 0):
            staying[one.variant] += 1
            continue
        spare -= one.ready
        if _is_next(one, found, seen):
            going.append(one)
        else:
            dismissed.append(one)
            staying[one.variant] += 1
    uids = {one.uid for one in dismissed}
    left = replace(seen, replicas=tuple(one for one in seen.replicas if one.uid not in uids))
    return Cover(staying, tuple(going), tuple(dismissed), left)


def unreplaced(seen: Owned) -> frozenset[str]:
    """Name the variants whose Deployment must not shrink yet, because it would take the wrong pod.

    They have fewer pods than they ask for: one was deleted, and none was made in its place. While the
    ReplicaSet controller has not seen that, it loses a pod that is not Ready when it shrinks, such as one
    that serves its site beyond a cut link. What comes in place of the deleted pod has no node and goes first.
    Where no pod can be made, there is none to wait for.
    """
    refused = refused_pods(seen)
    return frozenset(
        variant
        for variant, live in seen.deployments.items()
        if variant not in refused and _is_behind(variant, live, seen)
    )


def _is_behind(variant: str, live: Deployment, seen: Owned) -> bool:
    there = [one for one in seen.replicas if one.alive and one.variant == variant]
    return len(there) < live.spec.replicas and any(one.bound and not one.ready for one in there)


def _is_next(stand_in: Replica, found: StandIns, seen: Owned) -> bool:
    """Tell whether no pod that stays goes before it when its Deployment shrinks."""
    return all(
        one.ready
        for one in seen.replicas
        if one.alive and one.variant == stand_in.variant and one not in found.over
    )
