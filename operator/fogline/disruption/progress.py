"""How far the moves of one ModelDeployment are, told from the marks on its pods and from nothing else."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fogline.api import MoveResult
from fogline.disruption.roles import Underway, is_left_over, underway
from fogline.snapshot import Move, Replica


@dataclass(frozen=True, slots=True)
class Ended:
    """A move that is over, but whose pods still carry marks."""

    move: Move
    result: MoveResult
    message: str = ""
    """Why it was aborted."""
    victim: Replica | None = None
    """The replica that stays after all."""
    replacement: Replica | None = None
    """The replica that came."""


@dataclass(frozen=True, slots=True)
class Progress:
    """All moves of one ModelDeployment."""

    underway: tuple[Underway, ...] = ()
    """The oldest first."""
    ended: tuple[Ended, ...] = ()
    left_over: tuple[Replica, ...] = ()
    """Replacements that are not needed: their victim stays after all, or another one came."""
    next_deadline: datetime | None = None
    """When the first of the moves underway will be aborted if nothing happens until then."""

    @property
    def victims(self) -> tuple[Replica, ...]:
        """Give the replicas that are leaving."""
        return tuple(one.victim for one in self.underway if one.victim.alive)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the moves of a model are held against."""

    wanted: int
    """Replicas of the model."""
    ready_timeout_seconds: int
    """Time in which a replacement must be Ready."""
    exists: Callable[[str], bool]
    """Tells whether there is a node of a name: what is on no node any more counts for nothing."""
    hindrance: Callable[[Underway], str]
    """Says why a move cannot go on; empty when it can."""
    told: Collection[str] = ()
    """Ids of moves that the status tells the end of: what it said stays true."""
    no_pods: Mapping[str, str] = field(default_factory=dict)
    """Why no more pods of a variant can be made."""


def follow(replicas: Iterable[Replica], terms: Terms, now: datetime) -> Progress:
    """Tell how far each move is.

    Parameters
    ----------
    replicas
        All pods of the model; of those that were evicted also what is remembered.
    """
    pods = tuple(replicas)
    moving = underway(pods)
    unneeded = _unneeded(moving, pods, terms)
    patience = timedelta(seconds=terms.ready_timeout_seconds)
    going: list[Underway] = []
    ended: list[Ended] = []
    for one in moving:
        why = "it was given up before" if one.move.id in terms.told else terms.hindrance(one)
        if not why and one.victim.uid in unneeded:
            why = "no longer called for: fewer replicas are wanted"
        if not why and not one.is_replaced and abs(now - one.move.started_at) > patience:
            why = _too_late(one, pods, terms)
        if why:
            ended.append(Ended(one.move, MoveResult.ABORTED, why, victim=one.victim))
        else:
            going.append(one)
    arrived = _arrived(pods, going)
    left_over = tuple(one for one in pods if is_left_over(one, pods, going))
    known = {one.move.id for one in going} | {one.move.id for one in ended} | set(terms.told)
    unmarked = {
        one.came_by.id: Ended(one.came_by, MoveResult.ABORTED, "its marks were taken off the old replica")
        for one in left_over
        if one.came_by and one.came_by.id not in known
    }
    waiting = [one.move.started_at + patience for one in going if not one.is_replaced]
    return Progress(
        tuple(going), (*ended, *unmarked.values(), *arrived), left_over, min(waiting, default=None)
    )


def _arrived(pods: Iterable[Replica], going: Iterable[Underway]) -> list[Ended]:
    """Find the replacements whose victims are gone."""
    alive = {one.uid for one in pods if one.alive}
    awaited = {one.victim.uid for one in going}
    return [
        Ended(one.came_by, MoveResult.COMPLETED, replacement=one)
        for one in pods
        if one.came_by and one.alive and one.ready and one.replaces and one.replaces not in alive | awaited
    ]


def _unneeded(moving: Iterable[Underway], pods: Iterable[Replica], terms: Terms) -> set[str]:
    """Name the victims that need no replacement, because even without one enough replicas are there.

    Each move comes to one replica in the end. The latest is given up first.
    """
    victims = {one.victim.uid: one for one in moving}
    plain = [
        one
        for one in pods
        if one.alive and one.node and terms.exists(one.node) and one.uid not in victims and not one.replaces
    ]
    open_moves = [uid for uid, one in victims.items() if not one.is_replaced and one.victim.alive]
    replaced = sum(one.is_replaced for one in victims.values())
    needed = max(0, terms.wanted - len(plain) - replaced)
    return set(open_moves[needed:])


def _too_late(one: Underway, pods: Iterable[Replica], terms: Terms) -> str:
    """Say what was not done in time, and what is known to be in the way."""
    seconds = terms.ready_timeout_seconds
    if one.evicts and one.victim.alive:
        return (
            f"its eviction was refused for {seconds} s: the disruption budget allows none now, "
            "see spec.disruption.maxUnavailable"
        )
    trouble = next(filter(None, (_trouble(pod) for pod in pods if pod.replaces == one.victim.uid)), "")
    if one.replacement is None:
        trouble = trouble or terms.no_pods.get(one.move.variant, "")
    return f"its replacement was not Ready within {seconds} s" + (f": {trouble}" if trouble else "")


def _trouble(pod: Replica) -> str:
    return pod.trouble or pod.failure or pod.refusal
