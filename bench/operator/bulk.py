"""The same work for very many things: several at once, with its progress, within a time limit."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 50
"""More only make each request slower."""
_TELL_SECONDS = 5.0


async def for_each(
    what: str, items: Sequence[T], do: Callable[[T], Awaitable[object]], limit_seconds: float = 300
) -> None:
    """Do something with each item, and print how far it is.

    Raises
    ------
    TimeoutError
        Not all are done after `limit_seconds`.
    """
    began = time.monotonic()
    left = iter(items)
    done = 0

    async def work() -> None:
        nonlocal done
        for item in left:
            await do(item)
            done += 1

    async def tell() -> None:
        while True:
            await asyncio.sleep(_TELL_SECONDS)
            print(f"  {what}: {_rate(done, began)}, {len(items)} wanted", flush=True)

    async with asyncio.timeout(limit_seconds), asyncio.TaskGroup() as group:
        telling = group.create_task(tell())
        workers = [group.create_task(work()) for _ in range(AT_ONCE)]
        await asyncio.gather(*workers)
        telling.cancel()
    print(f"  {what}: {_rate(done, began)}", flush=True)


def _rate(done: int, began: float) -> str:
    seconds = time.monotonic() - began
    return f"{done} in {seconds:.1f} s ({done / seconds:.0f}/s)"
