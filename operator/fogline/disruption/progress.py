"""How far the moves of one ModelDeployment are, told from the marks on its pods and from nothing else."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fogline.api import MoveResult
from fogline.snapshot import Move, Replica


@dataclass(frozen=True, slots=True)
class Underway:
    """A move whose victim is still there."""

    move: Move
    victim: Replica
    replacement: Replica | None
    """Its replacement with a node; None while it has none."""

    @property
    def is_replaced(self) -> bool:
        """Whether the victim may go."""
        return self.replacement is not None and self.replacement.ready


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
    ended: tuple[Ended, ...] = ()
    left_over: tuple[Replica, ...] = ()
    """Replacements whose victim stays after all."""

    @property
    def victims(self) -> tuple[Replica, ...]:
        """Give the replicas that are leaving."""
        return tuple(one.victim for one in self.underway)


def follow(
    replicas: Iterable[Replica],
    hindrance: Callable[[Move, Replica | None], str],
    ready_timeout_seconds: int,
    now: datetime,
) -> Progress:
    """Tell how far each move is.

    Parameters
    ----------
    replicas
        All pods of the model.
    hindrance
        Says why a move, whose replacement is given if it has a node, cannot go on; empty when it can.
    """
    alive = {replica.uid: replica for replica in replicas if replica.alive}
    replacements = {one.replaces: one for one in alive.values() if one.replaces and one.node}
    patience = timedelta(seconds=ready_timeout_seconds)
    underway: list[Underway] = []
    ended: list[Ended] = []
    for victim in alive.values():
        move = victim.leaves_by
        if move is None:
            continue
        one = Underway(move, victim, replacements.get(victim.uid))
        if why := hindrance(move, one.replacement):
            ended.append(Ended(move, MoveResult.ABORTED, why, victim=victim))
        elif not one.is_replaced and now - move.started_at > patience:
            why = f"its replacement was not Ready within {ready_timeout_seconds} s"
            ended.append(Ended(move, MoveResult.ABORTED, why, victim=victim))
        else:
            underway.append(one)
    leaving = {one.victim.uid for one in underway}
    left_over: list[Replica] = []
    for uid, replacement in replacements.items():
        if uid not in alive and replacement.ready and replacement.came_by:
            ended.append(Ended(replacement.came_by, MoveResult.COMPLETED, replacement=replacement))
        elif uid in alive and uid not in leaving:
            left_over.append(replacement)
    return Progress(tuple(underway), tuple(ended), tuple(left_over))
