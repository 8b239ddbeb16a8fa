"""How many replicas run: /scale, zero, and suspend."""

import pytest
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cluster.kinds import DEPLOYMENTS, MODEL_DEPLOYMENTS, PODS

pytestmark = pytest.mark.usefixtures("operator")


async def scale(world: World, replicas: int) -> None:
    """Scale as an autoscaler does, by the subresource."""
    await world.scale(MODEL_DEPLOYMENTS, "digits", replicas)


async def test_kubectl_scale_adds_and_removes_replicas(world: World) -> None:
    await world.add_node()
    await world.apply_model(replicas=1)
    await world.until_ready(1)
    for replicas in (3, 2):
        await world.kubectl("scale", "mdep/digits", f"--replicas={replicas}")
        await world.until_ready(replicas)


async def test_the_costliest_replica_goes_first(world: World) -> None:
    cheap = await world.add_node("cheap", cpu="2", labels={"fogline.dev/cost-per-hour": "0.1"})
    await world.add_node("dear", cpu="1", labels={"fogline.dev/cost-per-hour": "9"})
    await world.apply_model(replicas=3)
    await world.until_ready(3)
    await scale(world, 2)
    await world.until_ready(2)
    assert await world.nodes_of() == [cheap, cheap]
    assert (await world.model())["status"]["costPerHour"] == "0.1"


async def test_a_model_scales_to_zero_and_back(world: World) -> None:
    await world.add_node()
    await world.apply_model(replicas=2)
    await world.until_ready(2)
    await scale(world, 0)
    await world.until("Ready", "True", "ScaledToZero")
    await world.until_ready(0)
    assert (await world.model())["status"].get("placements", []) == []
    assert (await world.child(DEPLOYMENTS, "digits-cloud") or {})["spec"]["replicas"] == 0
    await scale(world, 1)
    await world.until_ready(1)


async def test_the_scale_subresource_shows_replicas_and_the_selector_of_their_pods(world: World) -> None:
    await world.add_node()
    await world.apply_model(replicas=2)
    await world.until_ready(2)
    path = f"/apis/fogline.dev/v1alpha1/namespaces/{world.namespace}/modeldeployments/digits/scale"
    scale_object = await world.kubectl("get", "--raw", path)
    assert '"replicas":2' in scale_object
    assert '"selector":"fogline.dev/model=digits"' in scale_object


async def test_a_suspended_model_runs_on_and_changes_nothing_until_it_is_resumed(world: World) -> None:
    await world.add_node()
    await world.apply_model(replicas=1)
    await world.until_ready(1)
    await world.edit_model({"suspend": True, "replicas": 2})
    await world.until("Suspended", "True", "SuspendedByUser")
    assert (await world.child(DEPLOYMENTS, "digits-cloud") or {})["spec"]["replicas"] == 1
    await world.edit_model({"suspend": False})
    await world.until("Suspended", "False")
    await world.until_ready(2)


async def test_a_model_that_is_born_suspended_places_nothing(world: World) -> None:
    await world.add_node()
    await world.apply_model(suspend=True)
    await world.until("Suspended", "True", "SuspendedByUser")
    assert await world.children() == set()
    await world.edit_model({"suspend": False})
    await world.until_ready(1)


async def test_a_pod_that_somebody_deletes_while_the_model_is_suspended_is_not_placed_again(
    world: World,
) -> None:
    await world.add_node()
    await world.apply_model()
    await world.until_ready(1)
    await world.edit_model({"suspend": True})
    await world.until("Suspended", "True")
    (pod,) = await world.pods()
    await world.delete(PODS, pod["metadata"]["name"])
    await world.until("Ready", "False", "ReplicasNotReady")

    async def one_is_gated() -> bool:
        return bool((await world.model())["status"]["gatedReplicas"] == 1)

    await wait_for(one_is_gated, "its successor is gated")
    await world.edit_model({"suspend": False})
    await world.until_ready(1)
