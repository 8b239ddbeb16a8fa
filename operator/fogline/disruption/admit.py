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

    def ask(self, one: Proposal) -> Held | None:
        """Let a move start that nothing else holds, and count it; else say which budget holds it.

        A move that a data rule forces needs no budget, but counts in those of others.
        """
        model, reason = one.replica.model, one.reason.value
        if not one.is_by_data_rule and (spent := self._purses.spent(model, reason, self._running, self._now)):
            why = Reason.OUTSIDE_WINDOW if spent.is_closed else Reason.WAITING_FOR_BUDGET
            return Held(one, why, spent.until, spent)
        self._running.add(Running(model, reason))
        return None
