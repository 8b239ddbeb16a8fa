"""Time that passes only when somebody lets it."""

import heapq
from collections.abc import Callable, Hashable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Generic, TypeVar

BEGINNING = datetime(2030, 1, 1, tzinfo=UTC)

K = TypeVar("K", bound=Hashable)


class Timeline:
    """What is still to happen, in order of time; of the same moment, in the order in which it was planned."""

    def __init__(self) -> None:
        self.seconds = 0.0
        """Since the beginning."""
        self._numbers = count()
        self._plans: list[tuple[float, int, Callable[[], None]]] = []

    def now(self) -> datetime:
        """Give the wall clock."""
        return BEGINNING + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """Give the seconds since the beginning."""
        return self.seconds

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Plan something; it cannot be called off, so it has to look whether it is still called for."""
        heapq.heappush(self._plans, (self.seconds + seconds, next(self._numbers), action))

    def run_until(self, seconds: float) -> None:
        """Let everything happen up to a moment, counted from the beginning."""
        while self._plans and self._plans[0][0] <= seconds:
            self.seconds, _, action = heapq.heappop(self._plans)
            action()
        self.seconds = max(self.seconds, seconds)

    def run_for(self, seconds: float) -> None:
        """Let time pass."""
        self.run_until(self.seconds + seconds)

    def text(self) -> str:
        """Give the wall clock as an API server writes it."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")


class WrongClock(Timeline):
    """The same time, for somebody whose wall clock is not right."""

    def __init__(self, right: Timeline) -> None:
        super().__init__()
        self._right = right
        self.ahead_seconds = 0.0
        """How far the wall clock is ahead; it jumps when this changes."""

    def now(self) -> datetime:
        """Give the wall clock."""
        return self._right.now() + timedelta(seconds=self.ahead_seconds)

    def monotonic(self) -> float:
        """Give the seconds since the beginning, which no jump changes."""
        return self._right.monotonic()

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Plan something."""
        self._right.later(seconds, action)


class Batch(Generic[K]):
    """Work by key that is collected for a while and then done together.

    Waking a key twice before its turn is the same as waking it once.
    """

    def __init__(
        self, timeline: Timeline, collect_seconds: float, work: Callable[[tuple[K, ...]], None]
    ) -> None:
        self._timeline = timeline
        self._collect_seconds = collect_seconds
        self._work = work
        self._due: dict[K, None] = {}

    def wake(self, keys: Iterable[K]) -> None:
        """Ask for work on these keys."""
        was_idle = not self._due
        self._due.update(dict.fromkeys(keys))
        if was_idle and self._due:
            self._timeline.later(self._collect_seconds, self._run)

    def _run(self) -> None:
        due = tuple(self._due)
        self._due.clear()
        self._work(due)
