"""Changes of the spec of a model that runs."""

import pytest
from tests.support.builders import make_variant
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cluster.kinds import DEPLOYMENTS, POD_DISRUPTION_BUDGETS

pytestmark = pytest.mark.usefixtures("operator")

CLOUD, EDGE = make_variant("cloud", "Cloud"), make_variant("edge", "Edge")


async def test_a_new_image_replaces_every_replica(world: World) -> None:
    await world.add_node()
    await world.apply_model(replicas=2)
    await world.until_ready(2)
    before = await _names(world)
    await world.edit_model({"variants": [{**CLOUD, "image": "example.com/server:2"}]})
    await world.until_ready(2)
    pods = await world.pods()
    assert {pod["spec"]["containers"][0]["image"] for pod in pods} == {"example.com/server:2"}
    assert before.isdisjoint(await _names(world))


async def test_a_rollout_on_a_cluster_that_is_full_waits_and_says_for_what(world: World) -> None:
    node = await world.add_node(cpu="1")
    await world.apply_model(placement={"onNoFit": "Wait"})
    await world.until_ready(1)
    before = await _names(world)
    await world.edit_model({"variants": [{**CLOUD, "image": "example.com/server:2"}]})
    await world.until("Ready", "False", "RollingOut")
    await wait_for(lambda: world.events("NoFittingNode"), "an Event says why")
    assert f"{node}: needs 1000m cpu, has 0m free" in (await world.events("NoFittingNode"))[0]
    assert before < await _names(world), "the old replica serves on"
    await world.add_node("b")
    await world.until_ready(1)


async def test_the_replicas_of_a_removed_variant_go_to_the_other_one(world: World) -> None:
    cloud = await world.add_node("cloud")
    await world.add_node("edge", "Edge")
    await world.apply_model(replicas=2, variants=[CLOUD, EDGE], placement={"edge": {"minReplicas": 1}})
    await world.until_ready(2)
    await world.edit_model({"variants": [CLOUD], "placement": {"edge": None}})
    await world.until_ready(2)
    assert await world.nodes_of() == [cloud, cloud]
    await wait_for(lambda: _is_gone(world, "digits-edge"), "the Deployment of the variant is gone")


async def test_a_variant_that_is_added_is_used_for_new_replicas(world: World) -> None:
    cloud = await world.add_node("cloud")
    edge = await world.add_node("edge", "Edge")
    await world.apply_model(replicas=1)
    await world.until_ready(1)
    await world.edit_model(
        {"replicas": 2, "variants": [CLOUD, EDGE], "placement": {"edge": {"minReplicas": 1}}}
    )
    await world.until_ready(2)
    assert await world.nodes_of() == [cloud, edge]


async def test_the_budget_follows_the_replicas(world: World) -> None:
    await world.add_node()
    await world.apply_model(replicas=2, disruption={"maxUnavailable": 1})
    await world.until_ready(2)
    assert await _min_available(world) == 1
    await world.edit_model({"replicas": 3, "disruption": {"maxUnavailable": 0}})
    await world.until_ready(3)
    assert await _min_available(world) == 3


async def test_several_changes_in_quick_succession_end_in_the_last_one(world: World) -> None:
    await world.add_node()
    await world.apply_model(replicas=1)
    for number in range(2, 5):
        await world.edit_model(
            {"replicas": number % 3 + 1, "variants": [{**CLOUD, "image": f"example.com/server:{number}"}]}
        )
    await world.until_ready(2)
    images = {pod["spec"]["containers"][0]["image"] for pod in await world.pods()}
    assert images == {"example.com/server:4"}


async def test_ready_speaks_of_a_new_spec_only_when_it_is_carried_out(world: World) -> None:
    await world.add_node()
    await world.apply_model()
    await world.until_ready(1)
    await world.edit_model({"variants": [{**CLOUD, "image": "example.com/server:2"}]})
    await world.until("Ready", "True")
    images = {pod["spec"]["containers"][0]["image"] for pod in await world.pods()}
    assert images == {"example.com/server:2"}


async def _is_gone(world: World, deployment: str) -> bool:
    return await world.child(DEPLOYMENTS, deployment) is None


async def _names(world: World) -> set[str]:
    return {pod["metadata"]["name"] for pod in await world.pods()}


async def _min_available(world: World) -> int:
    budget = await world.child(POD_DISRUPTION_BUDGETS, "digits") or {}
    minimum: int = budget["spec"]["minAvailable"]
    return minimum
