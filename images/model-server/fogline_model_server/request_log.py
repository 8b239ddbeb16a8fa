"""A share of the requests as lines of the log: what was asked and how it went, never what was in it."""

import random
import time
from collections.abc import Callable
from threading import Lock

from fogline_model_server import log
from fogline_model_server.errors import Code
from fogline_model_server.limits import LIMITS


class RequestLog:
    """Writes at most so many lines a second that the log stays readable and costs little.

    Parameters
    ----------
    clock
        In seconds, from any beginning.
    chance
        Returns numbers from 0 to below 1, evenly.

    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, chance: Callable[[], float] = random.random
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._lock = Lock()
        self._second = 0
        self._lines = 0

    def offer(
        self, share: float, model: str, api: str, entrypoint: str, code: Code | None, seconds: float
    ) -> None:
        """Write a request down, if it is its turn.

        Parameters
        ----------
        share
            How many of the requests are wanted, from 0 to 1.
        code
            None when it went well.

        """
        if self._chance() >= share or not self._has_room():
            return
        log.info(
            "request",
            model=model,
            api=api,
            entrypoint=entrypoint,
            status="OK" if code is None else code.name,
            milliseconds=round(seconds * 1000, 3),
        )

    def _has_room(self) -> bool:
        second = int(self._clock())
        with self._lock:
            if second != self._second:
                self._second = second
                left_out = self._lines - LIMITS.request_lines_per_second
                self._lines = 0
            else:
                left_out = 0
            self._lines += 1
            has_room = self._lines <= LIMITS.request_lines_per_second
        if left_out > 0:
            log.warning(
                "requests are missing from the log: there were too many to write down", missing=left_out
            )
        return has_room
