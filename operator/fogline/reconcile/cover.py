"""Stand-ins in one pass: how many pods they are, and which of them go now."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from fogline.disruption import StandIns
from fogline.observe import Owned, is_rolling
from fogline.snapshot import Replica


@dataclass(frozen=True, slots=True)
class Cover:
    """What becomes of the stand-ins of a model."""

    replicas: Counter[str]
    """By variant: those that stay, those that are to come, and those that are deleted by name until they are
    gone: only then has their Deployment surely seen that they go, and takes no other pod in their place."""
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
    staying.update(one.variant for one in _ending(seen) if not _is_next(one, found, seen))
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


def _ending(seen: Owned) -> Iterator[Replica]:
    """Find the stand-ins that are being deleted."""
    alive = {one.uid for one in seen.replicas if one.alive}
    return (one for one in seen.replicas if one.terminating and one.stands_in_for in alive)


def _is_next(stand_in: Replica, found: StandIns, seen: Owned) -> bool:
    """Tell whether no pod that stays goes before it when its Deployment shrinks."""
    return all(
        one.ready
        for one in seen.replicas
        if one.alive and one.variant == stand_in.variant and one not in found.over
    )
