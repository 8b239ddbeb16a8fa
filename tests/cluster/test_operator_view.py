"""What the operator does when its view of the cluster may be wrong: nothing."""

import asyncio
import time

from dev.chart import NAMESPACE
from tests.cluster.conftest import StartOperator
from tests.support.faultproxy import FaultProxy
from tests.support.faults import Chatter, Fault, Hold, Pause, Shorten
from tests.support.operator_process import OperatorProcess
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cluster.kinds import EVENTS, LEASES
from fogline.cluster.objects import Lease
from fogline.handlers.operate import EXIT_WITHOUT_LEASE
from fogline.names import OPERATOR_LEASE

WATCH = r"[?&]watch=true"
LISTS_OF_NODES = r"/v1/nodes\?limit"
SIGNS_OF_LIFE = Fault(Chatter(0.3), path=WATCH, times=None)
"""More often than API servers give them, so that tests need not wait for minutes."""
STALE_SECONDS = 10
"""After twice as long the operator ends, so a busy machine needs some for what is done until then."""
SILENCE = Fault(Hold(), path=WATCH, times=None)


def let(proxy: FaultProxy, fault: Fault) -> None:
    """Let all watches from now on be as a fault says."""
    proxy.clear()
    proxy.add(fault)
    proxy.cut()


async def settled(proxy: FaultProxy) -> None:
    """Wait until no write has come for so long that none is on its way any more."""
    await wait_for(lambda: time.monotonic() - proxy.writes[-1].at_seconds > 2, "the operator has settled")


async def said(operator: OperatorProcess, text: str) -> None:
    """Wait until the operator says why it is not ready."""
    await wait_for(lambda: _says(operator, text), f"/readyz says {text!r}")


async def _says(operator: OperatorProcess, text: str) -> bool:
    return text in (await operator.trouble() or "")


async def test_nothing_is_written_while_nothing_is_heard_and_all_goes_on_afterwards(
    world: World, operator_proxy: FaultProxy, start_operator: StartOperator
) -> None:
    await world.add_node()
    operator_proxy.add(SIGNS_OF_LIFE)
    operator = await start_operator(stale_seconds=STALE_SECONDS)
    await world.apply_model()
    await world.until_ready(1)
    await settled(operator_proxy)
    let(operator_proxy, SILENCE)
    await said(operator, "nothing was heard of ")
    written = len(operator_proxy.writes)
    await world.edit_model({"replicas": 2})
    await said(operator, f"for more than {STALE_SECONDS} s")
    assert "fogline_view_troubled 1.0" in (await operator.ask("/metrics"))[1]
    let(operator_proxy, SIGNS_OF_LIFE)
    silent = operator_proxy.writes[written:]
    await world.until_ready(2)
    assert [write.path for write in silent if "/events" not in write.path] == []
    assert await operator.trouble() is None


async def test_a_view_that_stays_stale_gives_the_lease_up(
    world: World, operator_proxy: FaultProxy, start_operator: StartOperator
) -> None:
    operator_proxy.add(SIGNS_OF_LIFE)
    operator = await start_operator(stale_seconds=2, lease_seconds=15)
    await wait_for(lambda: _leads(operator), "it leads")
    let(operator_proxy, SILENCE)
    assert await operator.ended() == EXIT_WITHOUT_LEASE
    assert await _holder(world) == ""


async def test_a_list_of_nodes_that_is_suddenly_empty_stops_decisions_until_it_is_confirmed(
    world: World, operator_proxy: FaultProxy, start_operator: StartOperator
) -> None:
    nodes = [await world.add_node(short) for short in "abcd"]
    operator = await start_operator(resync_seconds=1, confirm_seconds=1)
    await world.apply_model(replicas=4, placement={"spread": {"maxPerNode": 1}})
    await world.until_ready(4)
    before = await world.versions()
    await settled(operator_proxy)
    goes_on = asyncio.Event()
    operator_proxy.add(Fault(Shorten(), path=LISTS_OF_NODES))
    operator_proxy.add(Fault(Pause(goes_on), path=LISTS_OF_NODES, times=None))
    await said(operator, "the list of nodes shrank from ")
    written = len(operator_proxy.writes)
    await world.edit_model({"replicas": 3})
    await wait_for(lambda: _told(world, "the list of nodes shrank"), "an Event tells")
    silent = [write.path for write in operator_proxy.writes[written:] if "/events" not in write.path]
    assert await operator.trouble() is not None
    assert silent == []
    goes_on.set()
    await world.until_ready(3)
    assert set(await world.nodes_of()) < set(nodes)
    assert len((await world.versions()).keys() & before.keys()) == len(before) - 1


async def test_nodes_that_are_really_gone_are_believed_to_be_gone_once_a_second_list_says_so(
    world: World, operator_proxy: FaultProxy, start_operator: StartOperator
) -> None:
    await world.add_node("a")
    operator = await start_operator(resync_seconds=1)
    await world.apply_model()
    await world.until_ready(1)
    operator_proxy.add(Fault(Shorten(), path=LISTS_OF_NODES, times=None))
    lists = _lists(operator_proxy)
    await wait_for(lambda: "list not believed yet" in operator.log(), "the first list is not believed")
    await wait_for(lambda: _is_untroubled(operator), "the list is believed")
    assert _lists(operator_proxy) - lists >= 2
    assert len(await world.pods()) == 1


def _lists(proxy: FaultProxy) -> int:
    return sum("/v1/nodes?limit" in request.path for request in proxy.requests)


async def _leads(operator: OperatorProcess) -> bool:
    return "fogline_leading 1.0" in await operator.metrics()


async def _is_untroubled(operator: OperatorProcess) -> bool:
    return await operator.trouble() is None


async def _holder(world: World) -> str | None:
    lease = await world.client.get(LEASES, NAMESPACE, OPERATOR_LEASE, Lease)
    return lease.spec.holder_identity


async def _told(world: World, text: str) -> bool:
    listing = await world.client.list(EVENTS, namespace=NAMESPACE)
    return any(text in event.get("note", "") for event in listing.items)
