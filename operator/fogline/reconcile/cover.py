"""Stand-ins in one pass: how many pods they are, and which of them go now."""

from collections import Counter
from dataclasses import dataclass, replace

from fogline.disruption import StandIns
from fogline.observe import Owned, is_rolling
from fogline.snapshot import Replica


@dataclass(frozen=True, slots=True)
class Cover:
    """What becomes of the stand-ins of a model."""

    replicas: Counter[str]
    """By variant: those that stay and those that are to come."""
    going: tuple[Replica, ...]
    """They go when their Deployment shrinks."""
    dismissed: tuple[Replica, ...]
    """They are deleted by name, because their Deployment would take a pod that is not Ready before them: one
    that serves its site beyond another cut link. It may make a gated pod in their place before it shrinks,
    and takes that first."""
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
        (going if _is_next(one, found, seen) else dismissed).append(one)
    uids = {one.uid for one in dismissed}
    left = replace(seen, replicas=tuple(one for one in seen.replicas if one.uid not in uids))
    return Cover(staying, tuple(going), tuple(dismissed), left)


def _is_next(stand_in: Replica, found: StandIns, seen: Owned) -> bool:
    """Tell whether no pod that stays goes before it when its Deployment shrinks."""
    return all(
        one.ready
        for one in seen.replicas
        if one.alive and one.variant == stand_in.variant and one not in found.over
    )
