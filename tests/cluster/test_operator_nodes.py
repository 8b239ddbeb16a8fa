"""Nodes that go, that take nothing new, and pods that cannot start where they were placed."""

import pytest
from tests.support.builders import make_variant
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cluster.kinds import NODES, PODS

pytestmark = pytest.mark.usefixtures("operator")

CHEAP = {"fogline.dev/cost-per-hour": "0.1"}
DEAR = {"fogline.dev/cost-per-hour": "9"}


async def test_the_replica_of_a_deleted_node_is_placed_elsewhere(world: World) -> None:
    lost = await world.add_node("a", labels=CHEAP)
    kept = await world.add_node("b", labels=DEAR)
    await world.apply_model()
    await world.until_ready(1)
    assert await world.nodes_of() == [lost]
    await world.delete(NODES, lost)
    # Kubernetes' garbage collector of pods does the same 40 to 60 s later.
    await world.lose_pods()
    await world.until_on([kept])
    await world.until_ready(1)


async def test_nodes_that_are_cordoned_tainted_or_lost_are_told_apart_and_not_chosen(world: World) -> None:
    cordoned, tainted, lost = [await world.add_node(name, labels=CHEAP) for name in ("a", "b", "c")]
    await world.cordon(cordoned)
    await world.taint(tainted, "example.com/broken", "yes")
    await world.set_not_ready(lost)
    too_large = make_variant("cloud", "Cloud", requests={"cpu": "100"})
    await world.apply_model("large", variants=[too_large], placement={"onNoFit": "Wait"})

    async def all_told() -> bool:
        message = str((await world.condition("Placed", "large"))["message"])
        return all(
            text in message
            for text in (
                f"NodeCordoned ({cordoned}: is cordoned)",
                f"TaintNotTolerated ({tainted}: has taint example.com/broken=yes:NoSchedule",
                f"NodeNotReady ({lost}: is not Ready)",
            )
        )

    await wait_for(all_told, "the condition names all three")
    good = await world.add_node("good", labels=DEAR)
    await world.apply_model()
    await world.until_ready(1)
    assert await world.nodes_of() == [good]


async def test_a_failed_replica_is_deleted_after_an_event_and_replaced(world: World) -> None:
    await world.add_node()
    await world.apply_model()
    await world.until_ready(1)
    (pod,) = await world.pods()
    name = pod["metadata"]["name"]
    failure = {"phase": "Failed", "reason": "OutOfcpu", "message": "the node has no room any more"}
    await world.patch(PODS, name, {"status": failure}, subresource="status")
    (event,) = await world.until_told("ReplicaFailed")
    assert f"{name} failed: OutOfcpu: the node has no room" in event
    await world.until_ready(1)
    assert name not in {pod["metadata"]["name"] for pod in await world.pods()}


async def test_two_replicas_that_fail_alike_are_each_told_and_replaced(world: World) -> None:
    await world.add_node()
    await world.apply_model(replicas=2)
    await world.until_ready(2)
    names = {pod["metadata"]["name"] for pod in await world.pods()}
    for name in names:
        await world.patch(
            PODS, name, {"status": {"phase": "Failed", "reason": "OutOfcpu"}}, subresource="status"
        )
    await world.until_told("ReplicaFailed", 2)
    await world.until_ready(2)
    assert names.isdisjoint(pod["metadata"]["name"] for pod in await world.pods())


async def test_a_node_that_comes_back_under_its_name_is_used_again(world: World) -> None:
    node = await world.add_node()
    await world.apply_model()
    await world.until_ready(1)
    await world.delete(NODES, node)
    await world.lose_pods()
    await world.until("Placed", "False", "NoFit")
    assert await world.add_node() == node
    await world.until_ready(1)
