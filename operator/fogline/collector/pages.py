"""Reads the pages of model servers into the window, and tells samples of ours from what clients ask."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

from fogline.collector.exposition import RefusedPageError
from fogline.collector.facts import Replica
from fogline.collector.metrics import READ
from fogline.collector.scrape import Scraper
from fogline.collector.window import Followed, Trouble, Window


class Pages:
    """Reads one page of a pod at a time: one that overtook another would look like a new start.

    Parameters
    ----------
    clock
        Seconds that never go back.
    count
        Told how each scrape ended.
    """

    def __init__(
        self, scraper: Scraper, window: Window, clock: Callable[[], float], count: Callable[[str], None]
    ) -> None:
        self._scraper = scraper
        self._window = window
        self._clock = clock
        self._count = count

    async def read(self, pods: Iterable[Followed]) -> None:
        """Read the pages of pods, but for those that are sent samples: theirs are read when that is over."""
        await asyncio.gather(*(self._in_turn(one) for one in pods if not one.turn.locked()))

    @asynccontextmanager
    async def apart(self, pods: Iterable[Replica]) -> AsyncIterator[Callable[[], None]]:
        """Keep what is asked of pods meanwhile out of what is told of clients.

        Pages are read before and after, so what clients ask in between is all that is left out with it.

        Yields
        ------
        Callable
            To be called when a request may not be answered yet: then the time until the next page is left
            out, too.
        """
        followed = [self._window.of(one) for one in pods]
        is_late = False

        def note() -> None:
            nonlocal is_late
            is_late = True

        async with AsyncExitStack() as turns:
            for one in followed:
                await turns.enter_async_context(one.turn)
            await self._all(followed)
            for one in followed:
                one.has_samples = True
            yield note
            await self._all(followed)
            for one in followed:
                one.has_samples |= is_late

    async def _all(self, followed: Iterable[Followed]) -> None:
        await asyncio.gather(*map(self._scrape, followed))

    async def _in_turn(self, followed: Followed) -> None:
        async with followed.turn:
            await self._scrape(followed)

    async def _scrape(self, followed: Followed) -> None:
        try:
            reading = await self._scraper.scrape(followed.replica.ip)
        except RefusedPageError as error:
            followed.trouble = Trouble(error.reason, error.message)
            self._count(error.reason.value)
        else:
            followed.take(reading, self._clock())
            self._count(READ)
