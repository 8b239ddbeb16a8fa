"""Budgets: whether one more move may run now."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cronsim import CronSim

from fogline.api import ClockWindow, ModelDeployment, MoveBudget
from fogline.names import ModelKey

ONE_AT_ONCE = MoveBudget(moves=1)
"""Of a model that has no budget which always counts and is about all reasons."""
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Running:
    """A move underway."""

    model: ModelKey
    reason: str


class Moving:
    """The moves underway, counted in the ways that budgets ask for."""

    def __init__(self, running: Iterable[Running]) -> None:
        self._counts: dict[ModelKey | None, Counter[str]] = {None: Counter()}
        for one in running:
            self.add(one)

    def add(self, one: Running) -> None:
        """Count one more."""
        for whose in (None, one.model):
            self._counts.setdefault(whose, Counter())[one.reason] += 1

    def count(self, whose: ModelKey | None, reasons: Collection[str] | None) -> int:
        """Count those of a model, or of all where it is None, and of some reasons, or of all."""
        found = self._counts.get(whose, Counter())
        return found.total() if reasons is None else sum(found[reason] for reason in reasons)


@dataclass(frozen=True, slots=True)
class Purse:
    """Budgets, and what a percentage in them is of."""

    budgets: tuple[MoveBudget, ...]
    replicas: int


@dataclass(frozen=True, slots=True)
class Spent:
    """A budget that allows no further move now."""

    whose: ModelKey | None
    """None: of the whole cluster."""
    running: int
    allowed: int
    until: datetime | None
    """When its window ends; None for one that always counts."""

    @property
    def is_closed(self) -> bool:
        """Whether it is a window in which nothing moves."""
        return self.until is not None and self.allowed == 0


def purse_of(model: ModelDeployment) -> Purse:
    """Give the budgets of a model; one of its own that always counts takes the place of one move at once."""
    own = model.spec.disruption.budgets
    general = any(one.schedule is None and one.reasons is None for one in own)
    return Purse(own if general else (*own, ONE_AT_ONCE), model.spec.replicas)


@dataclass(frozen=True, slots=True)
class Purses:
    """The budgets of the whole cluster and of each model."""

    cluster: Purse
    models: Mapping[ModelKey, Purse]

    def spent(self, model: ModelKey, reason: str, running: Moving, now: datetime) -> Spent | None:
        """Find the budget that keeps a move of a model from starting; None when none does.

        Of several, a window in which nothing moves is told, the last one to end.
        """
        found = [
            *_spent(self.cluster, None, reason, running, now),
            *_spent(self.models[model], model, reason, running, now),
        ]
        closed = [one for one in found if one.is_closed]
        last = max(closed, key=lambda one: one.until or now, default=None)
        return last or next(iter(found), None)


def _spent(
    purse: Purse, whose: ModelKey | None, reason: str, running: Moving, now: datetime
) -> Iterator[Spent]:
    for budget in purse.budgets:
        if budget.reasons is not None and reason not in budget.reasons:
            continue
        until = window_end(budget, now)
        if budget.schedule is not None and until is None:
            continue
        same = running.count(whose, budget.reasons)
        allowed = allows(budget, purse.replicas)
        if same >= allowed:
            yield Spent(whose, same, allowed, until)


def allows(budget: MoveBudget, replicas: int) -> int:
    """Give the moves that may run at once; a part of a move counts as one."""
    if isinstance(budget.moves, int):
        return budget.moves
    return -(-replicas * int(budget.moves.removesuffix("%")) // 100)


def window_end(window: MoveBudget | ClockWindow, now: datetime) -> datetime | None:
    """Tell when the window that we are in ends; None outside of it, or for a budget without one."""
    if window.schedule is None or window.duration_seconds is None:
        return None
    began = next(CronSim(window.schedule, now + _TICK, reverse=True))
    end = began + timedelta(seconds=window.duration_seconds)
    return end if now < end else None
