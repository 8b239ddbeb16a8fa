"""R1: a replica goes from a node that lost its clearance, even if nothing replaces it."""

from tests.cluster.conftest import StartOperator
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cluster.kinds import NODES
from fogline.names import CLEARANCE_LABEL

SECONDS = 8
"""When exactly it goes is tried without a cluster, in `tests/reconcile/test_uncleared.py`."""


async def test_a_replica_that_no_cleared_node_takes_is_gone_in_time(
    world: World, start_operator: StartOperator
) -> None:
    node = await world.add_node(clearance="Internal")
    await start_operator(clearance_seconds=SECONDS)
    await world.apply_model(placement={"dataSensitivity": "Internal"})
    await world.until_ready(1)
    await world.label(NODES, node, {CLEARANCE_LABEL: None})

    async def is_gone() -> bool:
        return await world.nodes_of() == [""]

    await wait_for(is_gone, "nothing of the model is on the node")
    (note,) = await world.until_told("ClearanceEnforced")
    assert "the data rule beats availability" in note
    message = await world.until("Placed", "False", "NoFit")
    assert f"{node}: needs clearance Internal, has Public" in message
