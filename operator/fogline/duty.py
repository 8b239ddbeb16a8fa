"""Whether this process may decide and write now, and what is in the way if not."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from fogline.errors import HeldBackError

LOOK_SECONDS = 0.1
"""How soon work goes on after what was in the way is over."""


class Source(Protocol):
    """What keeps a part of the view up to date."""

    @property
    def synced(self) -> asyncio.Event:
        """Set once all was read for the first time."""
        ...

    @property
    def plural(self) -> str:
        """The kind of object."""
        ...

    @property
    def silent_seconds(self) -> float:
        """For how long nothing was heard."""
        ...

    @property
    def doubt(self) -> str | None:
        """Why what was heard is not believed; None when it is."""
        ...


class Duty:
    """Decisions need a view that is true, and writes need the Lease besides.

    Parameters
    ----------
    stale_seconds
        A source that was silent for longer may have missed something.
    """

    def __init__(self, stale_seconds: float) -> None:
        self.stale_seconds = stale_seconds
        self.sources: Sequence[Source] = ()
        """All that the view is made of."""
        self.is_leading: Callable[[], bool] = lambda: False
        """Whether nobody else can hold the Lease now."""

    @property
    def silent_seconds(self) -> float:
        """For how long nothing was heard of the kind that is silent for longest."""
        return max((source.silent_seconds for source in self.sources), default=0.0)

    def trouble(self) -> str | None:
        """Say why the view may be wrong; None when nothing speaks against it."""
        if not self.sources or not all(source.synced.is_set() for source in self.sources):
            return "the first lists of the cluster are not read yet"
        for source in self.sources:
            if source.doubt:
                return source.doubt
            if source.silent_seconds > self.stale_seconds:
                return f"nothing was heard of {source.plural} for more than {self.stale_seconds:g} s"
        return None

    def fence(self) -> None:
        """Let a write pass.

        Raises
        ------
        HeldBackError
            Another process may hold the Lease, or the view may be wrong.
        """
        if not self.is_leading():
            raise HeldBackError("this process does not hold the Lease")
        if trouble := self.trouble():
            raise HeldBackError(trouble)

    async def permitted(self) -> None:
        """Wait until the view is true."""
        while self.trouble():  # noqa: ASYNC110  silence is no event
            await asyncio.sleep(LOOK_SECONDS)
