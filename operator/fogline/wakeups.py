"""Which models need a pass. Waking one twice before its pass is the same as waking it once."""

import asyncio
import math
from collections.abc import Iterable

from fogline.names import ModelKey


class WakeUps:
    """A set of models that somebody can wait for."""

    def __init__(self) -> None:
        self._due: set[ModelKey] = set()
        self._some = asyncio.Event()
        self._planned: dict[ModelKey, float] = {}
        """When a model is woken next, by the clock of the event loop."""

    def __len__(self) -> int:
        return len(self._due)

    def wake(self, keys: Iterable[ModelKey]) -> None:
        """Ask for a pass over these models."""
        self._due.update(keys)
        if self._due:
            self._some.set()

    async def wake_later(self, key: ModelKey, seconds: float) -> None:
        """Ask for a pass over a model after a while.

        Every pass may plan the next one, whoever asked for it: only the earliest plan of a model counts, or
        there would be ever more of them.
        """
        clock = asyncio.get_running_loop().time
        when = clock() + seconds
        if self._planned.get(key, math.inf) <= when:
            return
        self._planned[key] = when
        await asyncio.sleep(seconds)
        if self._planned.get(key) == when:
            del self._planned[key]
            self.wake([key])

    async def take(self, collect_seconds: float) -> frozenset[ModelKey]:
        """Wait for the first model, collect more for a while, and take them all."""
        await self._some.wait()
        await asyncio.sleep(collect_seconds)
        taken = frozenset(self._due)
        self._due.clear()
        self._some.clear()
        return taken
