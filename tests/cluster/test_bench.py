"""The Job that load comes from: it goes to the node that was asked for, and nothing of it stays."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from tests.support.runs import RUN
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cli.benching.client_job import client_files, client_job
from fogline.cli.benching.remote import send_from
from fogline.cluster.client import Client
from fogline.cluster.kinds import CONFIG_MAPS, JOBS, PODS
from fogline.errors import FoglineError
from fogline.load.job import REST, Job, pack

JOB = Job({REST: [b"{}"]}, (replace(RUN, seconds=30),))
LABELS = "app.kubernetes.io/name=fogline-bench"


async def left(client: Client, world: World) -> list[str]:
    """Name what there is of a bench."""
    found = [
        await client.list(kind, namespace=world.namespace, label_selector=LABELS)
        for kind in (JOBS, PODS, CONFIG_MAPS)
    ]
    return [one["metadata"]["name"] for listed in found for one in listed.items]


async def until_bound(client: Client, world: World) -> str:
    """Wait until the pod that sends is on a node, and name that."""
    node = ""

    async def bound() -> bool:
        nonlocal node
        pods = await client.list(PODS, namespace=world.namespace, label_selector=LABELS)
        node = pods.items[0]["spec"].get("nodeName", "") if pods.items else ""
        return bool(node)

    await wait_for(bound, "the pod that sends is on a node")
    return node


async def until_gone(client: Client, world: World) -> None:
    async def gone() -> bool:
        return not await left(client, world)

    await wait_for(gone, "nothing is left of the bench")


@pytest.fixture
async def sending(world: World, client: Client) -> AsyncIterator[tuple[str, asyncio.Task[object]]]:
    """Send from the second of two nodes."""
    await world.add_node("a")
    node = await world.add_node("b")
    task = asyncio.create_task(send_from(client, world.namespace, node, "image", JOB))
    yield node, task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_load_comes_from_the_node_that_was_asked_for_and_nothing_stays_when_it_fails(
    world: World, client: Client, sending: tuple[str, asyncio.Task[object]]
) -> None:
    node, task = sending
    assert await until_bound(client, world) == node
    with pytest.raises(FoglineError):  # a simulated node runs no container: there is nothing to read
        await task
    await until_gone(client, world)


async def test_nothing_stays_when_a_user_interrupts(
    world: World, client: Client, sending: tuple[str, asyncio.Task[object]]
) -> None:
    _, task = sending
    await until_bound(client, world)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until_gone(client, world)


async def test_nothing_stays_when_the_program_is_killed(world: World, client: Client) -> None:
    node = await world.add_node("a")
    wanted = client_job(world.namespace, "fogline-bench-1", node, "image", 1)
    assert wanted["spec"]["ttlSecondsAfterFinished"] > 0
    wanted["spec"] |= {"activeDeadlineSeconds": 1, "ttlSecondsAfterFinished": 1}
    await client.create(client_files(await client.create(wanted), pack(JOB)))
    await until_gone(client, world)
