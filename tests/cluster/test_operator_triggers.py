"""What makes replicas move, each on a real API server: nodes, profiles, other people's pods, and specs.

Scenes that do not disturb each other run at the same time, each on nodes of its own.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.support.builders import make_variant
from tests.support.operator_process import OperatorProcess
from tests.support.wait import wait_for
from tests.support.world import World
from tests.support.world_nodes import TEST_LABEL
from tests.support.world_profiles import WorldProfiles

from fogline.api import Tier
from fogline.cluster.kinds import MODEL_DEPLOYMENTS, NODES
from fogline.names import (
    ARCHITECTURE_LABEL,
    CLEARANCE_LABEL,
    COST_LABEL,
    DO_NOT_MOVE_ANNOTATION,
    LATENCY_LABEL,
    REGION_LABEL,
)

pytestmark = pytest.mark.usefixtures("operator")

SCENE = "example.com/scene"
DEVICE = "example.com/npu"
LIMIT_SECONDS = 120
"""Moves of several scenes wait for each other: five run at once."""


def price(usd: str) -> dict[str, str]:
    """Give the labels of a node whose replicas pay for what they use of it."""
    return {COST_LABEL: usd, "fogline.dev/billing": "Share"}


@dataclass(frozen=True)
class Scene:
    """Models and nodes that have nothing to do with those of other scenes; models carry its name."""

    world: World
    name: str

    async def add(self, short: str, usd: str = "1", *, cpu: str = "4", **labels: str) -> str:
        """Add a node; labels by the name of a constant in `fogline.names` without ``_LABEL``."""
        given = {LABELS[key]: value for key, value in labels.items()}
        return await self.world.add_node(
            f"{self.name}-{short}", labels={SCENE: self.name, **price(usd), **given}, cpu=cpu
        )

    async def serve(
        self, suffix: str = "", *, placement: Mapping[str, Any] | None = None, **spec: Any
    ) -> str:
        """Apply a model that may move at once, and wait until it is Ready; gives its name."""
        selector = {TEST_LABEL: self.world.namespace, SCENE: self.name}
        rebalancing = {"cooldownSeconds": 0, **spec.pop("rebalancing", {})}
        model = f"{self.name}{suffix}"
        await self.world.apply_model(
            model, placement={"nodeSelector": selector, **(placement or {})}, rebalancing=rebalancing, **spec
        )
        await self.world.until_ready(spec.get("replicas", 1), model)
        return model

    async def label(self, node: str, key: str, value: str | None) -> None:
        """Change a label of a node; None takes it away."""
        await self.world.label(NODES, node, {LABELS[key]: value})

    async def set_room(self, node: str, **room: str) -> None:
        """Change what pods may use of a node, as a kubelet does that was set up anew."""
        changed = {"status": {"capacity": room, "allocatable": room}}
        await self.world.patch(NODES, node, changed, subresource="status")

    async def moved(self, model: str, moves: int = 1) -> list[tuple[str, str, str]]:
        """Wait until so many moves of a model have ended; gives source, target and reason of each."""
        found: list[dict[str, str]] = []

        async def told() -> bool:
            nonlocal found
            found = (await self.world.model(model)).get("status", {}).get("moves", {}).get("history", [])
            return len(found) >= moves

        await wait_for(told, f"{moves} moves of {model} have ended", LIMIT_SECONDS)
        assert {one["result"] for one in found} == {"Completed"}, found
        return [(one["from"], one["to"], one["reason"]) for one in reversed(found)]


LABELS = {
    "cost": COST_LABEL,
    "latency": LATENCY_LABEL,
    "clearance": CLEARANCE_LABEL,
    "region": REGION_LABEL,
    "architecture": ARCHITECTURE_LABEL,
}


async def test_nodes_and_their_labels_move_replicas(world: World) -> None:
    async def a_cheaper_node_comes(scene: Scene) -> None:
        a = await scene.add("a")
        model = await scene.serve()
        b = await scene.add("b", "0.5")
        assert await scene.moved(model) == [(a, b, "BetterNode")]

    async def a_price_changes(scene: Scene) -> None:
        a, b = await scene.add("a"), await scene.add("b", "2")
        model = await scene.serve()
        await scene.label(a, "cost", "10")
        assert await scene.moved(model) == [(a, b, "BetterNode")]

    async def a_latency_changes(scene: Scene) -> None:
        a, b = await scene.add("a", "0.1", latency="5"), await scene.add("b", "0.2", latency="5")
        model = await scene.serve(placement={"latency": {"targetMilliseconds": 10}})
        await scene.label(a, "latency", "200")
        assert await scene.moved(model) == [(a, b, "BetterNode")]

    async def a_latency_breaks_the_maximum(scene: Scene) -> None:
        a, b = await scene.add("a", latency="5"), await scene.add("b", "9", latency="5")
        model = await scene.serve(placement={"latency": {"maxMilliseconds": 10}})
        await scene.label(a, "latency", "11")
        assert await scene.moved(model) == [(a, b, "LatencyAboveMaximum")]

    async def a_clearance_is_taken_away(scene: Scene) -> None:
        a, b = await scene.add("a", clearance="Internal"), await scene.add("b", "9", clearance="Restricted")
        model = await scene.serve(placement={"dataSensitivity": "Internal"}, rebalancing={"mode": "DryRun"})
        await scene.label(a, "clearance", None)
        assert await scene.moved(model) == [(a, b, "ClearanceTooLow")]

    async def a_region_changes(scene: Scene) -> None:
        a, b = await scene.add("a", region="eu"), await scene.add("b", "9", region="eu")
        model = await scene.serve(placement={"allowedRegions": ["eu"]})
        await scene.label(a, "region", "us")
        assert await scene.moved(model) == [(a, b, "RegionNotAllowed")]

    scenes = (
        a_cheaper_node_comes,
        a_price_changes,
        a_latency_changes,
        a_latency_breaks_the_maximum,
        a_clearance_is_taken_away,
        a_region_changes,
    )
    await asyncio.gather(*(scene(Scene(world, scene.__name__.replace("_", "-"))) for scene in scenes))


async def test_less_room_moves_replicas_the_lowest_priority_first(world: World) -> None:
    async def capacity_falls_and_comes_back(scene: Scene) -> None:
        a, b = await scene.add("a"), await scene.add("b", "2")
        first = await scene.serve("-first", placement={"priority": 5})
        last = await scene.serve("-last", replicas=2)
        await scene.set_room(a, cpu="2")
        assert await scene.moved(last) == [(a, b, "NodeOverCommitted")]
        assert await world.nodes_of(first) == [a]
        await scene.set_room(a, cpu="4")
        assert (await scene.moved(last, 2))[1] == (b, a, "BetterNode")

    async def a_device_is_lost(scene: Scene) -> None:
        a, b = await scene.add("a"), await scene.add("b", "9")
        for node in (a, b):
            await scene.set_room(node, **{DEVICE: "1"})
        requests = {"cpu": "1", "memory": "1Gi", DEVICE: "1"}
        variant = make_variant("cloud", Tier.CLOUD, requests=requests)
        variant["resources"]["limits"] = {DEVICE: "1"}
        model = await scene.serve(variants=[variant])
        await scene.set_room(a, **{DEVICE: "0"})
        assert await scene.moved(model) == [(a, b, "NodeOverCommitted")]

    async def others_fill_a_node(scene: Scene) -> None:
        a, b = await scene.add("a", cpu="2"), await scene.add("b", "9")
        model = await scene.serve()
        await world.client.create(static_pod(world.namespace, a, cpu="2"))
        assert await scene.moved(model) == [(a, b, "NodeOverCommitted")]

    scenes = (capacity_falls_and_comes_back, a_device_is_lost, others_fill_a_node)
    await asyncio.gather(*(scene(Scene(world, scene.__name__.replace("_", "-"))) for scene in scenes))


async def test_profiles_and_specs_move_replicas(world: World, profiles: WorldProfiles) -> None:
    async def a_profile_changes_a_price(scene: Scene) -> None:
        a, b = await scene.add("a"), await scene.add("b", "2")
        model = await scene.serve()
        await profiles.apply(scene.name, {"kubernetes.io/hostname": a}, costPerHour="10")
        assert await scene.moved(model) == [(a, b, "BetterNode")]

    async def a_profile_changes_a_latency(scene: Scene) -> None:
        a, b = await scene.add("a", latency="5"), await scene.add("b", "9", latency="5")
        model = await scene.serve(placement={"latency": {"maxMilliseconds": 10}})
        await profiles.apply(scene.name, {"kubernetes.io/hostname": a}, latency=[{"milliseconds": 50}])
        assert await scene.moved(model) == [(a, b, "LatencyAboveMaximum")]

    async def a_profile_takes_a_share_away(scene: Scene) -> None:
        a, b = await scene.add("a"), await scene.add("b", "9")
        model = await scene.serve(replicas=2)
        await profiles.apply(scene.name, {"kubernetes.io/hostname": a}, capacityShare="0.25")
        assert await scene.moved(model) == [(a, b, "CapacityShareReached")]
        assert await world.nodes_of(model) == [a, b]

    async def a_spec_spreads(scene: Scene) -> None:
        a, b = await scene.add("a"), await scene.add("b", "9")
        model = await scene.serve(replicas=2)
        await world.edit_model({"placement": {"spread": {"maxPerNode": 1}}}, model)
        assert await scene.moved(model) == [(a, b, "MaxPerNodeReached")]

    async def a_spec_asks_for_less_latency(scene: Scene) -> None:
        a, b = await scene.add("a", latency="50"), await scene.add("b", "9", latency="5")
        model = await scene.serve()
        await world.edit_model({"placement": {"latency": {"maxMilliseconds": 10}}}, model)
        assert await scene.moved(model) == [(a, b, "LatencyAboveMaximum")]

    scenes = (
        a_profile_changes_a_price,
        a_profile_changes_a_latency,
        a_profile_takes_a_share_away,
        a_spec_spreads,
        a_spec_asks_for_less_latency,
    )
    await asyncio.gather(*(scene(Scene(world, scene.__name__.replace("_", "-"))) for scene in scenes))


async def test_a_replica_goes_back_to_its_preferred_node_once_and_stays(world: World) -> None:
    scene = Scene(world, "back")
    a, b = await scene.add("a"), await scene.add("b", "2")
    model = await scene.serve(rebalancing={"cooldownSeconds": 600})
    await world.cordon(a)
    assert await scene.moved(model) == [(a, b, "NodeCordoned")]
    await world.uncordon(a)
    told = await world.until("Rebalancing", "False", "CoolingDown", model)
    assert (
        f"would go from {b} to {a} (BetterNode), saving 0.25 US dollars per hour: it stays until 20" in told
    )
    began = datetime.fromisoformat((await world.model(model))["status"]["moves"]["history"][0]["startedAt"])
    passed = datetime.now(UTC) - began  # noqa: TID251  the operator's clock
    # so short that the test need not wait for long, and so long that the time still has to come by itself
    await world.edit_model({"rebalancing": {"cooldownSeconds": int(passed.total_seconds()) + 4}}, model)
    assert (await scene.moved(model, 2))[1] == (b, a, "BetterNode")
    await world.until("Rebalancing", "False", "Idle", model)


async def test_a_dry_run_plans_and_disabled_is_silent(world: World, operator: OperatorProcess) -> None:
    scene = Scene(world, "modes")
    a, b = await scene.add("a"), await scene.add("b", "2")
    dry, off = [await scene.serve(f"-{mode.lower()}", rebalancing={"mode": mode}) for mode in MODES]
    await scene.label(a, "cost", "10")
    told = await world.until("Rebalancing", "False", "MovesPlanned", dry)
    assert f"would go from {a} to {b} (BetterNode), saving 2 US dollars per hour" in told
    (planned,) = (await world.model(dry))["status"]["moves"]["planned"]
    assert (planned["from"], planned["to"], planned["savingPerHour"]) == (a, b, "2")
    (event,) = await world.until_told("MovePlanned")
    assert f"would move from {a} to {b} (BetterNode)" in event
    assert (await world.condition("Rebalancing", off))["reason"] == "Idle"
    assert await world.nodes_of(dry) == await world.nodes_of(off) == [a]
    assert 'fogline_moves_held{reason="MovesPlanned"} 1.0' in await operator.metrics()


async def test_what_is_marked_or_in_a_window_without_moves_stays_and_says_until_when(world: World) -> None:
    async def the_model_is_marked(scene: Scene) -> None:
        a, b = await scene.add("a"), await scene.add("b", "9")
        model = await scene.serve()
        await world.annotate(MODEL_DEPLOYMENTS, model, {DO_NOT_MOVE_ANNOTATION: "please"})
        await world.cordon(a)
        told = await world.until("Rebalancing", "False", "MarkedDoNotMove", model)
        assert (
            f"has to go from {a} to {b} (NodeCordoned): annotation {DO_NOT_MOVE_ANNOTATION} keeps it" in told
        )
        assert (
            f"annotation {DO_NOT_MOVE_ANNOTATION} of the ModelDeployment is 'please', neither true nor"
            in told
        )
        await world.annotate(MODEL_DEPLOYMENTS, model, {DO_NOT_MOVE_ANNOTATION: None})
        assert await scene.moved(model) == [(a, b, "NodeCordoned")]

    async def no_move_fits_the_budget(scene: Scene) -> None:
        a, b = await scene.add("a"), await scene.add("b", "9")
        always = {"moves": 0, "schedule": "* * * * *", "durationSeconds": 3600}
        model = await scene.serve(disruption={"budgets": [always]})
        await world.cordon(a)
        told = await world.until("Rebalancing", "False", "OutsideWindow", model)
        assert f"has to go from {a} to {b} (NodeCordoned): a budget allows no move until 20" in told
        await world.edit_model({"disruption": {"budgets": None}}, model)
        assert await scene.moved(model) == [(a, b, "NodeCordoned")]

    scenes = (the_model_is_marked, no_move_fits_the_budget)
    await asyncio.gather(*(scene(Scene(world, scene.__name__.replace("_", "-"))) for scene in scenes))


MODES = ("DryRun", "Disabled")


def static_pod(namespace: str, node: str, *, cpu: str) -> dict[str, Any]:
    """Make a pod that somebody put on a node past kube-scheduler."""
    container = {"name": "other", "image": "example.com/other:1", "resources": {"requests": {"cpu": cpu}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "other", "namespace": namespace},
        "spec": {"nodeName": node, "containers": [container]},
    }
