"""How long to wait before the next try."""

import random


class Backoff:
    """Waits that double up to a maximum, each shortened at random by up to a half.

    The chance keeps many clients from coming back in the same moment.
    """

    def __init__(self, first_seconds: float, max_seconds: float, chance: random.Random | None = None) -> None:
        self._first_seconds = first_seconds
        self._max_seconds = max_seconds
        self._chance = chance or random.Random()  # noqa: S311  spreads load, guards no secret
        self._next_seconds = first_seconds

    def next_seconds(self) -> float:
        """Seconds to wait now; the following wait is twice as long."""
        seconds = self._next_seconds
        self._next_seconds = min(seconds * 2, self._max_seconds)
        return seconds * self._chance.uniform(0.5, 1)

    def reset(self) -> None:
        """Start over after a success."""
        self._next_seconds = self._first_seconds
