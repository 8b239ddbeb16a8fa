"""Keeps a Lease for as long as this process may lead, and says when it does."""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from fogline.cluster.backoff import Backoff
from fogline.cluster.client import Client
from fogline.cluster.kinds import LEASES
from fogline.cluster.lease import (
    Claim,
    Identity,
    Times,
    Watched,
    claim,
    held_by,
    held_by_nobody,
    watch,
)
from fogline.cluster.objects import Lease, LeaseSpec
from fogline.cluster.transport import Limits
from fogline.errors import (
    ApiError,
    ConflictError,
    NotFoundError,
    TooManyRequestsError,
    UnavailableError,
)

AFTER_ERROR_SECONDS = 1.0
"""Until the next try at most, for a Lease must be renewed in time."""
RELEASE_ATTEMPTS = 4
"""Whoever comes next waits for the whole duration of a Lease that was not given up."""

logger = logging.getLogger(__name__)


def limits(times: Times) -> Limits:
    """Give those for the client of an elector, which must be its own: no other may hold a renewal up."""
    seconds = times.answer_seconds
    return Limits(attempts=1, connect_seconds=seconds * 3 / 4, attempt_seconds=seconds)


def running_seconds() -> float:
    """Count seconds, those included during which the machine slept; nobody can set this clock."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True, slots=True)
class LeaseName:
    """Where the Lease is."""

    namespace: str
    name: str


class Elector:
    """Runs in the event loop of the work that it guards: when that loop hangs, the Lease is lost.

    Parameters
    ----------
    may_take
        Whether this process could do the work now.
    may_keep
        Whether it can go on.
    wall_clock
        In UTC.
    """

    def __init__(  # noqa: PLR0913  which Lease, for whom, when
        self,
        client: Client,
        lease: LeaseName,
        identity: Identity,
        times: Times,
        *,
        may_take: Callable[[], bool],
        may_keep: Callable[[], bool],
        wall_clock: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._lease = lease
        self._identity = identity
        self._times = times
        self._may_take = may_take
        self._may_keep = may_keep
        self._wall_clock = wall_clock
        self._watched: Watched | None = None
        self._resource_version: str | None = None
        """Of the Lease as last read; None: there is none."""
        self._renewed_at: float | None = None
        """When the request was sent that last proved us the holder; None: never."""
        self.leading = asyncio.Event()
        """Set once the Lease is ours; it is never cleared, for a process that loses it ends."""

    @property
    def is_in_force(self) -> bool:
        """Whether nobody else can hold the Lease now."""
        return self._renewed_at is not None and self._left_seconds() > 0

    @property
    def unrenewed_seconds(self) -> float | None:
        """For how long the Lease has not been renewed; None when it is not ours."""
        return None if self._renewed_at is None else running_seconds() - self._renewed_at

    async def run(self) -> None:
        """Wait for the Lease, then keep it; returns when it is lost or given up.

        Errors of the API server are retried for as long as the Lease is in force.
        """
        while not self.leading.is_set() or self._may_go_on():
            seconds = self._times.retry_seconds
            try:
                async with asyncio.timeout(self._left_seconds() if self.leading.is_set() else None):
                    await self._try()
            except (ApiError, TimeoutError) as error:
                logger.warning("lease not read or renewed", extra={"error": str(error)})
                seconds = min(seconds, AFTER_ERROR_SECONDS)
            await asyncio.sleep(seconds * random.uniform(0.5, 1))  # noqa: S311  spreads load, guards no secret

    async def release(self) -> None:
        """Give the Lease up, when the work has stopped; the next process takes it at once."""
        if not self.is_in_force:
            return
        left_seconds, self._renewed_at = self._left_seconds(), None
        with contextlib.suppress(ApiError, TimeoutError):  # it runs out all the same
            async with asyncio.timeout(left_seconds):
                await self._give_up()

    def _may_go_on(self) -> bool:
        if not self.is_in_force:
            logger.warning("lease lost", extra={"identity": str(self._identity)})
            return False
        if not self._may_keep():
            logger.warning("lease given up: this process cannot do its work")
            return False
        return True

    async def _try(self) -> None:
        sent_at = running_seconds()
        seen = await self._read()
        verdict = claim(seen, self._identity, running_seconds(), self._times)
        if self.leading.is_set() and verdict is not Claim.KEEP:
            self._renewed_at = None  # somebody took it from us
        elif verdict is Claim.KEEP or (verdict is Claim.TAKE and self._may_take()):
            await self._hold(seen.spec, sent_at)

    async def _give_up(self) -> None:
        """Write that nobody holds it; a renewal of ours that is still on its way may come in between."""
        backoff = Backoff(first_seconds=0.1, max_seconds=1)
        for attempt in count(1):
            try:
                if (await self._read()).spec.holder_identity != str(self._identity):
                    return
                await self._write(held_by_nobody(self._wall_clock()))
            except (ConflictError, TooManyRequestsError, UnavailableError):
                if attempt >= RELEASE_ATTEMPTS:
                    raise
                await asyncio.sleep(backoff.next_seconds())
            else:
                logger.info("lease released", extra={"identity": str(self._identity)})
                return

    async def _hold(self, before: LeaseSpec, sent_at: float) -> None:
        try:
            await self._write(held_by(self._identity, before, self._wall_clock(), self._times))
        except ConflictError:
            return  # somebody was faster, or edited it: the next look tells
        self._renewed_at = sent_at
        if not self.leading.is_set():
            logger.info("this process leads", extra={"identity": str(self._identity)})
            self.leading.set()

    async def _read(self) -> Watched:
        try:
            lease = await self._client.get(LEASES, self._lease.namespace, self._lease.name, Lease)
            spec, self._resource_version = lease.spec, lease.metadata.resource_version
        except NotFoundError:
            spec, self._resource_version = LeaseSpec(), None
        self._watched = watch(self._watched, spec, running_seconds())
        return self._watched

    async def _write(self, spec: dict[str, object]) -> None:
        """Write the Lease as it was read.

        Raises
        ------
        ConflictError
            It has changed, or somebody else created it.
        """
        lease = self._lease
        if self._resource_version is None:
            meta = {"namespace": lease.namespace, "name": lease.name}
            await self._client.create(
                {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": meta, "spec": spec}
            )
        else:
            change = {"metadata": {"resourceVersion": self._resource_version}, "spec": spec}
            await self._client.merge_patch(LEASES, lease.namespace, lease.name, change)

    def _left_seconds(self) -> float:
        since = running_seconds() if self._renewed_at is None else self._renewed_at
        return since + self._times.deadline_seconds - running_seconds()
