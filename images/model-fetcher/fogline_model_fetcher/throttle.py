"""A limit on bandwidth that all connections of this process share."""

import time
from collections.abc import Callable
from threading import Lock

MIN_BUFFER_BYTES = 64 * 1024


class Throttle:
    """Makes readers wait, so that the senders have to.

    Parameters
    ----------
    bytes_per_second
        None: nobody waits.
    """

    def __init__(
        self,
        bytes_per_second: float | None,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._bytes_per_second = bytes_per_second
        self._clock = clock
        self._pause = pause
        self._lock = Lock()
        self._free_at_seconds = clock()

    @property
    def receive_buffer_bytes(self) -> int | None:
        """How much the kernel may receive ahead of a reader: a quarter of a second; None: as it likes."""
        if self._bytes_per_second is None:
            return None
        return max(MIN_BUFFER_BYTES, int(self._bytes_per_second / 4))

    def take(self, count_bytes: int) -> None:
        """Wait for as long as these bytes, and those that others took before, should have taken."""
        if self._bytes_per_second is None:
            return
        with self._lock:
            now_seconds = self._clock()
            begin_seconds = max(self._free_at_seconds, now_seconds)
            self._free_at_seconds = begin_seconds + count_bytes / self._bytes_per_second
            wait_seconds = self._free_at_seconds - now_seconds
        self._pause(wait_seconds)
