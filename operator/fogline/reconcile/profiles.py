"""The loop that reports on NodeProfiles, and lets those that become stale stop counting in time."""

import asyncio
import logging
from collections import Counter
from contextlib import suppress
from typing import NoReturn

import msgspec

from fogline.api import NodeProfileStatus
from fogline.cluster.kinds import NODE_PROFILES
from fogline.conditions import Reason
from fogline.context import Context
from fogline.errors import ApiError
from fogline.observe import KnownProfile, Profile, standings
from fogline.reconcile.profile_status import new_conflict, profile_status

LOOK_SECONDS = 10.0
"""The wall clock may be set while we wait for a moment on it: look at it at least this often."""
COLLECT_SECONDS = 0.5
"""Changes are collected for this long before profiles are held against nodes again."""
RETRY_SECONDS = 2.0
"""After an error of the API server a status is written again."""

logger = logging.getLogger(__name__)


class ProfileKeeper:
    """Keeps NodeProfiles honest. Level-based: what happened to them plays no part."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._nodes = context.view.nodes
        self._unwritten: dict[str, tuple[KnownProfile, NodeProfileStatus]] = {}
        """By name of the profile; only the latest status of each matters."""
        self._some_unwritten = asyncio.Event()

    async def run(self) -> NoReturn:
        """Go on for ever. Errors of the API server are retried; any other exception is a bug.

        Statuses are written beside the loop, so that slow writes delay no end of a profile.
        """
        async with asyncio.TaskGroup() as writes:
            writes.create_task(self._write_for_ever())
            while True:
                await self._news()
                self._context.view.follow_clock()
                if self._nodes.stirred.is_set():
                    await asyncio.sleep(COLLECT_SECONDS)
                    await self._context.duty.permitted()
                    self._nodes.stirred.clear()
                    await self._judge()

    async def _news(self) -> None:
        """Wait until a profile or a node changed, or until it is time to look at the clock."""
        end, seconds = self._nodes.next_expiry(), None
        if end is not None:
            left = (end - self._context.clock()).total_seconds()
            seconds = min(max(left, 0), LOOK_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._nodes.stirred.wait()

    async def _judge(self) -> None:
        """Hold the profiles against the nodes, in a thread: with many of both it takes a while."""
        known, now = dict(self._nodes.profiles), self._context.clock()
        readable = [one.content for one in known.values() if isinstance(one.content, Profile)]
        judged = await asyncio.to_thread(standings, readable, list(self._nodes.labels()), now)
        by_name = {standing.profile.name: standing for standing in judged}
        statuses = {name: profile_status(one, by_name.get(name), now) for name, one in known.items()}
        self._unwritten = {
            name: (known[name], status) for name, status in statuses.items() if status != known[name].status
        }
        if self._unwritten:
            self._some_unwritten.set()
        reasons = Counter(by_name[name].verdict[0] if name in by_name else Reason.INVALID for name in known)
        self._context.metrics.profiles.clear()
        for reason, count in reasons.items():
            self._context.metrics.profiles.labels(reason.value).set(count)

    async def _write_for_ever(self) -> NoReturn:
        while True:
            await self._some_unwritten.wait()
            self._some_unwritten.clear()
            while self._unwritten:
                name = next(iter(self._unwritten))
                await self._write(*self._unwritten.pop(name))

    async def _write(self, known: KnownProfile, status: NodeProfileStatus) -> None:
        """Write one status. The uid keeps it off a namesake that came later."""
        meta = known.metadata
        try:
            if conflict := new_conflict(known.status, status):
                await self._context.recorder.profiles_conflict(meta, conflict)
            document = {
                "apiVersion": NODE_PROFILES.api_version,
                "kind": NODE_PROFILES.kind,
                "metadata": {"name": meta.name, "uid": meta.uid},
                "status": msgspec.to_builtins(status),
            }
            await self._context.client.apply(document, subresource="status")
        except ApiError as error:
            # also when it is gone: then the watch says so before long, and there is nothing left to write
            extra = {"profile": meta.name, "error": str(error)}
            logger.warning("status not written, trying again", extra=extra)
            await asyncio.sleep(RETRY_SECONDS)
            self._nodes.stirred.set()
