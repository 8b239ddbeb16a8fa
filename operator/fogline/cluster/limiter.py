"""How fast requests may leave, so that a burst of work never overloads the API server."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto

from fogline.config import Settings


class Lane(Enum):
    """Requests of one lane wait for each other, never for those of the other lane."""

    DECISION = auto()
    """Patches that pin a pod and open its gate, or let a replica begin to move: somebody waits for each of
    them, and no status of a thousand models may hold it up."""
    OTHER = auto()
    """Everything else."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests per second in the long run, and how many may leave at once after a quiet time."""

    per_second: float
    burst: int


def decision_rate(per_second: int) -> Rate:
    """Give the rate of decisions; a burst of pods need not wait for the long run."""
    return Rate(per_second, burst=4 * per_second)


def other_rate(per_second: int) -> Rate:
    """Give the rate of all other requests."""
    return Rate(per_second, burst=5 * per_second // 2)


DECISION_RATE = decision_rate(Settings().pins_per_second)
OTHER_RATE = other_rate(Settings().requests_per_second)

ROUNDING_ERROR = 1e-9


class Limiter:
    """A token bucket whose callers are served in the order in which they came."""

    def __init__(
        self,
        rate: Rate,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._tokens = float(rate.burst)
        self._filled_at = clock()
        self._turn = asyncio.Lock()

    async def acquire(self) -> None:
        """Wait until the next request may leave."""
        async with self._turn:
            while (seconds := self._wait_seconds()) > 0:
                await self._sleep(seconds)
            self._tokens -= 1

    def hold(self, seconds: float) -> None:
        """Let nothing leave for so long, and no burst after it: the server asked for it."""
        until = self._clock() + seconds
        if until > self._filled_at:
            self._tokens = 0.0
            self._filled_at = until

    def _wait_seconds(self) -> float:
        now = self._clock()
        if now > self._filled_at:
            gained = (now - self._filled_at) * self._rate.per_second
            self._tokens = min(self._rate.burst, self._tokens + gained)
            self._filled_at = now
        if self._tokens >= 1 - ROUNDING_ERROR:
            return 0.0
        return self._filled_at - now + (1 - self._tokens) / self._rate.per_second
