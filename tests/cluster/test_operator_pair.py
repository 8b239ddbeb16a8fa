"""Two operators: one decides, the other takes over, and never do both."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.faultproxy import FaultProxy
from tests.support.faults import Fault, Refuse, Request
from tests.support.operator_process import OperatorProcess, alarms
from tests.support.preconditions import is_conditional
from tests.support.rights import NAMESPACE
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cluster.client import Client
from fogline.cluster.connection import from_kubeconfig
from fogline.cluster.kinds import LEASES, PODS
from fogline.cluster.objects import Lease
from fogline.handlers.operate import EXIT_WITHOUT_LEASE
from fogline.names import OPERATOR_LEASE


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

    async def second_leads(self, since: float, limit_seconds: float) -> float:
        """Wait until the second one decides; returns the seconds since a moment."""
        await wait_for(lambda: self.leads(self.second), "the second one leads", limit_seconds)
        return time.monotonic() - since


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
            members.append(Member(OperatorProcess(kubeconfig, tmp_path / name, **settings), proxy))
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


async def replaced(world: World) -> None:
    """Delete the only pod of the model, and wait until another one serves in its place."""
    old = (await world.pods())[0]["metadata"]
    await world.client.delete(PODS, world.namespace, old["name"], uid=old["uid"])
    await wait_for(lambda: _is_gone(world, old["name"]), "the pod is gone")
    await world.until_ready(1)


async def _is_gone(world: World, pod: str) -> bool:
    return pod not in [one["metadata"]["name"] for one in await world.pods()]


@pytest.mark.parametrize("pair", [15], indirect=True)
async def test_a_standby_takes_over_within_20_s_after_the_leader_was_killed(pair: Pair, world: World) -> None:
    await world.add_node()
    await world.apply_model()
    await world.until_ready(1)
    before = await pair.lease()
    killed_at = time.monotonic()
    pair.first.process.kill()
    assert await pair.second_leads(killed_at, 30) <= 20
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
    told_at = time.monotonic()
    ending = asyncio.create_task(pair.first.process.stop())
    assert await pair.second_leads(told_at, 10) <= 3
    first_write = pair.second.writes[0].at_seconds if pair.second.writes else time.monotonic()
    assert first_write > told_at
    assert await ending == 0
    assert [write for write in pair.first.writes if write.at_seconds > first_write] == []
    await replaced(world)


@pytest.mark.parametrize("pair", [3], indirect=True)
async def test_a_leader_that_stood_still_ends_without_another_write(pair: Pair, world: World) -> None:
    await world.add_node()
    await world.apply_model()
    await world.until_ready(1)
    pair.first.process.pause()
    await pair.second_leads(time.monotonic(), 10)
    await world.edit_model({"replicas": 2})
    await world.until_ready(2)
    written = len(pair.first.writes)
    pair.first.process.resume()
    assert await pair.first.process.ended() == EXIT_WITHOUT_LEASE
    assert len(pair.first.writes) == written
    assert await pair.leads(pair.second)


@pytest.mark.parametrize("pair", [3], indirect=True)
async def test_a_leader_that_cannot_renew_ends_before_another_one_starts(pair: Pair, world: World) -> None:
    await world.add_node()
    pair.first.proxy.add(Fault(Refuse(503), path="/leases", times=None))
    assert await pair.first.process.ended() == EXIT_WITHOUT_LEASE
    assert not await pair.leads(pair.second)
    await pair.second_leads(time.monotonic(), 10)
    await world.apply_model()
    await world.until_ready(1)


@pytest.mark.parametrize("pair", [15], indirect=True)
async def test_when_kopf_gives_up_its_watch_the_standby_decides_at_once(pair: Pair, world: World) -> None:
    await world.add_node()
    pair.first_fails = True
    watches = r"/modeldeployments\?.*watch=true"
    pair.first.proxy.add(Fault(Refuse(410, "Expired"), path=watches, times=None))
    pair.first.proxy.cut()
    refused_at = time.monotonic()
    assert await pair.first.process.ended() == 1
    assert await pair.second_leads(refused_at, 20) <= 10
    await world.apply_model()
    await world.until_ready(1)
