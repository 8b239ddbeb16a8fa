"""Which models need a pass. Waking one twice before its pass is the same as waking it once."""

import asyncio
from collections.abc import Iterable

from fogline.names import ModelKey


class WakeUps:
    """A set of models that somebody can wait for."""

    def __init__(self) -> None:
        self._due: set[ModelKey] = set()
        self._some = asyncio.Event()

    def wake(self, keys: Iterable[ModelKey]) -> None:
        """Ask for a pass over these models."""
        self._due.update(keys)
        if self._due:
            self._some.set()

    async def take(self, collect_seconds: float) -> frozenset[ModelKey]:
        """Wait for the first model, collect more for a while, and take them all."""
        await self._some.wait()
        await asyncio.sleep(collect_seconds)
        taken = frozenset(self._due)
        self._due.clear()
        self._some.clear()
        return taken
