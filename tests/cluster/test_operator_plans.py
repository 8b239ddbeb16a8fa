"""Plans for all models together: moves that save only when several replicas go."""

import asyncio

from tests.cluster.conftest import StartOperator
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cluster.kinds import MODEL_DEPLOYMENTS
from fogline.names import COST_LABEL, REPLACES_ANNOTATION

SOON = {"plan_idle_seconds": 1, "plan_every_seconds": 3}
"""Settings with which a plan follows soon after a change."""


async def two_on_a_dear_node(world: World) -> tuple[str, str]:
    """Let two replicas share a node that is paid as a whole, and add one that would cost half as much."""
    dear = await world.add_node("a", labels={COST_LABEL: "2"})
    budgets = [{"moves": 2}]
    await world.apply_model(replicas=2, rebalancing={"cooldownSeconds": 0}, disruption={"budgets": budgets})
    await world.until_ready(2)
    return dear, await world.add_node("b", labels={COST_LABEL: "1"})


async def test_a_dear_node_is_emptied_although_no_single_move_saves(
    world: World, start_operator: StartOperator
) -> None:
    operator = await start_operator(**SOON)
    dear, cheap = await two_on_a_dear_node(world)
    await world.until_on([cheap, cheap])
    await world.until_ready(2)

    async def told() -> bool:
        notes = [note for pod in await world.pods() for note in pod["metadata"].get("annotations", {})]
        history = (await world.model())["status"]["moves"].get("history", [])
        return len(history) == 2 and REPLACES_ANNOTATION not in notes

    await wait_for(told, "both moves are in the history, and nothing is left of them on the pods")
    status = (await world.model())["status"]
    history = status["moves"]["history"]
    assert {(one["from"], one["to"], one["reason"]) for one in history} == {(dear, cheap, "BetterPlan")}
    assert sum(float(one["savingPerHour"]) for one in history) == 1

    async def is_best() -> bool:
        return "fogline_cost_gap_ratio 0.0" in (await operator.metrics()).splitlines()

    async def is_told() -> bool:
        return bool((await world.model())["status"]["lastDecision"]["boundGapPercent"] == "0")

    await wait_for(is_best, "the next plan finds nothing that costs less", every_seconds=0.2)
    await world.edit_model({"rebalancing": {"minSavingPercent": 50}})
    await wait_for(is_told, "the next pass over the model tells so")


async def test_an_optimiser_that_fails_costs_a_plan_and_nothing_else(
    world: World, start_operator: StartOperator
) -> None:
    operator = await start_operator(**SOON, optimiser_mebibytes=1)
    await two_on_a_dear_node(world)
    await wait_for(lambda: asyncio.to_thread(lambda: "no plan" in operator.log()), "there is no plan")
    await world.scale(MODEL_DEPLOYMENTS, "digits", 3)
    await world.until_ready(3)
