"""Two operators: one decides, the other takes over, and never do both."""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from dev.chart import NAMESPACE
from tests.support.faultproxy import FaultProxy
from tests.support.faults import Fault, Refuse, Request
from tests.support.operator_process import OperatorProcess, WarmOperatorProcess, alarms, records
from tests.support.preconditions import is_conditional
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cluster.client import Client
from fogline.cluster.connection import from_kubeconfig
from fogline.cluster.kinds import LEASES, PODS
from fogline.cluster.objects import Lease
from fogline.handlers.operate import EXIT_WITHOUT_LEASE
from fogline.names import OPERATOR_LEASE

OK = 200
LEASE_SECONDS = 15
SHORT_LEASE_SECONDS = 9
"""A leader must renew it within two thirds of it, also on a machine that has other things to do."""


@dataclass(frozen=True, slots=True)
class Member:
    """One operator, and all that it asks of the API server."""

    process: OperatorProcess
    proxy: FaultProxy

    @property
    def writes(self) -> list[Request]:
        """What it wanted to change, its Lease aside."""
        return self.proxy.writes


class Pair:
    """Two operators; the first one decides."""

    def __init__(self, first: Member, second: Member, client: Client) -> None:
        self.first = first
        self.second = second
        self.first_fails = False
        """Set by a test in which the first one ends in an error."""
        self._client = client

    async def lease(self) -> Lease:
        """Read the Lease."""
        return await self._client.get(LEASES, NAMESPACE, OPERATOR_LEASE, Lease)

    async def start(self) -> None:
        """Start both, one after the other."""
        await self.first.process.start()
        await wait_for(lambda: self.leads(self.first), "the first one leads")
        await self.second.process.start()

    async def leads(self, member: Member) -> bool:
        """Tell whether one of them says that it leads."""
        _, metrics = await member.process.ask("/metrics")
        return "fogline_leading 1.0" in metrics

    async def second_leads(self) -> Request:
        """Wait until the second one decides; returns the request by which it took the Lease."""
        await wait_for(lambda: self.leads(self.second), "the second one leads")
        return next(one for one in self.second.proxy.requests if _writes_lease(one) and one.status == OK)

    def looks(self, since: float, until: float) -> int:
        """Count how often the second one has looked at the Lease in a time."""
        requests = self.second.proxy.requests
        looks = [one for one in requests if one.is_of_a_lease and one.method == "GET"]
        return sum(since < one.at_seconds < until for one in looks)


@pytest.fixture
async def pair(
    client: Client, operator_kubeconfig: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Pair]:
    """Start two operators, each behind a proxy of its own; a test's parameter is their ``lease_seconds``."""
    settings = {"lease_seconds": request.param, "resync_seconds": 2}
    async with AsyncExitStack() as stack:
        members: list[Member] = []
        for name in ("first", "second"):
            proxy = await stack.enter_async_context(FaultProxy(from_kubeconfig(operator_kubeconfig)))
            kubeconfig = proxy.kubeconfig(tmp_path / f"{name}.yaml")
            members.append(Member(WarmOperatorProcess(kubeconfig, tmp_path / name, **settings), proxy))
        pair = Pair(members[0], members[1], client)
        await pair.start()
        try:
            yield pair
        finally:
            for member in members:
                sys.stdout.write(member.process.log())  # pytest shows it when the test fails
                if member.process.is_running():
                    await member.process.stop()
    healthy = members[1:] if pair.first_fails else members
    assert [alarm for member in healthy for alarm in alarms(member.process.log())] == []
    assert [write for member in members for write in member.writes if not is_conditional(write)] == []


def _writes_lease(request: Request) -> bool:
    return request.is_of_a_lease and request.method == "PATCH"


def last_lease_of(member: Member) -> Request:
    """Give the last write of its Lease that an operator was told the success of."""
    return [one for one in member.proxy.requests if _writes_lease(one) and one.status == OK][-1]


def when(member: Member, message: str) -> str:
    """Give the time at which an operator logged something, as it is in the log."""
    (found,) = [one["asctime"] for one in records(member.process.log()) if one["message"] == message]
    return str(found)


