"""Pinned pods that cannot start, because the cluster changed before the operator could know."""

from tests.cluster.conftest import StartOperator
from tests.support.faultproxy import FaultProxy
from tests.support.faults import Fault, Hold
from tests.support.history import pins
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cluster.kinds import NODES

CHEAP = {"fogline.dev/cost-per-hour": "0.1"}
DEAR = {"fogline.dev/cost-per-hour": "9"}
NODE_WATCHES = Fault(Hold(), path=r"/api/v1/nodes\?.*watch", times=None)


def let_the_watch_of_nodes_go_on(proxy: FaultProxy) -> None:
    """Let the operator hear of what happened to the nodes."""
    proxy.clear()
    proxy.cut()


async def test_a_pod_pinned_to_a_node_that_was_gone_is_deleted_and_placed_elsewhere(
    world: World, operator_proxy: FaultProxy, start_operator: StartOperator
) -> None:
    gone = await world.add_node("a", labels=CHEAP)
    other = await world.add_node("b", labels=DEAR)
    operator_proxy.add(NODE_WATCHES)
    await start_operator()
    await world.delete(NODES, gone)
    await world.apply_model()
    await wait_for(lambda: _is_pinned(world, gone), "a pod is pinned to the node that is gone")
    let_the_watch_of_nodes_go_on(operator_proxy)
    await world.until_ready(1)
    assert await world.nodes_of() == [other]
    assert any("is gone" in note for note in await world.events("PlacementUnstuck"))


async def test_a_pod_that_the_scheduler_goes_on_refusing_is_deleted_and_placed_on_another_node(
    world: World, operator_proxy: FaultProxy, start_operator: StartOperator
) -> None:
    cordoned = await world.add_node("a", labels=CHEAP)
    other = await world.add_node("b", labels=DEAR)
    operator_proxy.add(NODE_WATCHES)
    await start_operator(unstick_seconds=1)
    await world.cordon(cordoned)
    await world.apply_model()
    await wait_for(lambda: world.events("PlacementUnstuck"), "an Event tells of the stuck pod")
    assert f"could not start on {cordoned}" in (await world.events("PlacementUnstuck"))[0]
    await world.until_ready(1)  # the operator still does not know why the node refuses
    assert await world.nodes_of() == [other]


async def test_kube_scheduler_chooses_when_it_refuses_what_the_operator_chooses_again_and_again(
    world: World, operator_proxy: FaultProxy, start_operator: StartOperator
) -> None:
    cordoned = [await world.add_node(short, labels=CHEAP) for short in "abc"]
    other = await world.add_node("d", labels=DEAR)
    operator_proxy.add(NODE_WATCHES)
    await start_operator(unstick_seconds=1)
    await world.cordon(*cordoned)
    await world.apply_model()
    await world.until_ready(1)
    assert await world.nodes_of() == [other]
    assert len(await world.events("PlacementUnstuck")) == 3
    (opened,) = await world.until_told("PlacedWithoutPin")  # after the gate is open
    assert "refused what we chose" in opened


async def _is_pinned(world: World, node: str) -> bool:
    await world.history.caught_up()
    return any(node in pins(pod) for pod in world.history.pods)
