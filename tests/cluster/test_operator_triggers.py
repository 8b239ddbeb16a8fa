"""What makes replicas move, each on a real API server: nodes, profiles, other people's pods, and specs."""

import asyncio

import pytest
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cluster.kinds import NODES

pytestmark = pytest.mark.usefixtures("operator")

AT_ONCE = {"cooldownSeconds": 0}
COST = "fogline.dev/cost-per-hour"


async def until_moved(world: World, model: str = "digits", moves: int = 1) -> list[tuple[str, str, str]]:
    """Wait until so many moves of a model have ended; gives the node, the target and the reason of each."""
    found: list[dict[str, str]] = []

    async def told() -> bool:
        nonlocal found
        found = (await world.model(model)).get("status", {}).get("moves", {}).get("history", [])
        return len(found) >= moves

    await wait_for(told, f"{moves} moves of {model} have ended", 30)
    assert {one["result"] for one in found} == {"Completed"}
    return [(one["from"], one["to"], one["reason"]) for one in reversed(found)]


def price(usd: str) -> dict[str, str]:
    """Give the labels of a node whose replicas pay for what they use of it."""
    return {COST: usd, "fogline.dev/billing": "Share"}


async def test_a_price_that_changes_moves_replicas_in_automatic_mode_only(world: World) -> None:
    a = await world.add_node("a", labels=price("1"))
    b = await world.add_node("b", labels=price("2"))
    for mode in ("Automatic", "DryRun", "Disabled"):
        await world.apply_model(mode.lower(), rebalancing={**AT_ONCE, "mode": mode})
    await asyncio.gather(*(world.until_ready(1, mode) for mode in ("automatic", "dryrun", "disabled")))
    await world.patch(NODES, a, {"metadata": {"labels": {COST: "10"}}})
    assert await until_moved(world, "automatic") == [(a, b, "BetterNode")]
    told = await world.until("Rebalancing", "False", "MovesPlanned", "dryrun")
    assert f"would go from {a} to {b} (BetterNode), saving" in told
    (planned,) = (await world.model("dryrun"))["status"]["moves"]["planned"]
    assert (planned["from"], planned["to"], planned["savingPerHour"]) == (a, b, "2")
    (event,) = await world.events("MovePlanned")
    assert f"would move from {a} to {b} (BetterNode)" in event
    assert (await world.condition("Rebalancing", "disabled"))["reason"] == "Idle"
    assert await world.nodes_of("dryrun") == await world.nodes_of("disabled") == [a]


async def test_a_replica_that_just_came_stays_for_its_cool_down_and_then_goes(world: World) -> None:
    await world.add_node("a", labels=price("1"))
    await world.apply_model(rebalancing={"cooldownSeconds": 6})
    await world.until_ready(1)
    cheap = await world.add_node("b", labels=price("0.1"))
    told = await world.until("Rebalancing", "False", "CoolingDown")
    assert "it stays until 20" in told
    await world.until_on([cheap])
    await world.until("Rebalancing", "False", "Idle")
