"""The client when the API server is slow, overloaded or away: what is sent again, and what is not."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from dev.ports import free_port
from tests.support.faultproxy import FaultProxy
from tests.support.faults import Delay, Drop, Fault, Moment, Refuse
from tests.support.manifests import gated_pod, lease

from fogline.cluster.client import Client
from fogline.cluster.connection import Connection
from fogline.cluster.kinds import LEASES, PODS, Kind
from fogline.cluster.limiter import Lane, Rate
from fogline.cluster.transport import CONNECTION_LOST, NOT_CONNECTED, TIMED_OUT, Limits
from fogline.errors import ApiError, TooManyRequestsError, UnavailableError

LABEL = [{"op": "add", "path": "/metadata/labels/by", "value": "us"}]


@pytest.fixture
async def through_proxy(proxy: FaultProxy) -> AsyncIterator[Client]:
    """Make a client with the rates and limits of the operator."""
    async with Client(proxy.connection) as client:
        yield client


async def test_a_call_refused_for_overload_is_sent_again_after_the_time_that_was_asked_for(
    client: Client, through_proxy: Client, proxy: FaultProxy, namespace: str
) -> None:
    await client.create(gated_pod(namespace, labels={"of": "ours"}))
    proxy.add(Fault(Refuse(429, "TooManyRequests", retry_after_seconds=1), times=2))
    patched = await through_proxy.json_patch(PODS, namespace, "pod", LABEL)
    assert patched["metadata"]["labels"]["by"] == "us"
    assert [request.status for request in proxy.requests] == [429, 429, 200]
    arrivals = [request.at_seconds for request in proxy.requests]
    assert all(later - earlier >= 1 for earlier, later in pairwise(arrivals))


async def test_a_call_asked_to_wait_too_long_is_left_to_its_caller(
    through_proxy: Client, proxy: FaultProxy, namespace: str
) -> None:
    proxy.add(Fault(Refuse(429, "TooManyRequests", retry_after_seconds=600), times=None))
    with pytest.raises(TooManyRequestsError) as caught:
        await through_proxy.list(LEASES, namespace=namespace)
    assert caught.value.retry_after_seconds == 600
    assert len(proxy.requests) == 1


async def test_overload_that_goes_on_ends_the_tries(proxy: FaultProxy, namespace: str) -> None:
    proxy.add(Fault(Refuse(429, "TooManyRequests"), times=None))
    async with Client(proxy.connection, Limits(attempts=3)) as client:
        with pytest.raises(TooManyRequestsError):
            await client.list(LEASES, namespace=namespace)
    assert len(proxy.requests) == 3


async def test_a_read_survives_server_errors(
    client: Client, through_proxy: Client, proxy: FaultProxy, namespace: str
) -> None:
    await client.create(lease(namespace))
    proxy.add(Fault(Refuse(500)))
    proxy.add(Fault(Refuse(503)))
    await through_proxy.get(LEASES, namespace, "lease")
    assert [request.status for request in proxy.requests] == [500, 503, 200]


async def test_an_apply_whose_answer_was_lost_is_sent_again(
    client: Client, through_proxy: Client, proxy: FaultProxy, namespace: str
) -> None:
    proxy.add(Fault(Drop(Moment.AFTER)))
    applied = await through_proxy.apply(lease(namespace))
    assert applied == await client.get(LEASES, namespace, "lease")
    assert len(proxy.changes) == 2


async def test_a_json_patch_whose_answer_was_lost_is_not_sent_again(
    client: Client, through_proxy: Client, proxy: FaultProxy, namespace: str
) -> None:
    await client.create(gated_pod(namespace, labels={"of": "ours"}))
    proxy.add(Fault(Drop(Moment.AFTER)))
    with pytest.raises(UnavailableError) as caught:
        await through_proxy.json_patch(PODS, namespace, "pod", LABEL)
    assert caught.value.reason == CONNECTION_LOST
    assert len(proxy.changes) == 1
    assert (await client.get(PODS, namespace, "pod"))["metadata"]["labels"]["by"] == "us"


async def test_a_create_that_met_a_server_error_is_not_sent_again(
    through_proxy: Client, proxy: FaultProxy, namespace: str
) -> None:
    proxy.add(Fault(Refuse(500), times=None))
    with pytest.raises(UnavailableError):
        await through_proxy.create(lease(namespace))
    assert len(proxy.changes) == 1


async def test_an_answer_that_takes_too_long_is_given_up(proxy: FaultProxy, namespace: str) -> None:
    proxy.add(Fault(Delay(60), times=None))
    async with Client(proxy.connection, Limits(attempts=2, attempt_seconds=1)) as client:
        with pytest.raises(UnavailableError) as caught:
            await client.list(LEASES, namespace=namespace)
    assert caught.value.reason == TIMED_OUT
    assert len(proxy.requests) == 2


async def test_an_api_server_that_is_away_is_unavailable() -> None:
    nobody = Connection(server=f"http://127.0.0.1:{free_port()}")
    async with Client(nobody, Limits(attempts=2)) as client:
        with pytest.raises(UnavailableError) as caught:
            await client.create(lease("default"))
    assert caught.value.reason == NOT_CONNECTED


async def test_a_create_for_which_no_connection_came_about_in_time_is_sent_again() -> None:
    """The API server accepts connections and is too busy to agree on TLS: nothing has left yet."""
    accepted: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: accepted.append(writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    busy = Connection(server=f"https://127.0.0.1:{port}")
    async with server, Client(busy, Limits(attempts=2, connect_seconds=0.2)) as client:
        with pytest.raises(UnavailableError) as caught:
            await client.create(lease("default"))
        for writer in accepted:
            writer.close()
    assert caught.value.reason == NOT_CONNECTED
    assert len(accepted) == 2


async def test_an_error_that_is_no_document_keeps_its_text(proxy: FaultProxy, namespace: str) -> None:
    async with Client(proxy.connection, Limits(attempts=1)) as client:
        with pytest.raises(ApiError, match="404 page not found"):
            await client.list(Kind("nothing.example", "v1", "things", "Thing"), namespace=namespace)


async def test_ungating_patches_do_not_wait_for_the_rest(
    client: Client, proxy: FaultProxy, namespace: str
) -> None:
    await client.create(gated_pod(namespace, labels={"of": "ours"}))
    nearly_never = Rate(per_second=0.001, burst=1)
    async with Client(proxy.connection, Limits(other=nearly_never)) as slow:
        await slow.get(PODS, namespace, "pod")  # the only one that leaves at once
        await slow.json_patch(PODS, namespace, "pod", LABEL, lane=Lane.DECISION)
    assert [request.method for request in proxy.requests] == ["GET", "PATCH"]
