"""Which of the moves that are proposed may start now."""

from collections.abc import Iterable
from datetime import datetime

from fogline.conditions import Reason
from fogline.disruption.budgets import Moving, Purses, Running
from fogline.disruption.hold import Held
from fogline.disruption.proposals import Proposal


class Admission:
    """Lets moves start, one after the other, as long as budgets allow it.

    Parameters
    ----------
    underway
        Moves of all models that run already.
    """

    def __init__(self, purses: Purses, underway: Iterable[Running], now: datetime) -> None:
        self._purses = purses
        self._running = Moving(underway)
        self._now = now

    def hold(self, one: Proposal) -> Held | None:
        """Say which budget holds a move that nothing else holds; None when it may start.

        A move that a data rule forces needs no budget, but counts in those of others.
        """
        if one.is_by_data_rule:
            return None
        spent = self._purses.spent(one.replica.model, one.reason.value, self._running, self._now)
        if spent is None:
            return None
        why = Reason.OUTSIDE_WINDOW if spent.is_closed else Reason.WAITING_FOR_BUDGET
        return Held(one, why, spent.until, spent)

    def start(self, one: Proposal) -> None:
        """Count a move that starts."""
        self._running.add(Running(one.replica.model, one.reason.value))
