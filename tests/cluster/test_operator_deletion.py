"""Deleting a ModelDeployment leaves nothing behind, whether the operator looks on or not."""

from tests.cluster.conftest import StartOperator
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cluster.kinds import MODEL_DEPLOYMENTS


async def nothing_is_left(world: World) -> bool:
    """Tell whether neither children nor pods of the model exist."""
    return not await world.children() and not await world.pods()


async def test_deleting_a_model_leaves_nothing_behind(world: World, start_operator: StartOperator) -> None:
    await start_operator()
    await world.add_node()
    await world.apply_model(replicas=2)
    await world.until_ready(2)
    await world.delete(MODEL_DEPLOYMENTS, "digits")
    await wait_for(lambda: nothing_is_left(world), "children and pods are gone")


async def test_a_model_that_is_deleted_while_the_operator_is_down_leaves_nothing_behind(
    world: World, start_operator: StartOperator
) -> None:
    operator = await start_operator()
    await world.add_node()
    await world.apply_model()
    await world.until_ready(1)
    await operator.stop()
    await world.delete(MODEL_DEPLOYMENTS, "digits")
    await wait_for(lambda: nothing_is_left(world), "children and pods are gone")
    await operator.start()
    await world.apply_model("other")
    await world.until_ready(1, "other")
    assert await nothing_is_left(world)


async def test_a_model_made_again_under_the_same_name_works_at_once(
    world: World, start_operator: StartOperator
) -> None:
    await start_operator()
    await world.add_node()
    await world.apply_model(replicas=2)
    await world.until_ready(2)
    old = {pod["metadata"]["uid"] for pod in await world.pods()}
    await world.delete(MODEL_DEPLOYMENTS, "digits")
    await world.apply_model(replicas=1)
    await world.until_ready(1)
    assert old.isdisjoint(pod["metadata"]["uid"] for pod in await world.pods())
    owners = (await world.pods())[0]["metadata"]["ownerReferences"]
    assert [owner["kind"] for owner in owners] == ["ReplicaSet"]


async def test_a_model_that_is_replaced_while_the_operator_is_down_works_at_once(
    world: World, start_operator: StartOperator
) -> None:
    operator = await start_operator()
    await world.add_node()
    await world.apply_model(replicas=2)
    await world.until_ready(2)
    operator.kill()
    await world.delete(MODEL_DEPLOYMENTS, "digits")
    await world.apply_model(replicas=1)
    await operator.start()
    await world.until_ready(1)
