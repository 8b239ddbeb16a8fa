"""Passes side by side. Two passes over one model would undo each other's work, so there is only ever one."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from fogline.names import ModelKey
from fogline.wakeups import WakeUps

Pass = Callable[[], Awaitable[float | None]]
"""Passes over a model; gives the seconds after which to look again, None where only news call for that."""


class Passes:
    """The passes that go on: one that is slow holds up no other model.

    Parameters
    ----------
    wakeups
        Gets the models that are to be passed again.
    at_once
        So many go on at the same time; the others wait for their turn.
    pause_seconds
        From the end of a pass to the next one over the same model.
    """

    def __init__(self, wakeups: WakeUps, at_once: int, pause_seconds: float = 0.0) -> None:
        self._wakeups = wakeups
        self._turns = asyncio.Semaphore(at_once)
        self._pause_seconds = pause_seconds
        self._busy: set[ModelKey] = set()
        self._postponed: set[ModelKey] = set()
        """Busy ones that were woken meanwhile."""

    @property
    def postponed(self) -> int:
        """How many models wait for the end of their own pass."""
        return len(self._postponed)

    def free(self, woken: Iterable[ModelKey]) -> frozenset[ModelKey]:
        """Give the models without a pass; the others are woken again when theirs has ended."""
        keys = frozenset(woken)
        self._postponed |= keys & self._busy
        return keys - self._busy

    def start(self, group: asyncio.TaskGroup, key: ModelKey, one: Pass) -> None:
        """Pass over a model that is free, as soon as it is its turn."""
        self._busy.add(key)
        group.create_task(self._carry_out(key, one))

    async def _carry_out(self, key: ModelKey, one: Pass) -> None:
        async with self._turns:
            seconds = await one()
        await asyncio.sleep(self._pause_seconds)
        self._busy.discard(key)
        if key in self._postponed:
            self._postponed.discard(key)
            self._wakeups.wake([key])
        if seconds is not None:
            await self._wakeups.wake_later(key, seconds)
