"""How a Lease is given up at a real API server, by a process whose work has stopped."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from tests.support.faultproxy import FaultProxy
from tests.support.faults import Drop, Fault, Moment, Refuse

from fogline.cluster.client import Client
from fogline.cluster.elector import LIMITS, Elector, LeaseName
from fogline.cluster.kinds import LEASES
from fogline.cluster.lease import Times, new_identity
from fogline.cluster.objects import Lease

NAME = "work"


@pytest.fixture
async def leader(proxy: FaultProxy, namespace: str) -> AsyncIterator[Elector]:
    """Hold a Lease through the proxy, and renew it no more."""
    async with Client(proxy.connection, LIMITS) as through_proxy:
        elector = Elector(
            through_proxy,
            LeaseName(namespace, NAME),
            new_identity("first"),
            Times(60),
            may_take=lambda: True,
            may_keep=lambda: True,
            wall_clock=lambda: datetime(2030, 1, 1, tzinfo=UTC),
        )
        running = asyncio.create_task(elector.run())
        await elector.leading.wait()
        running.cancel()
        await asyncio.wait([running])
        yield elector


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
