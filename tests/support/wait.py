"""Waiting for conditions, with a limit."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable

LIMIT_SECONDS = 120.0


async def wait_for(
    condition: Callable[[], object | Awaitable[object]],
    what: str,
    limit_seconds: float = LIMIT_SECONDS,
    *,
    every_seconds: float = 0.02,
) -> None:
    """Ask until the answer is true.

    Parameters
    ----------
    condition
        A function or coroutine function.
    what
        What is waited for, for the error.
    every_seconds
        How long to leave everybody else alone before asking again; more for a question that takes long.

    Raises
    ------
    AssertionError
        The time is up.
    """
    end = time.monotonic() + limit_seconds
    while True:
        answer = condition()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {limit_seconds:g} s")
        await asyncio.sleep(every_seconds)
