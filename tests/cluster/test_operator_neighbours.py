"""One ModelDeployment never disturbs another."""

import pytest
from tests.support.builders import make_variant
from tests.support.wait import wait_for
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("operator")


async def test_an_artifact_that_the_cluster_is_too_old_for_is_reported_and_disturbs_nobody(
    world: World,
) -> None:
    await world.add_node()
    unsupported = make_variant("cloud", "Cloud", artifact={"uri": "oci://registry.example/digits:1"})
    await world.apply_model("bad", variants=[unsupported])
    await world.apply_model("good")
    message = await world.until("Accepted", "False", "NotSupported", "bad")
    assert "variant cloud: an oci:// artifact needs Kubernetes 1.35 or newer" in message
    await world.until_ready(1, "good")
    assert await world.children("bad") == set()


async def test_an_artifact_that_becomes_supported_is_served(world: World) -> None:
    await world.add_node()
    unsupported = make_variant("cloud", "Cloud", artifact={"uri": "oci://registry.example/digits:1"})
    await world.apply_model(variants=[unsupported])
    await world.until("Accepted", "False", "NotSupported")
    await world.edit_model({"variants": [make_variant("cloud", "Cloud")]})
    await world.until_ready(1)


async def test_the_model_of_higher_priority_gets_the_last_room(world: World) -> None:
    await world.apply_model("low", placement={"onNoFit": "Wait", "priority": 0})
    await world.apply_model("high", placement={"onNoFit": "Wait", "priority": 10})
    for name in ("low", "high"):
        await world.until("Placed", "False", "NoFit", name)
    await wait_for(lambda: _both_gated(world), "both have a gated pod")
    await world.add_node(cpu="1")
    await world.until_ready(1, "high")
    await world.until("Placed", "False", "NoFit", "low")


async def test_models_of_the_same_name_in_two_namespaces_do_not_meet(world: World) -> None:
    await world.add_node()
    other = f"{world.namespace}-other"
    await world.kubectl("create", "namespace", other)
    try:
        await world.apply_model()
        manifest = await world.model()
        copy = {
            key: value if key != "metadata" else {"name": "digits", "namespace": other}
            for key, value in manifest.items()
            if key != "status"
        }
        await world.client.create(copy)
        await world.kubectl(
            "wait", "--for=condition=Ready", "mdep/digits", f"--namespace={other}", "--timeout=120s"
        )
        await world.until_ready(1)
    finally:
        await world.kubectl("delete", "namespace", other, "--wait=false")


async def _both_gated(world: World) -> bool:
    return all([len(await world.pods(name)) == 1 for name in ("low", "high")])
