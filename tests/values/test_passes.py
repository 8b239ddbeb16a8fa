"""Passes go side by side, and those over one model one after the other."""

import asyncio
from collections.abc import Iterable
from functools import partial

from fogline.names import ModelKey
from fogline.passes import Passes
from fogline.wakeups import WakeUps

DIGITS, SHAPES, PLANTS = (ModelKey("default", name) for name in ("digits", "shapes", "plants"))


class Work:
    """Passes that end when the test lets them."""

    def __init__(self, group: asyncio.TaskGroup, at_once: int) -> None:
        self.begun: list[ModelKey] = []
        self.wakeups = WakeUps()
        self.passes = Passes(self.wakeups, at_once)
        self._group = group
        self._ends: dict[ModelKey, asyncio.Event] = {}

    async def wake(self, keys: Iterable[ModelKey], again_seconds: float | None = None) -> None:
        """Begin what is free, and let it get as far as it does."""
        for key in sorted(self.passes.free(keys)):
            self._ends[key] = asyncio.Event()
            self.passes.start(self._group, key, partial(self._pass, key, again_seconds))
        await settle()

    async def end(self, *keys: ModelKey) -> None:
        """Let passes end."""
        for key in keys:
            self._ends[key].set()
        await settle()

    async def _pass(self, key: ModelKey, again_seconds: float | None) -> float | None:
        self.begun.append(key)
        await self._ends[key].wait()
        return again_seconds


async def settle() -> None:
    """Let tasks run that have something to do."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_one_that_hangs_holds_up_no_other() -> None:
    async with asyncio.TaskGroup() as group:
        work = Work(group, at_once=2)
        await work.wake([SHAPES])
        await work.wake([DIGITS])
        await work.end(DIGITS)
        await work.wake([PLANTS])
        assert work.begun == [SHAPES, DIGITS, PLANTS]
        await work.end(SHAPES, PLANTS)


async def test_no_more_go_on_than_may() -> None:
    async with asyncio.TaskGroup() as group:
        work = Work(group, at_once=2)
        await work.wake([DIGITS, PLANTS, SHAPES])
        assert work.begun == [DIGITS, PLANTS]
        await work.end(PLANTS)
        assert work.begun == [DIGITS, PLANTS, SHAPES]
        await work.end(DIGITS, SHAPES)


async def test_a_model_that_is_woken_during_its_pass_is_woken_again_when_it_has_ended() -> None:
    async with asyncio.TaskGroup() as group:
        work = Work(group, at_once=2)
        await work.wake([DIGITS])
        await work.wake([DIGITS])
        assert (work.begun, work.passes.postponed, len(work.wakeups)) == ([DIGITS], 1, 0)
        await work.end(DIGITS)
        assert (work.passes.postponed, await work.wakeups.take(0)) == (0, frozenset({DIGITS}))
        await work.wake([DIGITS])
        assert work.begun == [DIGITS, DIGITS]
        await work.end(DIGITS)
        assert len(work.wakeups) == 0


async def test_a_pass_says_when_to_look_again() -> None:
    async with asyncio.TaskGroup() as group:
        work = Work(group, at_once=1)
        await work.wake([DIGITS], again_seconds=0.01)
        await work.end(DIGITS)
        async with asyncio.timeout(10):
            assert await work.wakeups.take(0) == {DIGITS}
