"""From `kubectl apply` to Ready: what exists then, what the status says, and how the pods got their nodes."""

import pytest
from tests.support.builders import make_variant
from tests.support.world import CHILD_KINDS, World

from fogline.cluster.kinds import DEPLOYMENTS, POD_DISRUPTION_BUDGETS, SERVICES
from fogline.conditions import ConditionType
from fogline.names import MODEL_LABEL, VARIANT_LABEL

pytestmark = pytest.mark.usefixtures("operator")

BOTH = [make_variant("cloud", "Cloud"), make_variant("edge", "Edge")]


async def test_a_model_becomes_ready_with_one_replica_on_the_edge_and_the_rest_in_the_cloud(
    world: World,
) -> None:
    cloud = await world.add_node("cloud", "Cloud", labels={"fogline.dev/cost-per-hour": "0.5"})
    edge = await world.add_node("edge", "Edge", labels={"fogline.dev/cost-per-hour": "4"})
    await world.apply_model(replicas=3, variants=BOTH, placement={"edge": {"minReplicas": 1}})
    await world.until_ready(3)
    assert await world.nodes_of() == [cloud, cloud, edge]
    assert (await world.model())["status"]["tiers"] == {
        "cloud": {"desired": 2, "ready": 2},
        "edge": {"desired": 1, "ready": 1},
    }


async def test_the_children_carry_our_labels_and_belong_to_the_model(world: World) -> None:
    await world.add_node()
    await world.apply_model()
    await world.until_ready(1)
    assert await world.children() == {
        ("Deployment", "digits-cloud"),
        ("Service", "digits"),
        ("PodDisruptionBudget", "digits"),
    }
    uid = (await world.model())["metadata"]["uid"]
    for kind, name in zip(CHILD_KINDS, ("digits-cloud", "digits", "digits"), strict=True):
        meta = (await world.child(kind, name) or {})["metadata"]
        assert [(owner["uid"], owner["controller"]) for owner in meta["ownerReferences"]] == [(uid, True)]
        assert meta["labels"][MODEL_LABEL] == "digits"
        assert [entry["manager"] for entry in meta["managedFields"] if entry["operation"] == "Apply"] == [
            "fogline"
        ]


async def test_all_conditions_are_there_from_the_first_status_on(world: World) -> None:
    await world.apply_model()  # there is no node
    await world.until("Placed", "False", "NoFit")
    conditions = (await world.model())["status"]["conditions"]
    assert [one["type"] for one in conditions] == list(ConditionType)
    assert all(one["observedGeneration"] == 1 for one in conditions)
    assert all(one["reason"] for one in conditions)


async def test_the_status_tells_where_each_replica_is_and_what_it_costs(world: World) -> None:
    labels = {"fogline.dev/cost-per-hour": "0.8", "fogline.dev/latency-ms": "12"}
    node = await world.add_node(labels=labels)
    await world.apply_model(replicas=2)
    await world.until_ready(2)
    status = (await world.model())["status"]
    assert {name: status[name] for name in ("replicas", "readyReplicas", "availableReplicas")} == {
        "replicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
    }
    assert status["gatedReplicas"] == 0
    assert status["observedGeneration"] == 1
    assert status["selector"] == f"{MODEL_LABEL}=digits"
    assert status["url"] == f"http://digits.{world.namespace}.svc:8501"
    assert status["costPerHour"] == "0.8"
    for placement in status["placements"]:
        assert placement.pop("since")
        assert placement == {
            "node": node,
            "tier": "Cloud",
            "variant": "cloud",
            "ready": True,
            "costPerHour": "0.4",
            "latencyPenaltyPerHour": "0",
            "latencyMilliseconds": 12,
        }
    assert len(status["placements"]) == 2


async def test_kubectl_get_shows_state_replicas_and_address(world: World) -> None:
    await world.add_node()
    await world.apply_model(replicas=2)
    await world.until_ready(2)
    header, line = (await world.kubectl("get", "mdep")).splitlines()
    assert header.split() == ["NAME", "READY", "REASON", "REPLICAS", "CLOUD", "EDGE", "URL", "AGE"]
    url = f"http://digits.{world.namespace}.svc:8501"
    assert line.split()[:7] == ["digits", "True", "AllReplicasReady", "2", "2", "0", url]


async def test_kubectl_wait_for_ready_works(world: World) -> None:
    await world.add_node()
    await world.apply_model()
    await world.kubectl("wait", "--for=condition=Ready", "mdep/digits", "--timeout=120s")


async def test_every_replica_is_gated_first_and_then_pinned_in_every_term(world: World) -> None:
    await world.add_node("a", cpu="2")
    await world.add_node("b", cpu="2")
    await world.add_node("edge", "Edge")
    await world.apply_model(replicas=4, variants=BOTH, placement={"edge": {"minReplicas": 1}})
    await world.until_ready(4)
    await world.history.caught_up()
    bindings = list(world.history.bindings())
    assert len(bindings) == 4
    assert all(one.pins == {one.node} for one in bindings)
    assert world.history.breaches() == []


async def test_the_pods_of_a_variant_answer_to_its_deployment_and_to_the_service(world: World) -> None:
    await world.add_node()
    await world.apply_model()
    await world.until_ready(1)
    labels = (await world.pods())[0]["metadata"]["labels"]
    service = await world.child(SERVICES, "digits") or {}
    budget = await world.child(POD_DISRUPTION_BUDGETS, "digits") or {}
    deployment = await world.child(DEPLOYMENTS, "digits-cloud") or {}
    assert service["spec"]["selector"].items() <= labels.items()
    assert budget["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert deployment["spec"]["selector"]["matchLabels"] == {MODEL_LABEL: "digits", VARIANT_LABEL: "cloud"}
    assert budget["spec"]["minAvailable"] == 1
