"""Replicas that move: the replacement is Ready before the victim goes."""

import pytest
from tests.support.wait import wait_for
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("operator")

CHEAP = {"fogline.dev/cost-per-hour": "0.1"}
DEAR = {"fogline.dev/cost-per-hour": "9"}


async def test_a_cordoned_node_is_left_once_the_replacement_is_ready(world: World) -> None:
    left = await world.add_node("a", labels=CHEAP)
    kept = await world.add_node("b", labels=DEAR)
    await world.apply_model()
    await world.until_ready(1)
    assert await world.nodes_of() == [left]
    await world.kubectl("cordon", left)
    await world.until_on([kept])
    await world.until_ready(1)
    (completed,) = await wait_for_history(world)
    assert (completed["from"], completed["to"], completed["reason"]) == (left, kept, "NodeCordoned")
    (event,) = await world.events("MoveCompleted")
    assert f"from {left} to {kept} (NodeCordoned)" in event


async def wait_for_history(world: World) -> list[dict[str, str]]:
    """Wait until the status tells of a move that has ended."""
    found: list[dict[str, str]] = []

    async def told() -> bool:
        nonlocal found
        found = (await world.model()).get("status", {}).get("moves", {}).get("history", [])
        return bool(found)

    await wait_for(told, "a move is in the history")
    return found
