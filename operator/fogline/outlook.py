"""Moves that are worth it or called for, and do not run: what the last rebalance held back."""

from collections import Counter
from collections.abc import Callable, Iterable

from fogline.conditions import Reason
from fogline.disruption import Held
from fogline.names import ModelKey


class Outlook:
    """By model. It lives in memory only: a rebalance after a restart comes to the same.

    Parameters
    ----------
    changed
        Called with a model whose outlook is another one now.
    """

    def __init__(self, changed: Callable[[Iterable[ModelKey]], None]) -> None:
        self._changed = changed
        self.gap_percent: int | None = None
        """How far the replicas of all models were above a cost that no plan can beat when they were planned
        last, rounded up."""
        self._held: dict[ModelKey, tuple[Held, ...]] = {}

    def of(self, model: ModelKey) -> tuple[Held, ...]:
        """Give what was held back of a model."""
        return self._held.get(model, ())

    def waiting(self) -> Counter[Reason]:
        """Count what was held back, of all models, by what it waits for."""
        return Counter(one.reason for held in self._held.values() for one in held)

    def put(self, model: ModelKey, held: tuple[Held, ...]) -> None:
        """Replace what was held back of a model."""
        if held == self._held.get(model, ()):
            return
        self._held.pop(model, None)
        if held:
            self._held[model] = held
        self._changed([model])
