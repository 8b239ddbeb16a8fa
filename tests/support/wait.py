"""Waiting for conditions, with a limit."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable

LIMIT_SECONDS = 120.0

Question = Callable[[], object | Awaitable[object]]
"""A function or coroutine function."""


async def wait_for(
    condition: Question,
    what: str,
    limit_seconds: float = LIMIT_SECONDS,
    *,
    every_seconds: float = 0.02,
    seen: Question | None = None,
) -> None:
    """Ask until the answer is true.

    Parameters
    ----------
    what
        What is waited for, for the error.
    every_seconds
        How long to leave everybody else alone before asking again; more for a question that takes long.
    seen
        What there is in its place, for the error; asked when the time is up.

    Raises
    ------
    AssertionError
        The time is up.
    """
    end = time.monotonic() + limit_seconds
    while not await _answer(condition):
        if time.monotonic() > end:
            there = f"; seen: {await _answer(seen)}" if seen else ""
            raise AssertionError(f"{what}: not within {limit_seconds:g} s{there}")
        await asyncio.sleep(every_seconds)


async def _answer(question: Question) -> object:
    answer = question()
    return await answer if inspect.isawaitable(answer) else answer
