"""New versions on a real Deployment controller: how far they go is up to the operator."""

from collections import Counter

import pytest
from tests.support.builders import make_variant
from tests.support.wait import wait_for
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("operator")

OLD, NEW, NEWER = "example.com/server:1", "example.com/server:2", "example.com/server:3"


def serving(image: str) -> list[dict[str, object]]:
    """Make the variants of a spec that asks for a version."""
    return [make_variant("cloud", "Cloud", image=image)]


async def ready_versions(world: World, name: str = "digits") -> Counter[str]:
    """Count the Ready replicas of each version."""
    pods = [pod for pod in await world.pods(name) if "deletionTimestamp" not in pod["metadata"]]
    return Counter(pod["spec"]["containers"][0]["image"] for pod in pods if _is_ready(pod))


def _is_ready(pod: dict[str, object]) -> bool:
    status: dict[str, list[dict[str, str]]] = pod["status"]  # type: ignore[assignment]  # a JSON object
    conditions = status.get("conditions", [])
    return any((one["type"], one["status"]) == ("Ready", "True") for one in conditions)


async def serve(world: World, **rollout: object) -> None:
    """Let four replicas serve the old version."""
    for name in ("a", "b"):
        await world.add_node(name)
    await world.apply_model(replicas=4, variants=serving(OLD), rollout={"canaryPercent": 50, **rollout})
    await world.until_ready(4)


async def test_half_of_the_replicas_try_a_new_version_until_it_goes_to_all(world: World) -> None:
    await serve(world, promoteAfterSeconds=3600)
    await world.edit_model({"variants": serving(NEW)})
    await wait_for(lambda: has_versions(world, {OLD: 2, NEW: 2}), "half of them serve it")
    await world.until("RolledOut", "False", "Canary")
    await world.until("Ready", "True")
    assert await world.events("Promoting") == []
    await world.edit_model({"rollout": {"promoteAfterSeconds": 1}})
    await wait_for(lambda: has_versions(world, {NEW: 4}), "all of them serve it")
    await world.until("RolledOut", "True", "OneVersion")
    assert await world.events("Promoting")


async def test_a_newer_version_takes_the_place_of_a_canary_and_the_old_one_ends_it(
    world: World,
) -> None:
    await serve(world, promoteAfterSeconds=3600)
    await world.edit_model({"variants": serving(NEW)})
    await wait_for(lambda: has_versions(world, {OLD: 2, NEW: 2}), "half of them serve it")
    await world.edit_model({"variants": serving(NEWER)})
    await wait_for(lambda: has_versions(world, {OLD: 2, NEWER: 2}), "half of them serve the newer one")
    await world.edit_model({"variants": serving(OLD)})
    await wait_for(lambda: has_versions(world, {OLD: 4}), "all of them serve the old one")
    await world.until("RolledOut", "True", "OneVersion")


async def test_a_canary_gives_way_to_a_drain_and_begins_anew(world: World) -> None:
    await serve(world, promoteAfterSeconds=3600)
    spare = await world.add_node("c")
    await world.edit_model({"variants": serving(NEW)})
    await wait_for(lambda: has_versions(world, {OLD: 2, NEW: 2}), "half of them serve it")
    busy = min({*await world.nodes_of()} - {"", spare})
    await world.cordon(busy)
    await wait_for(lambda: _has_left(world, busy), "nothing runs on the cordoned node")
    await wait_for(lambda: has_versions(world, {OLD: 2, NEW: 2}), "half of them serve it again")


async def has_versions(world: World, versions: dict[str, int], name: str = "digits") -> bool:
    """Tell whether so many replicas of each version are Ready."""
    return await ready_versions(world, name) == versions


async def _has_left(world: World, node: str) -> bool:
    return node not in await world.nodes_of()
