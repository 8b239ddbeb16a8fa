"""Which of the moves that are proposed may start now."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fogline.conditions import Reason
from fogline.disruption.proposals import Proposal
from fogline.names import ModelKey
from fogline.placement import Assignment


@dataclass(frozen=True, slots=True)
class Budget:
    """How many moves may run at once."""

    in_all: int
    per_model: int


@dataclass(frozen=True, slots=True)
class Held:
    """A move that does not start, and why."""

    proposal: Proposal
    reason: Reason


def admit(
    proposals: Iterable[Proposal], active: Mapping[ModelKey, int], budget: Budget
) -> tuple[list[Proposal], list[Held]]:
    """Choose the moves that start now, forced ones first.

    Parameters
    ----------
    active
        Moves underway, by model.
    """
    running = Counter(active)
    started: list[Proposal] = []
    held: list[Held] = []
    for one in sorted(proposals, key=lambda one: not one.is_forced):
        model = one.replica.model
        if not isinstance(one.answer, Assignment):
            held.append(Held(one, Reason.NO_PLACE_TO_MOVE))
        elif running[model] >= budget.per_model or running.total() >= budget.in_all:
            held.append(Held(one, Reason.WAITING_FOR_BUDGET))
        else:
            running[model] += 1
            started.append(one)
    return started, held
