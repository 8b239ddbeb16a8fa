"""The fault proxy: what it logs, and that each fault is the one that it is called."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
from tests.support.faultproxy import FaultProxy
from tests.support.faults import Cut, Delay, Drop, Fault, Freeze, Moment, Pause, Refuse, Stale
from tests.support.manifests import lease
from tests.support.wait import wait_for

from fogline.cluster.client import Client
from fogline.cluster.connection import from_kubeconfig
from fogline.cluster.documents import Document
from fogline.cluster.kinds import LEASES
from fogline.cluster.transport import Limits
from fogline.errors import ConflictError, NotFoundError, TooManyRequestsError, UnavailableError


@pytest.fixture
async def through_proxy(proxy: FaultProxy) -> AsyncIterator[Client]:
    """Make a client that tries everything once."""
    async with Client(proxy.connection, Limits(attempts=1)) as client:
        yield client


async def test_every_request_is_logged_with_its_number_body_and_answer(
    through_proxy: Client, proxy: FaultProxy, namespace: str
) -> None:
    await through_proxy.apply(lease(namespace))
    with pytest.raises(NotFoundError):
        await through_proxy.get(LEASES, namespace, "nobody")
    write, read = proxy.requests
    assert (write.number, write.method, write.status) == (1, "PATCH", 201)
    assert json.loads(write.body) == lease(namespace)
    assert "fieldManager=fogline" in write.path
    assert (read.number, read.method, read.status) == (2, "GET", 404)
    assert proxy.changes == [write]


async def test_without_faults_nothing_is_changed_on_the_way(
    client: Client, through_proxy: Client, namespace: str
) -> None:
    await client.create(lease(namespace))
    assert await through_proxy.get(LEASES, namespace, "lease") == await client.get(LEASES, namespace, "lease")


async def test_another_process_finds_the_api_server_behind_a_kubeconfig(
    proxy: FaultProxy, tmp_path: Path, namespace: str
) -> None:
    async with Client(from_kubeconfig(proxy.kubeconfig(tmp_path / "config"))) as client:
        await client.list(LEASES, namespace=namespace)
    assert len(proxy.requests) == 1


async def test_a_refused_request_never_reaches_the_api_server(
    client: Client, through_proxy: Client, proxy: FaultProxy, namespace: str
) -> None:
    proxy.add(Fault(Refuse(409, "Conflict"), method="POST"))
    with pytest.raises(ConflictError):
        await through_proxy.create(lease(namespace))
    with pytest.raises(NotFoundError):
        await client.get(LEASES, namespace, "lease")


async def test_a_fault_hits_the_requests_that_it_names_and_no_others(
    through_proxy: Client, proxy: FaultProxy, namespace: str
) -> None:
    await through_proxy.create(lease(namespace, "a"))
    await through_proxy.create(lease(namespace, "b"))
    proxy.add(Fault(Refuse(429, retry_after_seconds=1), method="GET", path=r"/leases/a$", skip=1, times=1))
    await through_proxy.get(LEASES, namespace, "b")
    await through_proxy.get(LEASES, namespace, "a")
    with pytest.raises(TooManyRequestsError):
        await through_proxy.get(LEASES, namespace, "a")
    await through_proxy.get(LEASES, namespace, "a")


@pytest.mark.parametrize("moment", Moment)
async def test_a_dropped_request_is_carried_out_only_if_it_is_dropped_after(
    client: Client, through_proxy: Client, proxy: FaultProxy, namespace: str, moment: Moment
) -> None:
    called: list[str] = []
    proxy.add(Fault(Drop(moment, meanwhile=lambda: called.append("meanwhile"))))
    with pytest.raises(UnavailableError):
        await through_proxy.create(lease(namespace))
    names = [item["metadata"]["name"] for item in (await client.list(LEASES, namespace=namespace)).items]
    assert names == (["lease"] if moment is Moment.AFTER else [])
    assert called == ["meanwhile"]


async def test_a_delayed_request_is_carried_out_later(
    client: Client, through_proxy: Client, proxy: FaultProxy, namespace: str
) -> None:
    proxy.add(Fault(Delay(0.5)))
    begun = time.monotonic()
    await through_proxy.create(lease(namespace))
    assert time.monotonic() - begun >= 0.5
    await client.get(LEASES, namespace, "lease")


async def test_a_paused_request_is_carried_out_once_it_may_go_on(
    client: Client, through_proxy: Client, proxy: FaultProxy, namespace: str
) -> None:
    goes_on = asyncio.Event()
    proxy.add(Fault(Pause(goes_on), times=None))
    creation = asyncio.create_task(through_proxy.create(lease(namespace)))
    await wait_for(lambda: proxy.requests, "the request is on its way")
    with pytest.raises(NotFoundError):
        await client.get(LEASES, namespace, "lease")
    goes_on.set()
    await creation
    await client.get(LEASES, namespace, "lease")


@pytest.mark.parametrize("moment", Moment)
async def test_to_a_frozen_sender_it_is_as_if_it_had_died_at_the_first_request(
    client: Client, through_proxy: Client, proxy: FaultProxy, namespace: str, moment: Moment
) -> None:
    dead = asyncio.Event()
    proxy.add(Fault(Freeze(moment, dead.set), method="POST", skip=1, times=None))
    await through_proxy.create(lease(namespace, "a"))
    assert not dead.is_set()
    creations = [asyncio.create_task(through_proxy.create(lease(namespace, "b")))]
    await dead.wait()
    creations.append(asyncio.create_task(through_proxy.create(lease(namespace, "c"))))
    await wait_for(lambda: len(proxy.requests) == 3, "the next request is on its way")
    there = [item["metadata"]["name"] for item in (await client.list(LEASES, namespace=namespace)).items]
    assert there == (["a", "b"] if moment is Moment.AFTER else ["a"])
    assert [one.done() for one in creations] == [False, False]
    for one in creations:
        one.cancel()
    await asyncio.wait(creations)


async def test_a_stale_api_server_repeats_its_first_answer(
    client: Client, through_proxy: Client, proxy: FaultProxy, namespace: str
) -> None:
    proxy.add(Fault(Stale(), path="/leases", times=None))
    before = await through_proxy.list(LEASES, namespace=namespace)
    await client.create(lease(namespace))
    assert await through_proxy.list(LEASES, namespace=namespace) == before
    proxy.clear()
    assert len((await through_proxy.list(LEASES, namespace=namespace)).items) == 1


async def test_a_cut_watch_breaks_off_after_its_events(
    client: Client, through_proxy: Client, proxy: FaultProxy, namespace: str
) -> None:
    start = (await client.list(LEASES, namespace=namespace)).resource_version
    for name in ("a", "b", "c"):
        await client.create(lease(namespace, name))
    proxy.add(Fault(Cut(after=2), path="watch=true"))
    watch = through_proxy.watch(LEASES, Document, namespace=namespace, resource_version=start)
    async with aclosing(watch) as events:
        objects = [(await anext(events)).object for _ in range(2)]
        with pytest.raises(UnavailableError):
            await anext(events)
    assert [seen and seen["metadata"]["name"] for seen in objects] == ["a", "b"]
