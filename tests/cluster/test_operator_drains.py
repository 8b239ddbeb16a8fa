"""``kubectl drain``: it waits for a replacement where there can be one, and nowhere for ever."""

import asyncio
import time

import pytest
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cluster.kinds import POD_DISRUPTION_BUDGETS

pytestmark = pytest.mark.usefixtures("operator")

CHEAP = {"fogline.dev/cost-per-hour": "0.1"}
DEAR = {"fogline.dev/cost-per-hour": "9"}
PATIENCE_SECONDS = 10
"""The least that the API takes."""
DRAIN_LIMIT_SECONDS = 120


async def drain(world: World, node: str) -> float:
    """Drain a node of the pods of this test; returns the seconds that it took."""
    begun = time.monotonic()
    await world.kubectl(
        "drain",
        node,
        "--pod-selector=fogline.dev/model",
        "--delete-emptydir-data",
        f"--timeout={DRAIN_LIMIT_SECONDS}s",
    )
    return time.monotonic() - begun


def fewest_ready(world: World) -> int:
    """Tell how few replicas served at once after the first one did."""
    serving: set[str] = set()
    counts: list[int] = []
    for pod in world.history.pods:
        meta, conditions = pod["metadata"], pod["status"].get("conditions", ())
        is_ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
        serves = is_ready and "deletionTimestamp" not in meta
        (serving.add if serves else serving.discard)(meta["uid"])
        if serving or counts:
            counts.append(len(serving))
    return min(counts)


async def kept_by_budget(world: World) -> int:
    """Read how many replicas the budget of the model keeps."""
    budget = await world.child(POD_DISRUPTION_BUDGETS, "digits")
    assert budget
    return int(budget["spec"]["minAvailable"])


async def test_a_drain_waits_until_the_only_replica_has_its_replacement(world: World) -> None:
    left = await world.add_node("a", labels=CHEAP)
    kept = await world.add_node("b", labels=DEAR)
    await world.apply_model()
    await world.until_ready(1)
    (only,) = await world.pods()
    assert only["spec"]["nodeName"] == left
    await drain(world, left)
    await world.until_on([kept])
    await world.until_ready(1)
    await world.history.caught_up()
    assert fewest_ready(world) == 1
    assert await world.events("DrainUnblocked") == []


async def test_a_drain_without_another_place_goes_through_after_the_time_that_the_user_gives(
    world: World,
) -> None:
    node = await world.add_node()
    await world.apply_model(replicas=2, rebalancing={"readyTimeoutSeconds": PATIENCE_SECONDS})
    await world.until_ready(2)
    assert await kept_by_budget(world) == 2
    draining = asyncio.create_task(drain(world, node))
    assert "has to leave" in await world.until("Rebalancing", "False", "NoPlaceToMove")
    assert await draining > PATIENCE_SECONDS
    (event, *_) = await world.events("DrainUnblocked")
    assert f"{node} is cordoned for" in event
    assert "NodeCordoned" in event
    await wait_for(lambda: _keeps(world, 2), "the budget is as before")
    await world.uncordon(node)
    await world.until_ready(2)


async def _keeps(world: World, replicas: int) -> bool:
    return await kept_by_budget(world) == replicas
