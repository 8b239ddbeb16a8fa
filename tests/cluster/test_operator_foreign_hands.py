"""What others do to the objects of a model, and what the operator does to theirs."""

import json
from typing import Any

import pytest
from tests.support.builders import make_variant
from tests.support.history import gates
from tests.support.manifests import gated_pod
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cluster.kinds import DEPLOYMENTS, MODEL_DEPLOYMENTS, POD_DISRUPTION_BUDGETS, PODS, SERVICES, Kind
from fogline.names import GATE, MODEL_LABEL

pytestmark = pytest.mark.usefixtures("operator")

OTHER_GATE = "example.com/other"


async def a_ready_model(world: World) -> None:
    """Let one replica be Ready."""
    await world.add_node()
    await world.apply_model()
    await world.until_ready(1)


@pytest.mark.parametrize(
    ("kind", "name"),
    [(SERVICES, "digits"), (POD_DISRUPTION_BUDGETS, "digits"), (DEPLOYMENTS, "digits-cloud")],
    ids=["service", "budget", "deployment"],
)
async def test_an_object_that_somebody_deletes_comes_back(world: World, kind: Kind, name: str) -> None:
    await a_ready_model(world)
    old = (await world.child(kind, name) or {})["metadata"]["uid"]
    await world.delete(kind, name)

    async def is_back() -> bool:
        now = await world.child(kind, name)
        return now is not None and bool(now["metadata"]["uid"] != old)

    await wait_for(is_back, f"{kind.kind} {name} is back")
    await world.until_ready(1)


@pytest.mark.parametrize(
    ("kind", "name", "change", "field"),
    [
        (SERVICES, "digits", {"spec": {"selector": {"fogline.dev/model": "other"}}}, ("spec", "selector")),
        (POD_DISRUPTION_BUDGETS, "digits", {"spec": {"minAvailable": 0}}, ("spec", "minAvailable")),
        (
            DEPLOYMENTS,
            "digits-cloud",
            {"spec": {"progressDeadlineSeconds": 7}},
            ("spec", "progressDeadlineSeconds"),
        ),
        (
            SERVICES,
            "digits",
            {"metadata": {"labels": {"fogline.dev/model": "other"}}},
            ("metadata", "labels"),
        ),
    ],
    ids=["selector of the service", "budget", "deployment", "our label"],
)
async def test_a_field_of_ours_that_somebody_edits_is_set_right(
    world: World, kind: Kind, name: str, change: dict[str, Any], field: tuple[str, str]
) -> None:
    await a_ready_model(world)

    async def value() -> Any:
        return (await world.child(kind, name) or {})[field[0]][field[1]]

    right = await value()
    await world.patch(kind, name, change)
    await wait_for(lambda: _equals(value, right), f"{field} is {right} again")


async def test_a_field_that_is_not_ours_stays_as_somebody_set_it(world: World) -> None:
    await a_ready_model(world)
    await world.annotate(SERVICES, "digits", {"example.com/note": "theirs"})
    await world.scale(MODEL_DEPLOYMENTS, "digits", 2)
    await world.until_ready(2)
    service = await world.child(SERVICES, "digits") or {}
    assert service["metadata"]["annotations"]["example.com/note"] == "theirs"


async def test_somebody_who_scales_our_deployment_is_named(world: World) -> None:
    await a_ready_model(world)
    await world.kubectl("scale", "deployment/digits-cloud", "--replicas=3")
    message = await world.until("Ready", "False", "ReplicasConflict")
    assert "kubectl" in message
    assert "scale the ModelDeployment instead" in message
    await world.scale(DEPLOYMENTS, "digits-cloud", 1)
    await world.until("Ready", "True")


async def test_once_a_deployment_is_scaled_back_replicas_move_and_scale_as_before(world: World) -> None:
    left = await world.add_node("a")
    await world.apply_model()
    await world.until_ready(1)
    kept = await world.add_node("b")
    await world.scale(DEPLOYMENTS, "digits-cloud", 3)
    message = await world.until("Ready", "False", "ReplicasConflict")
    assert "it should have 1" in message
    await world.scale(DEPLOYMENTS, "digits-cloud", 1)
    await world.until_ready(1)
    await world.cordon(left)
    await world.until_on([kept])
    await world.scale(MODEL_DEPLOYMENTS, "digits", 2)
    await world.until_ready(2)
    assert await world.nodes_of() == [kept, kept]


