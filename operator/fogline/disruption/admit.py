"""Which of the moves that are proposed may start now."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fogline.conditions import Reason
from fogline.disruption.hold import Held
from fogline.disruption.proposals import Proposal, urgency
from fogline.names import ModelKey


@dataclass(frozen=True, slots=True)
class Budget:
    """How many moves may run at once."""

    in_all: int
    per_model: int


def admit(
    proposals: Iterable[Proposal], active: Mapping[ModelKey, int], budget: Budget
) -> tuple[list[Proposal], list[Held]]:
    """Choose the moves that start now, the most urgent first.

    Parameters
    ----------
    proposals
        Those that nothing else holds.
    active
        Moves underway, by model.
    """
    running = Counter(active)
    started: list[Proposal] = []
    held: list[Held] = []
    for one in sorted(proposals, key=urgency):
        model = one.replica.model
        if running[model] >= budget.per_model or running.total() >= budget.in_all:
            held.append(Held(one, Reason.WAITING_FOR_BUDGET))
        else:
            running[model] += 1
            started.append(one)
    return started, held
