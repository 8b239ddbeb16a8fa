"""The operator is killed right before and right after each of its writes: the end is the same as without.

The oracle is a run in which nobody was killed (as in Sieve, OSDI 2022). More stories are told in memory, in
`tests/memory_cluster/test_crashes.py`; here the API server is real.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from tests.cluster.conftest import StartOperator
from tests.support.builders import make_variant
from tests.support.end_state import end_state
from tests.support.faultproxy import FaultProxy
from tests.support.faults import Drop, Fault, Moment, Request
from tests.support.kubectl import Kubectl
from tests.support.operator_process import OperatorProcess
from tests.support.wait import wait_for
from tests.support.world import World, new_world

from fogline.cluster.client import Client
from fogline.names import REPLACES_ANNOTATION

CLOUD, EDGE = make_variant("cloud", "Cloud"), make_variant("edge", "Edge")
MOST_WRITES = 40
"""More would mean that the operator never settles."""


@dataclass(frozen=True, slots=True)
class WriteFault(Fault):
    """Hits any request that asks for a change."""

    def matches(self, request: Request) -> bool:
        """Tell whether the request is a write."""
        return request.writes


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


async def nodes(world: World) -> None:
    """Add a node of each tier."""
    await asyncio.gather(world.add_node("cloud"), world.add_node("edge", "Edge"))


async def apply(world: World) -> None:
    """Make a model with a replica in each tier."""
    await world.apply_model(replicas=2, variants=[CLOUD, EDGE], placement={"edge": {"minReplicas": 1}})


async def in_the_cloud(world: World) -> None:
    """Let a model serve where it is cheapest."""
    dear = {"fogline.dev/cost-per-hour": "9"}
    await asyncio.gather(world.add_node("cloud"), world.add_node("edge", "Edge", labels=dear))
    await world.apply_model(variants=[CLOUD, EDGE])
    await world.until_ready(1)


async def cordon(world: World) -> None:
    """Let the replica move to the other tier."""
    await world.kubectl("cordon", world.node_name("cloud"))


async def made(world: World) -> None:
    """Wait until both replicas serve."""
    await world.until_ready(2)


async def moved(world: World) -> None:
    """Wait until the move is over and its marks are gone."""

    async def holds() -> bool:
        moves = (await world.model()).get("status", {}).get("moves", {})
        notes = [pod["metadata"].get("annotations", {}) for pod in await world.pods()]
        return moves.get("completed") == 1 and not any(REPLACES_ANNOTATION in note for note in notes)

    try:
        await wait_for(holds, "the move is over", 100)
    except AssertionError as error:
        marks = [pod["metadata"].get("annotations") for pod in await world.pods()]
        raise AssertionError(
            f"{error}; status {(await world.model()).get('status')}, marks {marks}"
        ) from None
    await world.until_ready(1)


STORIES = {
    "a model is made": Story(nodes, apply, made),
    "a replica moves to another tier": Story(in_the_cloud, cordon, moved, (Moment.AFTER,)),
}


@pytest.mark.timeout(1200)  # each write costs a start of the operator
@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
async def test_the_end_is_the_same_when_the_operator_is_killed_at_any_write(
    client: Client,
    kubectl: Kubectl,
    operator_proxy: FaultProxy,
    start_operator: StartOperator,
    story: Story,
) -> None:
    """Kill it right before a write, and its successor right after the write of the same number.

    To the cluster, before a write is after the one before it: so the longer story is spared half the kills.
    """
    operator = await start_operator()

    async with new_world(client, kubectl) as world:
        await story.before(world)
        await operator.stop()
        await story.work(world)
        await operator.start()
        await story.done(world)
        reference = await end_state(world)

    for write in range(1, MOST_WRITES):
        async with new_world(client, kubectl) as world:
            await story.before(world)
            await operator.stop()
            await story.work(world)
            kills = [
                await is_killed(world, story, operator, operator_proxy, WriteFault(action, skip=write - 1))
                for action in (Drop(moment, meanwhile=operator.kill) for moment in story.moments)
            ]
            if not operator.is_running():
                await operator.start()
            await story.done(world)
            await ends_as(world, reference, f"killed at write {write}")
        if not any(kills):
            assert write > 5, "the operator was not at work"
            return
    raise AssertionError(f"the operator writes more than {MOST_WRITES} times")


async def is_killed(
    world: World, story: Story, operator: OperatorProcess, proxy: FaultProxy, fault: Fault
) -> bool:
    """Start an operator that dies of a fault; tell whether it died before the model was Ready."""
    if operator.is_running():
        return False
    proxy.add(fault)
    operator.spawn()
    done = asyncio.ensure_future(story.done(world))
    while operator.is_running() and not done.done():
        await asyncio.wait([done], timeout=0.05)
    done.cancel()
    await asyncio.wait([done])
    proxy.clear()
    return not operator.is_running()


async def ends_as(world: World, reference: str, what: str) -> None:
    """Wait for the end state; the last status may still be on its way."""

    async def is_same() -> bool:
        return await end_state(world) == reference

    with contextlib.suppress(AssertionError):  # the comparison below says more
        await wait_for(is_same, what, 5)
    assert await end_state(world) == reference, what