async def replaced(world: World) -> None:
    """Delete the only pod of the model, and wait until another one serves in its place."""
    old = (await world.pods())[0]["metadata"]
    await world.client.delete(PODS, world.namespace, old["name"], uid=old["uid"])
    await wait_for(lambda: _is_gone(world, old["name"]), "the pod is gone")
    await world.until_ready(1)


async def _is_gone(world: World, pod: str) -> bool:
    return pod not in [one["metadata"]["name"] for one in await world.pods()]


@pytest.mark.parametrize("pair", [LEASE_SECONDS], indirect=True)
async def test_a_standby_takes_over_as_soon_as_it_sees_that_the_lease_of_a_killed_leader_ran_out(
    pair: Pair, world: World
) -> None:
    await world.add_node()
    await world.apply_model()
    await world.until_ready(1)
    before = await pair.lease()
    pair.first.process.kill()
    renewed = last_lease_of(pair.first).at_seconds
    taken = (await pair.second_leads()).at_seconds
    assert taken - renewed > LEASE_SECONDS
    # one or two seconds pass between two looks; it counts from the look at which it saw the last renewal
    assert pair.looks(renewed + LEASE_SECONDS, taken) <= 5
    after = await pair.lease()
    assert after.spec.lease_transitions == (before.spec.lease_transitions or 0) + 1
    await replaced(world)


@pytest.mark.parametrize("pair", [15], indirect=True)
async def test_a_standby_is_ready_and_writes_nothing_until_it_takes_over_from_a_leader_that_ends(
    pair: Pair, world: World
) -> None:
    await world.add_node()
    await world.apply_model()
    await world.until_ready(1)
    assert await pair.second.process.trouble() is None
    assert pair.second.writes == []
    assert await pair.first.process.stop() == 0
    released = last_lease_of(pair.first).at_seconds
    taken = (await pair.second_leads()).at_seconds
    assert pair.looks(released, taken) <= 2, "one of them may have been on its way"
    assert all(write.at_seconds > released for write in pair.second.writes)
    assert [write for write in pair.first.writes if write.at_seconds > taken] == []
    await replaced(world)


@pytest.mark.parametrize("pair", [SHORT_LEASE_SECONDS], indirect=True)
async def test_a_leader_that_stood_still_ends_without_another_write(pair: Pair, world: World) -> None:
    await world.add_node()
    await world.apply_model()
    await world.until_ready(1)
    pair.first.process.pause()
    await pair.second_leads()
    await world.edit_model({"replicas": 2})
    await world.until_ready(2)
    written = len(pair.first.writes)
    pair.first.process.resume()
    assert await pair.first.process.ended() == EXIT_WITHOUT_LEASE
    assert len(pair.first.writes) == written
    assert await pair.leads(pair.second)


@pytest.mark.parametrize("pair", [SHORT_LEASE_SECONDS], indirect=True)
async def test_a_leader_that_cannot_renew_ends_before_another_one_starts(pair: Pair, world: World) -> None:
    await world.add_node()
    pair.first.proxy.add(Fault(Refuse(503), path="/leases", times=None))
    assert await pair.first.process.ended() == EXIT_WITHOUT_LEASE
    await pair.second_leads()
    lost, leads = when(pair.first, "lease lost"), when(pair.second, "this process leads")
    assert lost < leads
    await world.apply_model()
    await world.until_ready(1)


@pytest.mark.parametrize("pair", [15], indirect=True)
async def test_when_kopf_gives_up_its_watch_the_standby_decides_at_once(pair: Pair, world: World) -> None:
    await world.add_node()
    pair.first_fails = True
    watches = r"/modeldeployments\?.*watch=true"
    pair.first.proxy.add(Fault(Refuse(410, "Expired"), path=watches, times=None))
    pair.first.proxy.cut()
    assert await pair.first.process.ended() == 1
    released = last_lease_of(pair.first).at_seconds
    assert pair.looks(released, (await pair.second_leads()).at_seconds) <= 2
    await world.apply_model()
    await world.until_ready(1)
