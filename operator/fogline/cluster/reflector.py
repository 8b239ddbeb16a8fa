"""A mirror of all objects of one kind, kept up to date by a watch."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from types import MappingProxyType
from typing import Any, Generic, NoReturn, Protocol, TypeVar

from fogline.cluster.backoff import Backoff
from fogline.cluster.breaker import is_suspicious
from fogline.cluster.client import Client
from fogline.cluster.documents import EventType, Listing, WatchEvent
from fogline.cluster.kinds import Kind
from fogline.cluster.transport import TIMED_OUT
from fogline.errors import ApiError, GoneError, NotFoundError

Key = tuple[str, str]
"""Namespace (empty for objects of the whole cluster) and name."""

COMPARE_SECONDS = 600.0
"""How often a mirror is compared with a list, unless its maker says otherwise."""
CONFIRM_SECONDS = 5.0
"""Between a suspiciously short list and the one that must confirm it, unless its maker says otherwise."""
MISSING_SECONDS = 5.0
"""How often it is looked whether the API server knows the kind now."""

logger = logging.getLogger(__name__)


class Identity(Protocol):
    """Which object it is, and as of when."""

    @property
    def key(self) -> Key:
        """Namespace and name."""
        ...

    @property
    def uid(self) -> str:
        """Tells it from one that has or had the same name."""
        ...

    @property
    def resource_version(self) -> str:
        """A whole number that grows with each change."""
        ...


class Live(Protocol):
    """An object that the API server keeps, or what is kept here of it."""

    @property
    def metadata(self) -> Identity:
        """Its identity."""
        ...


T = TypeVar("T", bound=Live)


def as_it_is(live: Any) -> Any:
    """Keep all that was read."""
    return live


class Reflector(Generic[T]):
    """Lists, watches, and after each interruption resumes or lists again, so that no change goes unreported.

    What the API server says is reported as it is, with one exception: a list that is empty or suddenly much
    shorter (`is_suspicious`) is believed only when a second one says the same. Until then nothing is reported
    and `doubt` says why. Deletions that a watch reports are believed.

    Parameters
    ----------
    as_type
        What is read of each object.
    keep
        What of that is kept, and reported.
    on_change
        Called with the object before and after each change, in order, when `store` holds the change already.
        None before is a new object, None after a deleted one. An object that was deleted and made anew under
        the same name is reported as both.
    compare_seconds
        After which everything is listed again, to find what a watch failed to tell.
    confirm_seconds
        After which a suspicious list is followed by a second one.
    may_be_missing
        Whether the API server need not know the kind. While it does not there are no objects of it, and
        `is_missing` says so; else that is an error.
    clock
        Monotonic seconds.
    """

    def __init__(  # noqa: PLR0913  what to mirror, whom to tell, when
        self,
        client: Client,
        kind: Kind,
        as_type: type[Any],
        on_change: Callable[[T | None, T | None], None],
        *,
        keep: Callable[[Any], T] = as_it_is,
        namespace: str | None = None,
        label_selector: str = "",
        compare_seconds: float = COMPARE_SECONDS,
        confirm_seconds: float = CONFIRM_SECONDS,
        may_be_missing: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._kind = kind
        self._as_type = as_type
        self._on_change = on_change
        self._keep = keep
        self._namespace = namespace
        self._label_selector = label_selector
        self._compare_seconds = compare_seconds
        self._confirm_seconds = confirm_seconds
        self._may_be_missing = may_be_missing
        self._clock = clock
        self._objects: dict[Key, T] = {}
        self._resource_version: str | None = None
        """Where to resume; None: list first."""
        self._listed_at = clock()
        self._backoff = Backoff(first_seconds=0.2, max_seconds=30)
        self.store: Mapping[Key, T] = MappingProxyType(self._objects)
        """All objects as last heard of."""
        self.synced = asyncio.Event()
        """Set once the first list is in `store`."""
        self.last_seen = clock()
        """When the API server was last heard: an event, a bookmark or a list. Before that, the start."""
        self.doubt: str | None = None
        """Why `store` may be wrong; None when there is no reason to think so."""
        self.is_missing = False
        """Whether the API server does not know the kind."""

    @property
    def plural(self) -> str:
        """What it mirrors, as in URLs."""
        return self._kind.plural

    @property
    def silent_seconds(self) -> float:
        """For how long nothing was heard; API servers send a bookmark about every minute."""
        return self._clock() - self.last_seen

    async def run(self) -> NoReturn:
        """Mirror for ever.

        Refusals and lost connections are logged and retried. Any other exception is raised: it is a bug, and
        to go on with a stale mirror would be worse than to stop.
        """
        while True:
            try:
                if await self._follow():
                    continue
            except GoneError:
                self._resource_version = None
                logger.info("resourceVersion too old, listing again", extra={"kind": self.plural})
            except ApiError as error:
                if self._may_be_missing and isinstance(error, NotFoundError):
                    self._lack()
                    await asyncio.sleep(MISSING_SECONDS)
                    continue
                if error.reason == TIMED_OUT:
                    self._resource_version = None  # nobody knows what such a server would still tell
                extra = {"kind": self.plural, "error": str(error)}
                logger.warning("list or watch interrupted", extra=extra)
            await asyncio.sleep(self._backoff.next_seconds())

    def _lack(self) -> None:
        """Hold that there are no objects, as there is no kind."""
        if not self.is_missing:
            logger.info("the cluster does not know this kind", extra={"kind": self.plural})
        self._replace(Listing([], ""))
        self._resource_version = None
        self.doubt = None
        self.is_missing = True

    async def _follow(self) -> bool:
        """List if need be, then watch until the watch ends; tell whether the server said anything."""
        version = self._resource_version
        heard = False
        if version is None or self._clock() - self._listed_at >= self._compare_seconds:
            listing = await self._list_until_believed()
            self._replace(listing)
            version = listing.resource_version
            heard = True
        events = self._client.watch(
            self._kind,
            self._as_type,
            resource_version=version,
            namespace=self._namespace,
            label_selector=self._label_selector,
            limit_seconds=self._compare_seconds,
        )
        async with aclosing(events):
            async for event in events:
                heard = True
                self._take(event)
        return heard

    async def _list_until_believed(self) -> Listing[T]:
        before, listing = len(self._objects), await self._list()
        while is_suspicious(before, len(listing.items)):
            self.last_seen = self._clock()
            self.doubt = f"the list of {self.plural} shrank from {before} to {len(listing.items)}"
            logger.warning("list not believed yet", extra={"kind": self.plural, "why": self.doubt})
            await asyncio.sleep(self._confirm_seconds)
            first, listing = listing, await self._list()
            if not is_suspicious(len(first.items), len(listing.items)):
                break  # what is missing in this list was missing in the one before it, too
        self.doubt = None
        return listing

    async def _list(self) -> Listing[T]:
        """Read everything. What is held already is kept: a second copy of all would double the memory."""
        found: list[T] = []
        version = ""
        pages = self._client.pages(
            self._kind, self._as_type, namespace=self._namespace, label_selector=self._label_selector
        )
        async with aclosing(pages):
            async for page in pages:
                found += [self._held(item) or self._keep(item) for item in page.items]
                version = page.resource_version
        return Listing(found, version)

    def _held(self, item: Live) -> T | None:
        """Give what is kept of an object when it was read before, in the same version."""
        held = self._objects.get(item.metadata.key)
        if held is None or held.metadata.uid != item.metadata.uid:
            return None
        return held if held.metadata.resource_version == item.metadata.resource_version else None

    def _replace(self, listing: Listing[T]) -> None:
        """Make the store equal to the list and report the difference, deletions first."""
        found = {item.metadata.key: item for item in listing.items}
        gone = [held for key, held in self._objects.items() if key not in found]
        changed = [
            (held, new)
            for key, new in found.items()
            if (held := self._objects.get(key)) is None
            or held.metadata.resource_version != new.metadata.resource_version
        ]
        self._objects.clear()
        self._objects.update(found)
        self._resource_version = listing.resource_version
        self._listed_at = self.last_seen = self._clock()
        for held in gone:
            self._on_change(held, None)
        for before, after in changed:
            self._report(before, after)
        self.is_missing = False
        self.synced.set()

    def _take(self, event: WatchEvent[Any]) -> None:
        """Put one event into the store and report it, unless it tells what is known already."""
        self.last_seen = self._clock()
        self._resource_version = event.resource_version
        self._backoff.reset()
        if event.object is None:
            return
        key = event.object.metadata.key
        held = self._objects.get(key)
        # KEP-5504: resourceVersions of one kind are whole numbers that grow.
        if held is not None and int(event.resource_version) <= int(held.metadata.resource_version):
            return
        if event.type is not EventType.DELETED:
            new = self._objects[key] = self._keep(event.object)
            self._report(held, new)
        elif held is not None:
            del self._objects[key]
            self._on_change(held, None)

    def _report(self, before: T | None, after: T) -> None:
        if before is not None and before.metadata.uid != after.metadata.uid:
            self._on_change(before, None)
            before = None
        self._on_change(before, after)
