"""Progress lines in the log."""

import logging
import time
from collections.abc import Callable
from threading import Lock

_log = logging.getLogger(__name__)

INTERVAL_SECONDS = 5.0
_MEBIBYTE = 1024 * 1024


class Progress:
    """Counts bytes and logs the count, at most every few seconds."""

    def __init__(
        self, done_bytes: int, total_bytes: int | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._done_bytes = done_bytes
        self._total_bytes = total_bytes
        self._clock = clock
        self._lock = Lock()
        self._next_seconds = clock() + INTERVAL_SECONDS

    def add(self, count_bytes: int) -> None:
        """Count bytes that came."""
        with self._lock:
            self._done_bytes += count_bytes
            if self._clock() >= self._next_seconds:
                self._next_seconds = self._clock() + INTERVAL_SECONDS
                _log.info("fetched %s", self._describe())

    def _describe(self) -> str:
        done = f"{self._done_bytes / _MEBIBYTE:.1f}"
        if not self._total_bytes:
            return f"{done} MiB"
        share = self._done_bytes / self._total_bytes
        return f"{done} of {self._total_bytes / _MEBIBYTE:.1f} MiB ({share:.0%})"
