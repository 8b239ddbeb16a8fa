"""Faults between operator and API server: whatever goes wrong on the way, the end is right."""

import asyncio
import json
from collections.abc import Sequence

import pytest
from tests.cluster.conftest import StartOperator
from tests.support.builders import make_variant
from tests.support.faultproxy import FaultProxy
from tests.support.faults import Cut, Delay, Drop, Edit, Fault, Hold, Moment, Refuse, Stale
from tests.support.training_world import TrainingWorld
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cluster.kinds import MODEL_DEPLOYMENTS

WATCH = r"[?&]watch=true"
WATCHES_OF_MODELS = r"/modeldeployments\?.*watch=true"
WATCHES_OF_PODS = r"/v1/pods\?.*watch=true"
WATCHES_OF_CHILDREN = r"/(deployments|services|poddisruptionbudgets)\?.*watch=true"
WRITTEN = ("/services/", "/poddisruptionbudgets/", "/deployments/", "/pods/", "/modeldeployments/.*/status")


def first_write_of_each_kind(action: Refuse | Drop, times: int = 1) -> list[Fault]:
    """Hit the first writes of every kind of object."""
    return [Fault(action, "PATCH", path, times=times) for path in WRITTEN]


def twice(line: bytes) -> tuple[bytes, ...]:
    """Repeat an event."""
    return (line, line)


def expired(_: bytes) -> tuple[bytes, ...]:
    """Say what the API server says in a watch whose resourceVersion is too old."""
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 410, "reason": "Expired"}
    return (json.dumps({"type": "ERROR", "object": status}).encode() + b"\n",)


def no_first_news(line: bytes) -> tuple[bytes, ...]:
    """Lose the news of every new object."""
    return () if json.loads(line)["type"] == "ADDED" else (line,)


FAULTS: dict[str, Sequence[Fault]] = {
    "409 on every first write": first_write_of_each_kind(Refuse(409, "Conflict")),
    "422 on the first pins": [Fault(Refuse(422, "Invalid"), "PATCH", "/pods/", times=2)],
    "429 with Retry-After": [Fault(Refuse(429, "TooManyRequests", retry_after_seconds=1), times=4)],
    "429 with Retry-After on writes": first_write_of_each_kind(
        Refuse(429, "TooManyRequests", retry_after_seconds=1)
    ),
    "500 on every first write": first_write_of_each_kind(Refuse(500, "InternalError"), times=2),
    "500 on the version of the cluster": [Fault(Refuse(500, "InternalError"), path="/version", times=None)],
    "503 on everything": [Fault(Refuse(503, "ServiceUnavailable"), times=15)],
    "connections dropped before the request": first_write_of_each_kind(Drop(Moment.BEFORE)),
    "connections dropped before the answer": first_write_of_each_kind(Drop(Moment.AFTER), times=2),
    "410 on watches": [Fault(Edit(expired), path=WATCH, times=12)],
    "410 as an answer to watches of children": [
        Fault(Cut(1), path=WATCHES_OF_CHILDREN, times=3),
        Fault(Refuse(410, "Expired"), path=WATCHES_OF_CHILDREN, times=6),
    ],
    "watches cut after every event": [Fault(Cut(1), path=WATCH, times=30)],
    "events twice": [Fault(Edit(twice), path=WATCH, times=None)],
    "news of new models lost": [Fault(Edit(no_first_news), path=WATCHES_OF_MODELS, times=None)],
    "news of new pods lost": [Fault(Edit(no_first_news), path=WATCHES_OF_PODS, times=None)],
    "news of new children lost": [Fault(Edit(no_first_news), path=WATCHES_OF_CHILDREN, times=None)],
    "watch of models silent": [Fault(Hold(), path=WATCHES_OF_MODELS, times=None)],
    "everything slow": [Fault(Delay(0.15), times=None)],
    "an old list of pods": [Fault(Stale(), path=r"/v1/pods\?limit", times=3)],
}


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
async def test_a_model_ends_as_its_spec_says_despite(
    world: World, operator_proxy: FaultProxy, start_operator: StartOperator, faults: Sequence[Fault]
) -> None:
    cloud = await world.add_node("cloud")
    for fault in faults:
        operator_proxy.add(fault)
    await start_operator(resync_seconds=1, unstick_seconds=2)
    await world.apply_model(replicas=2, placement={"onNoFit": "Wait"})
    await world.until_ready(2)
    edge = await world.add_node("edge", "Edge")
    both = [make_variant("cloud", "Cloud"), make_variant("edge", "Edge")]
    await world.edit_model({"replicas": 3, "variants": both, "placement": {"edge": {"minReplicas": 1}}})
    await world.until_ready(3)
    assert await world.nodes_of() == [cloud, cloud, edge]
    assert len(await world.children()) == 4


