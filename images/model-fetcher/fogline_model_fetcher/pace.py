"""A lower limit on speed: a store that sends a byte now and then would hold a pod for ever."""

import time
from collections.abc import Callable
from threading import Lock

from fogline_model_fetcher.errors import FetchError

MIN_BYTES_PER_SECOND = 1024


class Pace:
    """Counts bytes in windows of time.

    Parameters
    ----------
    window_seconds
        In each, so many bytes must come as the slowest store that is put up with sends.
    """

    def __init__(self, window_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._window_seconds = window_seconds
        self._clock = clock
        self._lock = Lock()
        self._count_bytes = 0
        self._begin_seconds = clock()

    def add(self, count_bytes: int) -> None:
        """Count bytes that came."""
        with self._lock:
            self._count_bytes += count_bytes

    def check(self) -> None:
        """Look whether the window is over and enough came.

        Raises
        ------
        FetchError
            Less came.
        """
        now_seconds = self._clock()
        if now_seconds < self._begin_seconds + self._window_seconds:
            return
        if self._count_bytes < MIN_BYTES_PER_SECOND * self._window_seconds:
            raise FetchError(
                f"the store sent {self._count_bytes} bytes in {self._window_seconds:g} s, too slow to go on"
            )
        with self._lock:
            self._begin_seconds, self._count_bytes = now_seconds, 0
