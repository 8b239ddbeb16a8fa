"""Where a request is worked on: at once in the event loop, or in a thread."""

import asyncio
import time
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from fogline_model_server.answers.table import WAITING_CALLS
from fogline_model_server.errors import Code, ServingError
from fogline_model_server.limits import LIMITS

INLINE_SECONDS = 0.001
"""What takes less is done in the event loop: going through a thread costs 0.13 to 0.25 ms."""
INLINE_BYTES = 64 << 10
"""Larger messages always go to a thread: reading them takes long, whatever the model does."""
_LONG, _SHORT, _MOST = 2, -1, 4
"""What a request that took long, or did not, adds to the count of its kind, and how far that goes from zero.
A pause of the machine now and then leaves a quick kind quick; one that is slow every third time is slow."""
_KINDS = 4096

Result = TypeVar("Result")


class Work:
    """Decides by how long requests of the same kind took, and does not let the event loop wait for a thread.

    Safe to call from the event loop only.
    """

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads
        self._counts: dict[Hashable, int] = {}
        """Below zero for kinds that are quick."""
        self._slow = 0
        self._waiting = 0
        self._patient = ThreadPoolExecutor(WAITING_CALLS, thread_name_prefix="wait")
        self._patient_waiting = 0

    def count(self) -> int:
        """Return how many requests wait for a thread, or are in one."""
        return self._waiting

    def is_quick(self, kind: Hashable, size_bytes: int) -> bool:
        """Tell whether a request may be answered in the event loop.

        While a slow one runs it may not, whatever its kind: the slow one may hold the interpreter that the
        quick one would wait for.
        """
        return self._slow == 0 and size_bytes <= INLINE_BYTES and self._counts.get(kind, 0) < 0

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
            raise ServingError(Code.RESOURCE_EXHAUSTED, "too many requests wait already, try again later")
        slow = self._counts.get(kind, 0) >= 0
        self._slow += slow
        self._waiting += 1
        loop = asyncio.get_running_loop()
        took: list[float] = []

        def over() -> None:
            self._slow -= slow
            self._waiting -= 1
            if took:
                self._note(kind, took[0])

        def ended(_: object) -> None:
            with suppress(RuntimeError):  # the loop has closed, nobody counts any more
                loop.call_soon_threadsafe(over)

        job = self._threads.submit(_timed, took, function, arguments)
        # What the caller cancels may still run in its thread, and hold what a quick request would wait for.
        job.add_done_callback(ended)
        return asyncio.wrap_future(job)

    def submit_waiting(self, function: Callable[..., Result], *arguments: object) -> asyncio.Future[Result]:
        """Do what mostly waits in a thread apart.

        Raises
        ------
        ServingError
            RESOURCE_EXHAUSTED: too many wait already.

        """
        if self._patient_waiting >= WAITING_CALLS:
            raise ServingError(Code.RESOURCE_EXHAUSTED, "the server is busy with requests of this kind")
        self._patient_waiting += 1
        future = asyncio.get_running_loop().run_in_executor(self._patient, function, *arguments)
        future.add_done_callback(self._one_less_waits)
        return future

    def _one_less_waits(self, _: object) -> None:
        self._patient_waiting -= 1

    def _note(self, kind: Hashable, seconds: float) -> None:
        count = self._counts.get(kind)
        if count is None and len(self._counts) >= _KINDS:
            self._counts.clear()
        count = (count or 0) + (_SHORT if seconds < INLINE_SECONDS else _LONG)
        self._counts[kind] = max(-_MOST, min(_MOST, count))


def _timed(took: list[float], function: Callable[..., Result], arguments: tuple[object, ...]) -> Result:
    began = time.perf_counter()
    try:
        return function(*arguments)
    finally:
        took.append(time.perf_counter() - began)
