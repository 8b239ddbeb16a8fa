"""Which pods play a part in a move, told from their marks."""

from collections.abc import Iterable
from dataclasses import dataclass

from fogline.api import MoveStrategy
from fogline.snapshot import Move, Replica


@dataclass(frozen=True, slots=True)
class Underway:
    """A move that is not over."""

    move: Move
    victim: Replica
    replacement: Replica | None
    """Its replacement with a node; None while it has none."""

    @property
    def is_replaced(self) -> bool:
        """Whether the replacement serves."""
        return self.replacement is not None and self.replacement.ready

    @property
    def evicts(self) -> bool:
        """Whether the victim goes first and its replacement comes after."""
        return self.move.strategy is MoveStrategy.EVICT

    @property
    def is_awaited(self) -> bool:
        """Whether a pod may be its replacement now: where the victim goes first, only when it has gone."""
        return self.replacement is None and not (self.evicts and self.victim.alive)


def underway(pods: Iterable[Replica]) -> list[Underway]:
    """Find the moves whose victims are there, or were evicted and have no successor yet; the oldest first."""
    everything = tuple(pods)
    found = [
        Underway(pod.leaves_by, pod, _replacement(pod, pod.leaves_by, everything))
        for pod in everything
        if pod.leaves_by
    ]
    open_moves = [one for one in found if one.victim.alive or (one.evicts and not one.is_replaced)]
    return sorted(open_moves, key=lambda one: (one.move.started_at, one.victim.uid))


def is_left_over(pod: Replica, pods: Iterable[Replica], moving: Iterable[Underway]) -> bool:
    """Tell whether a pod came to replace one that stays, or that another pod replaces already."""
    if not (pod.alive and pod.node and pod.replaces):
        return False
    if any(one.replacement is not None and one.replacement.uid == pod.uid for one in moving):
        return False
    return any(one.alive and one.uid == pod.replaces for one in pods)


def _replacement(victim: Replica, move: Move, pods: Iterable[Replica]) -> Replica | None:
    """Find the pod that came by this move; of several the one that serves, then the oldest.

    A pod that came by an earlier move of the same victim, which was given up, is not it.
    """
    claims = [
        pod
        for pod in pods
        if pod.alive
        and pod.node
        and pod.replaces == victim.uid
        and pod.came_by is not None
        and pod.came_by.id == move.id
    ]
    return min(claims, key=lambda pod: (not pod.ready, pod.created_at, pod.name), default=None)
