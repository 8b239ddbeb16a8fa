"""How many replicas each Deployment runs while some are on their way out.

Scaling down heeds no disruption budget, and the ReplicaSet controller takes pods that are not Ready before
any other, whatever their deletion cost (KEP-2255). So we ask for fewer only where the right pods go and
enough Ready ones are left.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from fogline.cluster import objects
from fogline.disruption import Progress, Underway
from fogline.observe import Owned, is_replacing_templates, is_rolling
from fogline.snapshot import Replica


@dataclass(frozen=True, slots=True)
class Departures:
    """Who goes in this pass."""

    replicas: Mapping[str, int]
    """What each variant's Deployment should run."""
    evicted: tuple[Replica, ...] = ()
    """Those that have to be asked for by name: a Deployment that shrinks would take others."""


@dataclass(slots=True)
class _Pods:
    """The pods of one variant that serve or may come to serve."""

    alive: int
    not_ready: int
    asked: int
    """What its Deployment asks for."""
    is_changing: bool
    """Whether its Deployment is replacing pods of another template."""

    @property
    def on_their_way(self) -> int:
        """Count the Ready pods that go because of what was asked for before."""
        return 0 if self.is_changing else self.ready_that_go(self.asked)

    def ready_that_go(self, replicas: int) -> int:
        """Count the Ready pods that go when the Deployment runs so many."""
        return max(0, self.alive - replicas - self.not_ready)


def departures(
    wanted: Mapping[str, int], seen: Owned, progress: Progress, must_stay: int, left: Collection[str] = ()
) -> Departures:
    """Choose who may go now.

    Parameters
    ----------
    wanted
        Replicas by variant without those that are the victims of moves.
    must_stay
        Ready replicas that must be left.
    left
        Variants that are not in the spec any more. A rollout of theirs ends never, so nobody waits for it.
    """
    pods = {variant: _pods(variant, live, seen) for variant, live in seen.deployments.items()}
    ready = sum(replica.ready for replica in seen.replicas if replica.alive)
    spare = max(0, ready - must_stay - sum(one.on_their_way for one in pods.values()))
    replicas: Counter[str] = Counter(wanted)
    evicted: list[Replica] = []
    released: defaultdict[str, list[Replica]] = defaultdict(list)
    for one in progress.underway:
        victim, variant = one.victim, one.victim.variant
        if not victim.alive:
            continue
        if one.evicts:
            evicted.append(victim)
            replicas[variant] += variant != one.move.variant  # else its successor is counted in its place
        elif one.is_replaced and variant in pods and len(released[variant]) < pods[variant].on_their_way:
            released[variant].append(victim)  # this was asked for before, and is about to happen
        elif one.is_replaced and spare >= victim.ready and _is_settled(seen, variant, left):
            spare -= victim.ready
            if _is_next(one, seen, progress) and not pods[variant].is_changing:
                released[variant].append(victim)
            else:
                evicted.append(victim)
                replicas[variant] += 1  # until it is gone; then its Deployment drops the pod that came for it
        else:
            replicas[variant] += 1
    for variant, there in pods.items():
        if replicas[variant] < there.asked:
            counted = max(there.on_their_way, sum(victim.ready for victim in released[variant]))
            more = there.ready_that_go(replicas[variant]) - counted
            held = max(0, more - spare)
            spare -= max(0, more - held)
            replicas[variant] += held
        # Where one goes and another is to come, the Deployment sees no difference and does nothing.
        evicted += released[variant][max(0, there.alive - replicas[variant]) :]
    return Departures(replicas, tuple(evicted))


def _pods(variant: str, live: objects.Deployment, seen: Owned) -> _Pods:
    there = [replica for replica in seen.replicas if replica.alive and replica.variant == variant]
    return _Pods(
        alive=len(there),
        not_ready=sum(not replica.ready for replica in there),
        asked=live.spec.replicas,
        is_changing=is_replacing_templates(live),
    )


def _is_settled(seen: Owned, variant: str, left: Collection[str]) -> bool:
    live = seen.deployments.get(variant)
    return live is not None and (variant in left or not is_rolling(live))


def _is_next(one: Underway, seen: Owned, progress: Progress) -> bool:
    """Tell whether the victim goes when its Deployment shrinks: no other pod that stays is in front of it."""
    leaving = {replica.uid for replica in (*progress.victims, *progress.left_over)}
    return all(
        replica.ready
        for replica in seen.replicas
        if replica.alive and replica.variant == one.victim.variant and replica.uid not in leaving
    )
