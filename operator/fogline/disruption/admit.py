"""Which of the moves that are proposed may start now."""

from collections.abc import Iterable
from datetime import datetime

from fogline.conditions import Reason
from fogline.disruption.budgets import Moving, Purses, Running
from fogline.disruption.hold import Held
from fogline.disruption.proposals import Proposal, urgency


def admit(
    proposals: Iterable[Proposal], underway: Iterable[Running], purses: Purses, now: datetime
) -> tuple[list[Proposal], list[Held]]:
    """Choose the moves that start now, the most urgent first.

    A move that a data rule forces needs no budget, but counts in those of others.

    Parameters
    ----------
    proposals
        Those that nothing else holds.
    """
    running = Moving(underway)
    started: list[Proposal] = []
    held: list[Held] = []
    for one in sorted(proposals, key=urgency):
        model, reason = one.replica.model, one.reason.value
        spent = None if one.is_by_data_rule else purses.spent(model, reason, running, now)
        if spent:
            why = Reason.OUTSIDE_WINDOW if spent.is_closed else Reason.WAITING_FOR_BUDGET
            held.append(Held(one, why, spent.until, spent))
        else:
            running.add(Running(model, reason))
            started.append(one)
    return started, held
