"""The Job that load comes from: it goes to the node that was asked for, and nothing of it stays."""

import asyncio
from dataclasses import replace

import pytest
from tests.support.runs import RUN
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cli.benching.client_job import client_files, client_job
from fogline.cli.benching.remote import send_from
from fogline.cluster.client import Client
from fogline.cluster.kinds import CONFIG_MAPS, JOBS, PODS
from fogline.errors import ApiError
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


async def until_gone(client: Client, world: World) -> None:
    async def gone() -> bool:
        return not await left(client, world)

    await wait_for(gone, "nothing is left of the bench")


async def test_load_comes_from_the_node_that_was_asked_for_and_nothing_stays_when_it_fails(
    world: World, client: Client
) -> None:
    await world.add_node("a")
    node = await world.add_node("b")
    with pytest.raises(ApiError):  # a simulated node runs no container: there is nothing to read
        await send_from(client, world.namespace, node, "image", JOB)
    await until_gone(client, world)
    await world.history.caught_up()
    nodes = {pod["spec"].get("nodeName") for pod in world.history.pods}
    assert nodes - {None} == {node}


async def test_nothing_stays_when_a_user_interrupts(world: World, client: Client) -> None:
    """The pod waits for a node that there is not, so that it does not end before."""
    sending = asyncio.create_task(send_from(client, world.namespace, "nowhere", "image", JOB))
    await wait_for(lambda: world.history.pods, "there is a pod")
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await until_gone(client, world)


async def test_nothing_stays_when_the_program_is_killed(world: World, client: Client) -> None:
    node = await world.add_node("a")
    wanted = client_job(world.namespace, "fogline-bench-1", node, "image", 1)
    assert wanted["spec"]["ttlSecondsAfterFinished"] > 0
    wanted["spec"] |= {"activeDeadlineSeconds": 1, "ttlSecondsAfterFinished": 1}
    await client.create(client_files(await client.create(wanted), pack(JOB)))
    await until_gone(client, world)
