"""Stories in which the operator is killed at each of its writes in turn: the end is the same as without.

The oracle is a run in which nobody was killed (as in Sieve, OSDI 2022). A story is told for many writes at
once, each in a world of its own. There, from its write on, nothing reaches the API server any more and no
answer comes back; once that is so in every world, the operator is killed. To each world it died at its write.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from tests.support.end_state import end_state
from tests.support.faultproxy import FaultProxy
from tests.support.faults import Fault, Freeze, Moment, Request
from tests.support.kubectl import Kubectl
from tests.support.operator_process import OperatorProcess
from tests.support.wait import wait_for
from tests.support.world import World, new_world

from fogline.cluster.client import Client
from fogline.reconcile.loop import AT_ONCE

SETTINGS = {"move_budgets": '[{"moves": 1000}]', "requests_per_second": 1000, "plan_idle_seconds": 3600}
"""Of the operator: worlds do not wait for each other, and no plan comes in between."""
MOST_WRITES = 40
"""More would mean that the operator never settles."""
FEWEST_WRITES = 5
"""Fewer would mean that it was not at work."""
LIMIT_SECONDS = 240
"""Everything happens in several worlds at once."""


@dataclass(frozen=True, slots=True)
class Story:
    """What happens to one model."""

    before: Callable[[World], Awaitable[None]]
    """With an operator that nobody disturbs."""
    work: Callable[[World], Awaitable[None]]
    """Done by the user while the operator is down; what follows from it is disturbed."""
    done: Callable[[World], Awaitable[None]]
    """Waits until nothing is left to do."""
    moments: tuple[Moment, ...] = tuple(Moment)
    """When the operator is killed, one life after the other."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where stories are told. The operator runs between them."""

    client: Client
    kubectl: Kubectl
    operator: OperatorProcess
    proxy: FaultProxy

    async def tell_for_every_write(self, story: Story) -> None:
        """Tell a story for the first write of the operator, the second one, and so on to the last one."""
        reference = await self._undisturbed(story)
        for first in range(1, MOST_WRITES, AT_ONCE):
            writes = range(first, first + AT_ONCE)
            killed = await self._killed(story, writes, reference)
            if spared := set(writes) - killed:
                assert min(spared) > FEWEST_WRITES, "the operator was not at work"
                return
        raise AssertionError(f"the operator writes more than {MOST_WRITES} times")

    async def _undisturbed(self, story: Story) -> str:
        """Tell it without any kill; returns the end."""
        async with new_world(self.client, self.kubectl) as world:
            await story.before(world)
            await self.operator.stop()
            await story.work(world)
            await self.operator.start()
            await story.done(world)
            return await end_state(world)

    async def _killed(self, story: Story, writes: Sequence[int], reference: str) -> set[int]:
        """Tell it with a kill at each of these writes; returns those that there were."""
        killed: set[int] = set()
        async with AsyncExitStack() as stack:
            worlds = {
                write: await stack.enter_async_context(new_world(self.client, self.kubectl))
                for write in writes
            }
            await asyncio.gather(*map(story.before, worlds.values()))
            await self.operator.stop()
            await asyncio.gather(*map(story.work, worlds.values()))
            for moment in story.moments:
                killed |= await self._one_life(story, worlds, moment)
            await self.operator.start()
            await asyncio.gather(*map(story.done, worlds.values()))
            await asyncio.gather(*(_ends_as(world, reference, write) for write, world in worlds.items()))
        return killed

    async def _one_life(self, story: Story, worlds: Mapping[int, World], moment: Moment) -> set[int]:
        """Let the operator work until it is dead or done in each world; returns the writes of its deaths."""
        dead = {write: asyncio.Event() for write in worlds}
        for write, world in worlds.items():
            self.proxy.add(_WriteFault.of(world, Freeze(moment, dead[write].set), write))
        self.operator.spawn()
        await asyncio.gather(*(_dead_or_done(story, world, dead[write]) for write, world in worlds.items()))
        assert self.operator.is_running(), f"the operator has ended:\n{self.operator.log()}"
        self.operator.kill()
        self.proxy.clear()
        return {write for write, one in dead.items() if one.is_set()}


@dataclass(frozen=True, slots=True)
class _WriteFault(Fault):
    """Hits what is written into one namespace."""

    namespace: str = ""

    @classmethod
    def of(cls, world: World, action: Freeze, write: int) -> "_WriteFault":
        """Hit a write of a world, counted from 1, and all that come after it."""
        return cls(action, skip=write - 1, times=None, namespace=world.namespace)

    def matches(self, request: Request) -> bool:
        """Tell whether the request is a write into the namespace."""
        return request.writes and f"/namespaces/{self.namespace}/" in request.path


async def _dead_or_done(story: Story, world: World, dead: asyncio.Event) -> None:
    done = asyncio.ensure_future(story.done(world))
    death = asyncio.ensure_future(dead.wait())
    await asyncio.wait((done, death), return_when=asyncio.FIRST_COMPLETED)
    if not dead.is_set():
        await done  # may say why it is not
    for waiting in (done, death):
        waiting.cancel()
    await asyncio.wait((done, death))


async def _ends_as(world: World, reference: str, write: int) -> None:
    """Wait for the end state; the last status may still be on its way."""
    seen = ""

    async def is_same() -> bool:
        nonlocal seen
        seen = await end_state(world)
        return seen == reference

    with contextlib.suppress(AssertionError):  # the comparison below says more
        await wait_for(is_same, "the end state", every_seconds=0.2)
    assert seen == reference, f"killed at write {write}"