async def test_watches_that_went_silent_go_on_after_the_connection_is_cut(
    world: World, operator_proxy: FaultProxy, start_operator: StartOperator
) -> None:
    await world.add_node()
    operator_proxy.add(Fault(Hold(), path=WATCH, times=None))
    await start_operator()
    await world.apply_model()
    operator_proxy.clear()
    operator_proxy.cut()
    await world.until_ready(1)


async def test_an_operator_that_finds_no_api_server_waits_for_it(
    world: World, operator_proxy: FaultProxy, start_operator: StartOperator
) -> None:
    await world.add_node()
    operator_proxy.add(Fault(Drop(Moment.BEFORE), times=None))
    starting = asyncio.ensure_future(start_operator())
    await wait_for(lambda: len(operator_proxy.requests) > 8, "it has tried")
    assert {request.status for request in operator_proxy.requests} == {None}
    assert not any("kopf" in request.agent for request in operator_proxy.requests)
    operator_proxy.clear()
    await starting
    await world.apply_model()
    await world.until_ready(1)


async def test_a_model_that_is_deleted_unseen_is_forgotten_at_the_next_resync(
    world: World, operator_proxy: FaultProxy, start_operator: StartOperator
) -> None:
    await world.add_node()
    await start_operator(resync_seconds=1)
    await world.apply_model()
    await world.until_ready(1)
    operator_proxy.add(Fault(Hold(), path=WATCHES_OF_MODELS, times=None))
    operator_proxy.cut()
    await world.delete(MODEL_DEPLOYMENTS, "digits")
    await wait_for(lambda: _nothing_is_left(world), "children and pods are gone")
    await world.apply_model()
    await world.until_ready(1)


async def _nothing_is_left(world: World) -> bool:
    return not await world.children() and not await world.pods()


async def test_a_model_whose_writes_hang_holds_up_no_other(
    world: World, operator_proxy: FaultProxy, start_operator: StartOperator
) -> None:
    await world.add_node()
    await start_operator()
    operator_proxy.add(
        Fault(Delay(3600), "PATCH", f"/namespaces/{world.namespace}/services/slow", times=None)
    )
    await world.apply_model("slow")
    await wait_for(lambda: _reached(operator_proxy, "services/slow"), "the write of the slow one hangs")
    await world.apply_model("quick")
    await world.until_ready(1, "quick")
    assert await world.children("slow") == set()


async def test_a_training_whose_writes_hang_holds_up_no_other(
    world: World, operator_proxy: FaultProxy, start_operator: StartOperator
) -> None:
    slow, quick = TrainingWorld(world, "slow"), TrainingWorld(world, "quick")
    path = f"/namespaces/{world.namespace}/modeltrainings/slow/status"
    operator_proxy.add(Fault(Delay(3600), "PATCH", path, times=None))
    await start_operator()
    await slow.apply()
    await wait_for(lambda: _reached(operator_proxy, path), "the write of the slow one hangs")
    await quick.apply()
    await quick.prepared()
    await quick.until("DataReady", "True", "Prepared")
    assert await slow.status() == {}


def _reached(proxy: FaultProxy, path: str) -> bool:
    return any(path in request.path and request.method == "PATCH" for request in proxy.requests)
