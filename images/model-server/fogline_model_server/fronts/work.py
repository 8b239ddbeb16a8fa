"""Where a request is worked on: at once in the event loop, or in a thread."""

import asyncio
import time
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from fogline_model_server.errors import Code, ServingError
from fogline_model_server.limits import LIMITS

INLINE_SECONDS = 0.001
"""What takes less is done in the event loop: going through a thread costs 0.13 to 0.25 ms."""
INLINE_BYTES = 64 << 10
"""Larger messages always go to a thread: reading them takes long, whatever the model does."""
_WEIGHT = 0.25
"""Of the newest time in the moving mean."""
_KINDS = 4096
_PATIENT_WAITING = 8

Result = TypeVar("Result")


class Work:
    """Decides by how long requests of the same kind took, and does not let the event loop wait for a thread.

    Safe to call from the event loop only.
    """

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads
        self._seconds: dict[Hashable, float] = {}
        self._slow = 0
        self._waiting = 0
        self._patient = ThreadPoolExecutor(1, thread_name_prefix="wait")
        self._patient_waiting = 0

    def is_quick(self, kind: Hashable, size_bytes: int) -> bool:
        """Tell whether a request may be answered in the event loop.

        While a slow one runs it may not, whatever its kind: the slow one may hold the interpreter that the
        quick one would wait for.
        """
        return (
            self._slow == 0
            and size_bytes <= INLINE_BYTES
            and self._seconds.get(kind, INLINE_SECONDS) < INLINE_SECONDS
        )

    def run(self, kind: Hashable, function: Callable[..., Result], *arguments: object) -> Result:
        """Do it now."""
        began = time.perf_counter()
        try:
            return function(*arguments)
        finally:
            self._note(kind, time.perf_counter() - began)

    def submit(
        self, kind: Hashable, function: Callable[..., Result], *arguments: object
    ) -> asyncio.Future[Result]:
        """Do it in a thread. Cancelling the future takes it back if it has not begun.

        Raises
        ------
        ServingError
            RESOURCE_EXHAUSTED: too many wait already.

        """
        if self._waiting >= LIMITS.waiting_calls:
            raise ServingError(
                Code.RESOURCE_EXHAUSTED, f"{self._waiting} requests wait already, try again later"
            )
        slow = self._seconds.get(kind, INLINE_SECONDS) >= INLINE_SECONDS
        self._slow += slow
        self._waiting += 1
        took: list[float] = []
        future = asyncio.get_running_loop().run_in_executor(self._threads, _timed, took, function, arguments)

        def done(_: object) -> None:
            self._slow -= slow
            self._waiting -= 1
            if took:
                self._note(kind, took[0])

        future.add_done_callback(done)
        return future

    def submit_waiting(self, function: Callable[..., Result], *arguments: object) -> asyncio.Future[Result]:
        """Do what mostly waits in a thread apart, one after the other.

        Raises
        ------
        ServingError
            RESOURCE_EXHAUSTED: too many wait already.

        """
        if self._patient_waiting >= _PATIENT_WAITING:
            raise ServingError(Code.RESOURCE_EXHAUSTED, "the server is busy with requests of this kind")
        self._patient_waiting += 1
        future = asyncio.get_running_loop().run_in_executor(self._patient, function, *arguments)
        future.add_done_callback(self._one_less_waits)
        return future

    def _one_less_waits(self, _: object) -> None:
        self._patient_waiting -= 1

    def _note(self, kind: Hashable, seconds: float) -> None:
        known = self._seconds.get(kind)
        # One long pause of the machine must not count for more than a few quick requests.
        seconds = min(seconds, 3 * INLINE_SECONDS)
        if known is None and len(self._seconds) >= _KINDS:
            self._seconds.clear()
        self._seconds[kind] = seconds if known is None else known + _WEIGHT * (seconds - known)


def _timed(took: list[float], function: Callable[..., Result], arguments: tuple[object, ...]) -> Result:
    began = time.perf_counter()
    try:
        return function(*arguments)
    finally:
        took.append(time.perf_counter() - began)
