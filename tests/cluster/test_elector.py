"""How a Lease is taken, and given up when the work has stopped, at an API server that makes trouble."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from tests.support.faultproxy import FaultProxy
from tests.support.faults import Drop, Fault, Moment, Refuse
from tests.support.wait import LIMIT_SECONDS

from fogline.cluster.client import Client
from fogline.cluster.elector import AFTER_ERROR_SECONDS, Elector, LeaseName, limits
from fogline.cluster.kinds import LEASES
from fogline.cluster.lease import Times, new_identity
from fogline.cluster.objects import Lease

NAME = "work"


@asynccontextmanager
async def leading(proxy: FaultProxy, namespace: str, times: Times) -> AsyncIterator[Elector]:
    """Take a Lease through the proxy, and renew it no more."""
    async with Client(proxy.connection, limits(times)) as through_proxy:
        elector = Elector(
            through_proxy,
            LeaseName(namespace, NAME),
            new_identity("first"),
            times,
            may_take=lambda: True,
            may_keep=lambda: True,
            wall_clock=lambda: datetime(2030, 1, 1, tzinfo=UTC),
        )
        running = asyncio.create_task(elector.run())
        async with asyncio.timeout(LIMIT_SECONDS):
            await elector.leading.wait()
        running.cancel()
        await asyncio.wait([running])
        yield elector


@pytest.fixture
async def leader(proxy: FaultProxy, namespace: str) -> AsyncIterator[Elector]:
    """Hold a Lease."""
    async with leading(proxy, namespace, Times(60)) as elector:
        yield elector


async def test_what_failed_is_tried_again_soon_however_long_a_lease_lasts(
    proxy: FaultProxy, namespace: str
) -> None:
    times = Times(3600)
    assert times.retry_seconds / 2 > LIMIT_SECONDS
    proxy.add(Fault(Refuse(503, "ServiceUnavailable"), path="/leases", times=3))
    async with leading(proxy, namespace, times) as elector:
        assert elector.is_in_force


@pytest.mark.parametrize("duration_seconds", [15, 60, 600])
def test_a_request_that_takes_as_long_as_it_may_leaves_time_for_another(duration_seconds: int) -> None:
    times = Times(duration_seconds)
    assert 2 * (times.answer_seconds + AFTER_ERROR_SECONDS) <= times.deadline_seconds


def test_the_longer_a_lease_lasts_the_longer_may_an_answer_take() -> None:
    waits = [Times(seconds).answer_seconds for seconds in (3, 15, 60)]
    assert waits == [4, 4, 16]


FAULTS = {
    "nothing goes wrong": Fault(Refuse(500), path="nowhere"),
    "the first look is refused": Fault(Refuse(503, "ServiceUnavailable"), "GET", "/leases"),
    "the first look finds no connection": Fault(Drop(Moment.BEFORE), "GET", "/leases"),
    "a renewal comes in between": Fault(Refuse(409, "Conflict"), "PATCH", "/leases"),
    "the API server asks to wait": Fault(Refuse(429, "TooManyRequests"), "PATCH", "/leases"),
    "the answer is lost": Fault(Drop(Moment.AFTER), "PATCH", "/leases"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_lease_is_given_up_whatever_goes_wrong_once(
    leader: Elector, client: Client, proxy: FaultProxy, namespace: str, fault: Fault
) -> None:
    proxy.add(fault)
    await leader.release()
    assert not leader.is_in_force
    assert not (await client.get(LEASES, namespace, NAME, Lease)).spec.holder_identity


async def test_a_lease_that_somebody_else_has_taken_is_left_alone(
    leader: Elector, client: Client, namespace: str
) -> None:
    await client.merge_patch(LEASES, namespace, NAME, {"spec": {"holderIdentity": "second"}})
    await leader.release()
    assert (await client.get(LEASES, namespace, NAME, Lease)).spec.holder_identity == "second"


async def test_a_process_that_cannot_give_its_lease_up_ends_all_the_same(
    leader: Elector, client: Client, proxy: FaultProxy, namespace: str
) -> None:
    proxy.add(Fault(Refuse(503, "ServiceUnavailable"), path="/leases", times=None))
    await leader.release()
    assert (await client.get(LEASES, namespace, NAME, Lease)).spec.holder_identity
