"""Replicas that find no node: the status says why, node by node, and every change that helps is noticed."""

import pytest
from tests.support.builders import make_variant
from tests.support.history import gates
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cluster.kinds import MODEL_DEPLOYMENTS, NODES
from fogline.names import GATE

pytestmark = pytest.mark.usefixtures("operator")

WAIT = {"onNoFit": "Wait"}


async def test_the_condition_and_an_event_say_why_by_node(world: World) -> None:
    small = await world.add_node("small", cpu="500m")
    edge = await world.add_node("edge", "Edge")
    await world.apply_model(placement=WAIT)
    message = await world.until("Placed", "False", "NoFit")
    assert "1 of 1 replicas find no node" in message
    assert f"{small}: needs 1000m cpu, has 500m free" in message
    assert f"{edge}: needs tier Cloud, has Edge" in message
    await wait_for(lambda: world.events("NoFittingNode"), "an Event")
    assert f"{small}: needs 1000m cpu, has 500m free" in (await world.events("NoFittingNode"))[0]


async def test_the_last_decision_counts_the_refused_nodes_by_reason(world: World) -> None:
    for short in ("a", "b"):
        await world.add_node(short, cpu="500m")
    await world.apply_model(placement=WAIT)
    await world.until("Placed", "False", "NoFit")
    rejections = (await world.model())["status"]["lastDecision"]["rejections"]
    counts = {one["reason"]: one["nodes"] for one in rejections}
    assert counts["InsufficientResource"] == 2


async def test_a_new_node_gets_the_waiting_replica(world: World) -> None:
    await world.apply_model(placement=WAIT)
    await world.until("Placed", "False", "NoFit")
    node = await world.add_node()
    await world.until_ready(1)
    assert await world.nodes_of() == [node]


async def test_a_node_that_grows_gets_the_waiting_replica(world: World) -> None:
    node = await world.add_node(cpu="500m")
    await world.apply_model(placement=WAIT)
    await world.until("Placed", "False", "NoFit")
    grown = {"status": {"capacity": {"cpu": "2"}, "allocatable": {"cpu": "2"}}}
    await world.patch(NODES, node, grown, subresource="status")
    await world.until_ready(1)


async def test_a_node_that_another_model_leaves_gets_the_waiting_replica(world: World) -> None:
    await world.add_node(cpu="1")
    await world.apply_model("first")
    await world.until_ready(1, "first")
    await world.apply_model("second", placement=WAIT)
    await world.until("Placed", "False", "NoFit", "second")
    await world.delete(MODEL_DEPLOYMENTS, "first")
    await world.until_ready(1, "second")


async def test_a_node_that_is_uncordoned_gets_the_waiting_replica(world: World) -> None:
    node = await world.add_node()
    await world.cordon(node)
    await world.apply_model(placement=WAIT)
    assert "NodeCordoned" in await world.until("Placed", "False", "NoFit")
    await world.uncordon(node)
    await world.until_ready(1)


async def test_a_rule_that_the_user_loosens_gets_the_replica_placed(world: World) -> None:
    await world.add_node(labels={"fogline.dev/latency-ms": "80"})
    await world.apply_model(placement={**WAIT, "latency": {"maxMilliseconds": 50}})
    assert "needs at most 50 ms, has 80 ms" in await world.until("Placed", "False", "NoFit")
    await world.edit_model({"placement": {"latency": {"maxMilliseconds": 100}}})
    await world.until_ready(1)


async def test_those_that_fit_are_placed_and_the_rest_waits(world: World) -> None:
    await world.add_node(cpu="2")
    await world.apply_model(replicas=3, placement=WAIT)
    assert "1 of 3 replicas find no node" in await world.until("Placed", "False", "NoFit")
    await world.until("Ready", "False", "ReplicasNotReady")
    await wait_for(lambda: _ready_and_gated(world, (2, 1)), "two are Ready, one is gated")


async def test_with_wait_the_gate_stays_shut(world: World) -> None:
    await world.add_node(cpu="500m")
    await world.apply_model(placement=WAIT)
    await world.until("Placed", "False", "NoFit")
    await wait_for(lambda: world.events("NoFittingNode"), "the placer has decided")
    assert [gates(pod) for pod in await world.pods()] == [{GATE}]


async def test_where_room_alone_is_missing_the_scheduler_gets_the_replica_inside_its_requirements(
    world: World,
) -> None:
    node = await world.add_node(cpu="500m")
    await world.apply_model()
    await wait_for(lambda: world.events("PlacedWithoutPin"), "the gate is open")
    assert [gates(pod) for pod in await world.pods()] == [set()]
    grown = {"status": {"capacity": {"cpu": "2"}, "allocatable": {"cpu": "2"}}}
    await world.patch(NODES, node, grown, subresource="status")
    await world.until_ready(1)
    await world.history.caught_up()
    assert [one.pins for one in world.history.bindings()] == [{None}]


@pytest.mark.parametrize(
    ("rule", "labels"),
    [
        ({"latency": {"maxMilliseconds": 50}}, {"fogline.dev/latency-ms": "10"}),
        ({"dataSensitivity": "Internal"}, {}),
        ({"allowedRegions": ["eu-west"]}, {}),
    ],
    ids=["a latency maximum is set", "clearance is missing too", "the region is wrong too"],
)
async def test_the_gate_stays_shut_although_room_is_missing_where(
    world: World, rule: dict[str, object], labels: dict[str, str]
) -> None:
    await world.add_node(cpu="500m", labels=labels)
    await world.apply_model(placement=rule)
    await wait_for(lambda: world.events("NoFittingNode"), "the placer has decided")
    assert [gates(pod) for pod in await world.pods()] == [{GATE}]


async def test_a_replica_waits_as_the_variant_that_only_lacks_room(world: World) -> None:
    await world.add_node("edge", "Edge", cpu="500m")
    both = [make_variant("cloud", "Cloud"), make_variant("edge", "Edge")]
    await world.apply_model(variants=both, placement=WAIT)
    await world.until("Placed", "False", "NoFit")
    await wait_for(lambda: _variants(world, ["edge"]), "the replica waits as an edge replica")


async def _ready_and_gated(world: World, wanted: tuple[int, int]) -> bool:
    status = (await world.model())["status"]
    return (status["readyReplicas"], status["gatedReplicas"]) == wanted


async def _variants(world: World, wanted: list[str]) -> bool:
    return [pod["metadata"]["labels"]["fogline.dev/variant"] for pod in await world.pods()] == wanted


async def test_pods_that_the_api_server_refuses_are_told_of_with_its_reason(world: World) -> None:
    await world.add_node()
    await world.apply_model(placement={"priorityClassName": "no-such-class"})
    for kind in ("Placed", "Ready"):

        async def tells(kind: str = kind) -> bool:
            message: str = (await world.condition(kind))["message"]
            return "digits-cloud cannot make pods: " in message and "no-such-class" in message

        await wait_for(tells, f"{kind} says why there are no pods")
