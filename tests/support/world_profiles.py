"""NodeProfiles of one test, about its own nodes, and short ways to what is reported about them."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from tests.support.profiles import profile_document
from tests.support.wait import wait_for
from tests.support.world import World
from tests.support.world_nodes import TEST_LABEL

from fogline.cluster.documents import Document
from fogline.cluster.kinds import EVENTS, NODE_PROFILES
from fogline.errors import NotFoundError


@asynccontextmanager
async def new_world_profiles(world: World) -> AsyncIterator["WorldProfiles"]:
    """Give a test profiles, and take them away at the end."""
    profiles = WorldProfiles(world)
    try:
        yield profiles
    finally:
        for name in list(profiles.applied):
            await profiles.delete(name)


class WorldProfiles:
    """What an administrator does with NodeProfiles. Their names begin with the namespace of the test."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.applied: list[str] = []
        """Short names."""

    def name(self, short: str) -> str:
        """Give the name that a profile of this test has in the cluster."""
        return f"{self._world.namespace}-{short}"

    async def apply(self, short: str, labels: Mapping[str, str] | None = None, **facts: Any) -> None:
        """Apply a profile about the nodes of this test that have these labels."""
        selector = {TEST_LABEL: self._world.namespace, **(labels or {})}
        document = profile_document(self.name(short), selector, **facts)
        await self._world.apply(document)
        self.applied = [*{*self.applied, short}]

    async def delete(self, short: str) -> None:
        """Delete a profile, if nobody else has."""
        with contextlib.suppress(NotFoundError):
            await self._world.delete(NODE_PROFILES, self.name(short))
        self.applied.remove(short)

    async def read(self, short: str) -> Document:
        """Read a profile."""
        return await self._world.client.get(NODE_PROFILES, None, self.name(short))

    async def until(self, short: str, kind: str, status: str, reason: str) -> str:
        """Wait until a condition of the present spec has a status and a reason; returns its message."""
        seen: dict[str, Any] = {}

        async def holds() -> bool:
            nonlocal seen
            profile = await self.read(short)
            generation, conditions = profile["metadata"]["generation"], profile.get("status", {})
            found = [one for one in conditions.get("conditions", ()) if one["type"] == kind]
            seen = found[0] if found else {}
            told = (seen.get("observedGeneration"), seen.get("status"), seen.get("reason"))
            return told == (generation, status, reason)

        await wait_for(holds, f"{short} is {kind}={status} {reason}", seen=lambda: self.read(short))
        return str(seen["message"])

    async def events(self, short: str) -> list[str]:
        """List the notes of the Events about a profile."""
        listing = await self._world.client.list(EVENTS, namespace="default")
        return [
            f"{event['reason']}: {event.get('note', '')}"
            for event in listing.items
            if event["regarding"].get("name") == self.name(short)
        ]
