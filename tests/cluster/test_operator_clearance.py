"""Data sensitivity: no replica starts on a node that is not cleared for it, whatever changes meanwhile."""

import pytest
from tests.support.builders import make_variant
from tests.support.world import World

from fogline.cluster.kinds import NODES
from fogline.names import CLEARANCE_LABEL

pytestmark = pytest.mark.usefixtures("operator")

CHEAP = {"fogline.dev/cost-per-hour": "0.1"}
DEAR = {"fogline.dev/cost-per-hour": "9"}


async def test_a_restricted_model_goes_to_the_cleared_node_at_any_price(world: World) -> None:
    await world.add_node("cheap", labels=CHEAP, clearance="Confidential")
    cleared = await world.add_node("dear", labels=DEAR, clearance="Restricted")
    await world.apply_model(replicas=2, placement={"dataSensitivity": "Restricted"})
    await world.until_ready(2)
    assert await world.nodes_of() == [cleared, cleared]


async def test_without_a_cleared_node_a_restricted_model_waits(world: World) -> None:
    node = await world.add_node()
    await world.apply_model(placement={"dataSensitivity": "Restricted"})
    message = await world.until("Placed", "False", "NoFit")
    assert f"{node}: needs clearance Restricted, has Public" in message
    await world.label(NODES, node, {CLEARANCE_LABEL: "Restricted"})
    await world.until_ready(1)


async def test_a_raised_sensitivity_replaces_the_replicas_on_cleared_nodes_only(world: World) -> None:
    await world.add_node("cheap", labels=CHEAP)
    cleared = await world.add_node("dear", labels=DEAR, clearance="Restricted")
    await world.apply_model(replicas=2)
    await world.until_ready(2)
    await world.edit_model({"placement": {"dataSensitivity": "Restricted"}})
    await world.until_ready(2)
    assert await world.nodes_of() == [cleared, cleared]
    await world.until("PolicyCompliant", "True")


async def test_a_raised_sensitivity_leaves_a_tier_without_a_cleared_node_before_its_time_is_up(
    world: World,
) -> None:
    await world.add_node("cloud", labels=CHEAP)
    cleared = await world.add_node("edge", "Edge", labels=DEAR, clearance="Restricted")
    await world.apply_model(replicas=2, variants=[make_variant("c", "Cloud"), make_variant("e", "Edge")])
    await world.until_ready(2)
    await world.edit_model({"placement": {"dataSensitivity": "Restricted"}})
    await world.until("PolicyCompliant", "True", "RequirementsHold")
    await world.until_ready(2)
    assert await world.nodes_of() == [cleared, cleared]
    assert await world.events("ClearanceEnforced") == []


async def test_a_node_that_loses_its_clearance_is_reported_until_it_has_it_again(world: World) -> None:
    node = await world.add_node(clearance="Internal")
    await world.apply_model(placement={"dataSensitivity": "Internal"})
    await world.until_ready(1)
    await world.until("PolicyCompliant", "True", "RequirementsHold")
    await world.label(NODES, node, {CLEARANCE_LABEL: None})
    message = await world.until("PolicyCompliant", "False", "RequirementsBroken")
    assert f"{node}: needs clearance Internal, has Public" in message
    (note,) = await world.events("ClearanceViolated")
    assert f"runs on {node}: needs clearance Internal, has Public" in note
    await world.label(NODES, node, {CLEARANCE_LABEL: "Internal"})
    await world.until("PolicyCompliant", "True", "RequirementsHold")


async def test_a_clearance_that_nobody_knows_holds_public_data_only(world: World) -> None:
    await world.add_node(clearance="TopSecret")
    await world.apply_model(placement={"dataSensitivity": "Internal"})
    assert "needs clearance Internal, has Public" in await world.until("Placed", "False", "NoFit")