async def test_a_deployment_that_somebody_scales_during_a_move_is_named_and_the_move_ends_once_it_is_right(
    world: World,
) -> None:
    left = await world.add_node("a")
    await world.apply_model()
    await world.until_ready(1)
    kept = await world.add_node("b")
    await world.cordon(left)
    await wait_for(lambda: _has_replicas(world, 2), "the surge has begun")
    await world.scale(DEPLOYMENTS, "digits-cloud", 3)
    await world.until("Ready", "False", "ReplicasConflict")
    await wait_for(lambda: _obeyed(world), "what the operator asks for is done", every_seconds=0.5)
    await world.until_ready(1)
    assert await world.nodes_of() == [kept]


async def _obeyed(world: World) -> bool:
    """Scale the Deployment as the condition says, which may ask for less once the replacement is Ready."""
    ready = await world.condition("Ready")
    _, _, wanted = str(ready["message"]).partition("it should have ")
    if wanted:
        await world.scale(DEPLOYMENTS, "digits-cloud", int(wanted[0]))
    return bool(ready["status"] == "True")


async def _has_replicas(world: World, replicas: int) -> bool:
    live = await world.child(DEPLOYMENTS, "digits-cloud") or {}
    return bool(live["spec"]["replicas"] == replicas)


async def test_a_service_of_somebody_else_is_left_alone_and_named(world: World) -> None:
    theirs = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "digits"},
        "spec": {"selector": {"app": "theirs"}, "ports": [{"port": 80}]},
    }
    await world.apply(theirs)
    before = await world.child(SERVICES, "digits")
    await world.add_node()
    await world.apply_model()
    message = await world.until("Ready", "False", "NameTaken")
    assert "Service digits exists and is not of this ModelDeployment" in message
    assert await world.child(SERVICES, "digits") == before
    await world.delete(SERVICES, "digits")
    await world.edit_model({"replicas": 2})
    await world.until_ready(2)
    assert ("Service", "digits") in await world.children()


async def test_a_deployment_of_another_model_is_left_alone_and_named(world: World) -> None:
    await world.add_node()
    await world.apply_model("a-b", variants=[{**_variant(), "name": "c"}])
    await world.until_ready(1, "a-b")
    before = (await world.child(DEPLOYMENTS, "a-b-c") or {})["metadata"]["uid"]
    await world.apply_model("a", variants=[{**_variant(), "name": "b-c"}])
    await world.until("Ready", "False", "NameTaken", "a")
    assert (await world.child(DEPLOYMENTS, "a-b-c") or {})["metadata"]["uid"] == before
    await world.until_ready(1, "a-b")


async def test_gates_of_others_stay_and_the_condition_names_them(world: World) -> None:
    await a_ready_model(world)
    other_gate = {"schedulingGates": [{"name": OTHER_GATE}]}
    await world.patch(DEPLOYMENTS, "digits-cloud", {"spec": {"template": {"spec": other_gate}}})
    message = await world.until("Placed", "False", "WaitingForOtherGates")
    assert OTHER_GATE in message
    (held,) = [pod for pod in await world.pods() if gates(pod)]
    assert gates(held) == {OTHER_GATE}
    opened = {"op": "remove", "path": "/spec/schedulingGates/0"}
    await world.kubectl(
        "patch", "pod", held["metadata"]["name"], "--type=json", f"--patch={json.dumps([opened])}"
    )
    await world.until_ready(1)


async def test_pods_of_other_people_are_never_touched(world: World) -> None:
    await world.client.create(gated_pod(world.namespace, "theirs", {"app": "theirs"}))
    before = await world.client.get(PODS, world.namespace, "theirs")
    await a_ready_model(world)
    after = await world.client.get(PODS, world.namespace, "theirs")
    assert gates(after) == {GATE}
    assert after["spec"] == before["spec"]
    assert "annotations" not in after["metadata"]


@pytest.mark.parametrize(
    ("kind", "name"), [(SERVICES, "digits"), (DEPLOYMENTS, "digits-cloud")], ids=["service", "deployment"]
)
async def test_our_label_that_somebody_takes_off_comes_back(world: World, kind: Kind, name: str) -> None:
    await a_ready_model(world)
    await world.label(kind, name, {MODEL_LABEL: None})

    async def is_back() -> bool:
        return MODEL_LABEL in (await world.child(kind, name) or {})["metadata"]["labels"]

    await wait_for(is_back, "the label is back")
    await world.until_ready(1)


async def _equals(value: Any, right: Any) -> bool:
    return bool(await value() == right)


def _variant() -> dict[str, Any]:
    variant: dict[str, Any] = make_variant("cloud", "Cloud")
    return variant
