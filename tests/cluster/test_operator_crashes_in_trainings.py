"""The operator is killed after each of its writes while a training is carried out: each life adds one.

To the cluster, right before a write is right after the one before it: so there are no more kills.
"""

import asyncio
from dataclasses import dataclass, field

from tests.cluster.conftest import StartOperator
from tests.support.end_state import training_end
from tests.support.faultproxy import FaultProxy
from tests.support.faults import Fault, Freeze, Moment, Request
from tests.support.kubectl import Kubectl
from tests.support.operator_process import OperatorProcess
from tests.support.training_world import AWAITED, TrainingWorld
from tests.support.wait import wait_for
from tests.support.world import World, new_world

from fogline.cluster.client import Client

WRITTEN = r"/(modeltrainings|jobs)\b|/services(\?|$)|/modeldeployments/digits(\?|$)"
"""What is written of a training, Events left out: nothing rests on them."""
FEWEST_WRITES = 9
"""The run, data, training and version in the status; three Jobs, a Service, and the artifacts."""
MOST_WRITES = 30
"""More would mean that the operator never settles."""
LIMIT_SECONDS = 120


Write = tuple[str, str, bytes]
"""Method, path and body."""


def write_of(request: Request) -> Write:
    """Tell what a request writes."""
    return request.method, request.path, request.body


@dataclass(frozen=True, slots=True)
class WriteOfATraining(Fault):
    """Hits what the operator writes of a training for the first time."""

    known: set[Write] = field(default_factory=set)
    """What lives before have written; a Service that is there is asked for again before the Job is made."""

    def matches(self, request: Request) -> bool:
        """Tell whether the request is such a write."""
        return request.writes and write_of(request) not in self.known and Fault.matches(self, request)


async def begin(world: World) -> TrainingWorld:
    """Apply a training, and the ModelDeployment that gets its version."""
    await world.apply_model(variants=AWAITED, placement={"dataSensitivity": "Internal"})
    training = TrainingWorld(world)
    await training.apply()
    return training


async def play_its_pods(training: TrainingWorld) -> None:
    """Let each step end well, as soon as it has pods."""
    await training.prepared()
    await training.trained()
    await training.published()


async def undisturbed(client: Client, kubectl: Kubectl) -> str:
    """Carry a training out without a kill; returns the end."""
    async with new_world(client, kubectl) as world:
        training = await begin(world)
        await play_its_pods(training)
        await training.until("Complete", "True", "RunPublished")
        return await training_end(training)


async def one_life(
    operator: OperatorProcess, proxy: FaultProxy, training: TrainingWorld, reference: str, known: set[Write]
) -> bool:
    """Let the operator live until it writes something new, or all is done; tells whether it died."""
    dead, path = asyncio.Event(), f"/namespaces/{training.world.namespace}({WRITTEN})"
    fault = WriteOfATraining(Freeze(Moment.AFTER, dead.set), path=path, times=None, known=known)
    proxy.add(fault)
    before = len(proxy.requests)

    async def is_dead_or_done() -> bool:
        if dead.is_set():
            return True
        return await operator.trouble() is None and await training_end(training) == reference

    operator.spawn()
    what = "a write, or the end"
    await wait_for(is_dead_or_done, what, LIMIT_SECONDS, every_seconds=0.1, seen=training.status)
    assert operator.is_running(), f"the operator has ended:\n{operator.log()}"
    if dead.is_set():
        operator.kill()
        known.add(write_of(next(one for one in proxy.requests[before:] if fault.matches(one))))
    proxy.clear()
    return dead.is_set()


async def test_a_training_ends_the_same_when_the_operator_is_killed_after_every_write(
    client: Client, kubectl: Kubectl, operator_proxy: FaultProxy, start_operator: StartOperator
) -> None:
    operator, known = await start_operator(), set[Write]()
    reference = await undisturbed(client, kubectl)
    await operator.stop()
    async with new_world(client, kubectl) as world, asyncio.TaskGroup() as group:
        training = await begin(world)
        group.create_task(play_its_pods(training))
        while await one_life(operator, operator_proxy, training, reference, known):
            assert len(known) < MOST_WRITES, await training_end(training)
        assert await training_end(training) == reference
    assert len(known) >= FEWEST_WRITES, "the operator was not at work"
