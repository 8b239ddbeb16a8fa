"""Trainings of a broken operator, sent with its account: none runs on a node that is not cleared for it."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from dev.chart import NAMESPACE
from tests.support.kubectl import Kubectl
from tests.support.mutants import Mutant, answers, in_template, terms_of, told, without_demand
from tests.support.policies import FLOOR, pod, pod_spec
from tests.support.rights import OPERATOR
from tests.support.training_world import NAME, TrainingWorld
from tests.support.wait import wait_for
from tests.support.world import World
from tests.support.world_nodes import TEST_LABEL

from fogline.api import parse_model_training
from fogline.cluster.client import Client
from fogline.cluster.documents import Document
from fogline.cluster.kinds import JOBS, MODEL_TRAININGS, NAMESPACES, PODS
from fogline.config import Settings
from fogline.names import CLEARANCE_LABEL, DATA_SENSITIVITY_LABEL, MODEL_LABEL, TRAINING_LABEL
from fogline.objects import Step, job

DEMAND = "every required nodeSelectorTerm must demand a clearance"
LEVEL = "must say their data sensitivity"
OWNER = "only Jobs that belong to a ModelTraining"
HOST = "must name no node, and have no service account token and nothing of their node"
PODS_OF_A_JOB = "the operator may not change the pods of a Job"
IMMUTABLE = "field is immutable"
TEMPLATE = "/spec/template"


def _lower_level(template: Document) -> None:
    for term in terms_of(template):
        for expression in term["matchExpressions"]:
            if expression["key"] == CLEARANCE_LABEL:
                expression["values"].append("Public")


def _pin_elsewhere(template: Document) -> None:
    pin = {"key": "metadata.name", "operator": "In", "values": ["anywhere"]}
    terms_of(template).append({"matchFields": [pin]})


def _in_container(**fields: Any) -> Mutant:
    return in_template(lambda template: template["spec"]["containers"][0].update(fields))


def _owned_by(**fields: str) -> Mutant:
    def changed(good: Document) -> Document:
        made = copy.deepcopy(good)
        made["metadata"]["ownerReferences"][0].update(fields)
        return made

    return changed


ON_A_NEW_JOB: Mapping[str, tuple[Mutant, str]] = {
    "has no affinity": (in_template(lambda template: template["spec"].pop("affinity")), DEMAND),
    "forgets the clearance in one term": (in_template(without_demand), DEMAND),
    "allows a lower level": (in_template(_lower_level), DEMAND),
    "adds a term that names a node and demands nothing": (in_template(_pin_elsewhere), DEMAND),
    "says no level": (
        in_template(lambda template: template["metadata"]["labels"].pop(DATA_SENSITIVITY_LABEL)),
        LEVEL,
    ),
    "says a level that there is not": (
        in_template(lambda template: template["metadata"]["labels"].update({DATA_SENSITIVITY_LABEL: "Low"})),
        LEVEL,
    ),
    "names a node": (in_template(lambda template: template["spec"].update(nodeName="anywhere")), HOST),
    "borrows a service account": (
        in_template(lambda template: template["spec"].update(serviceAccountName="strong")),
        HOST,
    ),
    "asks for a token": (
        in_template(lambda template: template["spec"].update(automountServiceAccountToken=True)),
        HOST,
    ),
    "mounts the node": (
        in_template(
            lambda template: template["spec"]["volumes"].append({"name": "root", "hostPath": {"path": "/"}})
        ),
        HOST,
    ),
    "is privileged": (_in_container(securityContext={"privileged": True}), HOST),
    "belongs to nobody": (
        lambda good: {**good, "metadata": {**good["metadata"], "ownerReferences": []}},
        OWNER,
    ),
    "belongs to another training than it says": (_owned_by(name="other"), OWNER),
    "belongs to a model": (_owned_by(kind="ModelDeployment"), OWNER),
    "has pods of another training": (
        in_template(lambda template: template["metadata"]["labels"].update({TRAINING_LABEL: "other"})),
        OWNER,
    ),
}
"""What it does to the Job of a Restricted training before it makes it."""

Patch = list[dict[str, Any]]
_LABEL = DATA_SENSITIVITY_LABEL.replace("/", "~1")
NO_AFFINITY = {"op": "remove", "path": f"{TEMPLATE}/spec/affinity"}
SAYS_PUBLIC = {"op": "replace", "path": f"{TEMPLATE}/metadata/labels/{_LABEL}", "value": "Public"}
TOLERATES_ALL = {"op": "add", "path": f"{TEMPLATE}/spec/tolerations", "value": [{"operator": "Exists"}]}
OTHER_IMAGE = {"op": "replace", "path": f"{TEMPLATE}/spec/containers/0/image", "value": "example.com/evil:1"}
ON_A_SUSPENDED_JOB: Mapping[str, tuple[Patch, str]] = {
    "takes the affinity out": ([NO_AFFINITY], DEMAND),
    "takes the affinity out and says Public": ([NO_AFFINITY, SAYS_PUBLIC], PODS_OF_A_JOB),
    "lets its pods tolerate everything": ([TOLERATES_ALL], PODS_OF_A_JOB),
    "runs another image": ([OTHER_IMAGE], IMMUTABLE),
    "lets it belong to nobody": ([{"op": "remove", "path": "/metadata/ownerReferences"}], OWNER),
}
"""What it does to a suspended Job, of which Kubernetes lets more be changed."""

ONLY_CERTAIN_FIELDS = ("pod updates may not change fields other than",)
TWO_POLICIES = ("of a pod never change", "the operator may touch only pods with the label fogline.dev/model")
"""Each of two policies refuses it; the API server names the one that it happens to judge first."""
ON_A_POD: Mapping[str, tuple[Callable[[str], Patch], tuple[str, ...]]] = {
    "takes the affinity out": (
        lambda _: [{"op": "remove", "path": "/spec/affinity"}],
        ONLY_CERTAIN_FIELDS,
    ),
    "names the node": (
        lambda node: [{"op": "add", "path": "/spec/nodeName", "value": node}],
        ONLY_CERTAIN_FIELDS,
    ),
    "says Public": (
        lambda _: [{"op": "replace", "path": f"/metadata/labels/{_LABEL}", "value": "Public"}],
        TWO_POLICIES,
    ),
    "calls it a pod of a model": (
        lambda _: [{"op": "add", "path": f"/metadata/labels/{MODEL_LABEL.replace('/', '~1')}", "value": "m"}],
        TWO_POLICIES,
    ),
}
"""What it does to a pod that waits for a node."""


async def restricted_job(world: World) -> Document:
    """Apply a Restricted training, and build its first Job as the operator would."""
    placement = {"dataSensitivity": "Restricted", "nodeSelector": {TEST_LABEL: world.namespace}}
    await TrainingWorld(world).apply(placement=placement)
    live = await world.client.get(MODEL_TRAININGS, world.namespace, NAME)
    return job(parse_model_training(live), Step.PREPARE, 1, Settings())


async def test_no_mistake_in_a_job_gets_as_far_as_pods(world: World, operator_client: Client) -> None:
    good = await restricted_job(world)
    found = await answers(good, ON_A_NEW_JOB, operator_client.create)
    assert found == {name: wanted for name, (_, wanted) in ON_A_NEW_JOB.items()}
    assert await TrainingWorld(world).jobs() == []


async def test_no_change_of_a_job_lets_its_pods_go_elsewhere(world: World, operator_client: Client) -> None:
    good = await restricted_job(world)
    await operator_client.create({**good, "spec": {**good["spec"], "suspend": True}})
    there, name, found = world.namespace, good["metadata"]["name"], {}
    for what, (patch, wanted) in ON_A_SUSPENDED_JOB.items():
        said = await told(operator_client.json_patch(JOBS, there, name, patch))
        found[what] = wanted if wanted in said else said
    assert found == {what: wanted for what, (_, wanted) in ON_A_SUSPENDED_JOB.items()}
    await operator_client.json_patch(
        JOBS, there, name, [{"op": "add", "path": "/spec/suspend", "value": False}]
    )
    await TrainingWorld(world).pods_of(name)


async def test_no_write_to_a_pod_of_a_training_gets_it_onto_a_node_that_is_not_cleared(
    world: World, operator_client: Client
) -> None:
    node = await world.add_node("uncleared", clearance="Confidential")
    await operator_client.create(await restricted_job(world))
    (waiting,) = await TrainingWorld(world).pods_of(f"{NAME}-prepare-1")
    there, name, found = world.namespace, waiting["metadata"]["name"], {}

    async def is_unschedulable() -> bool:
        conditions = (await world.client.get(PODS, there, name))["status"].get("conditions", ())
        return any(one.get("reason") == "Unschedulable" for one in conditions)

    await wait_for(is_unschedulable, "kube-scheduler refuses the node")
    for what, (patch, wanted) in ON_A_POD.items():
        said = await told(operator_client.json_patch(PODS, there, name, patch(node)))
        found[what] = wanted if any(text in said for text in wanted) else said
    assert found == {what: wanted for what, (_, wanted) in ON_A_POD.items()}
    assert "nodeName" not in (await world.client.get(PODS, there, name))["spec"]


async def test_a_level_that_is_too_low_in_a_job_is_stopped_by_the_floor_of_the_namespace(
    world: World, operator_client: Client
) -> None:
    await world.add_node("uncleared")
    await world.label(NAMESPACES, world.namespace, {FLOOR: "Restricted"})
    made = copy.deepcopy(await restricted_job(world))
    template = made["spec"]["template"]
    template["spec"].pop("affinity")
    template["metadata"]["labels"][DATA_SENSITIVITY_LABEL] = "Public"
    await operator_client.create(made)

    async def says_why() -> bool:
        return any("fogline-floor-pods" in note for note in await world.events("FailedCreate"))

    await wait_for(says_why, "an Event says why the Job has no pods", seen=world.told)
    await TrainingWorld(world).pods_of(made["metadata"]["name"], 0)


async def test_its_account_has_no_other_way_to_train(
    world: World, operator_client: Client, kubectl: Kubectl
) -> None:
    node = await world.add_node("uncleared")
    good, there = await restricted_job(world), world.namespace
    await operator_client.create(good)
    (waiting,) = await TrainingWorld(world).pods_of(good["metadata"]["name"])
    labels = {TRAINING_LABEL: NAME, DATA_SENSITIVITY_LABEL: "Public"}
    new = pod("new", labels, pod_spec(nodeName=node))
    new["metadata"]["namespace"] = there
    lowered = {"spec": {"placement": {"dataSensitivity": "Public"}}}
    meta, client = waiting["metadata"], operator_client
    found = {
        "makes a pod": await told(client.create(new)),
        "lowers the training": await told(client.merge_patch(MODEL_TRAININGS, there, NAME, lowered)),
        "deletes a pod of it": await told(client.delete(PODS, there, meta["name"], uid=meta["uid"])),
    }
    assert {name: what[:3] for name, what in found.items()} == dict.fromkeys(found, "403")
    said = kubectl.as_account(NAMESPACE, OPERATOR).refused("get", "secrets", "--all-namespaces")
    assert 'cannot list resource "secrets"' in said
