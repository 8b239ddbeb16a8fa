"""Decisions of a broken operator, sent with its own account: no pod gets onto a node that is not cleared.

The scheduler, the API server and the policies do not trust the operator. The judge of the history, too, fails
the test when a pod is bound to a node without clearance.
"""

import copy
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from dev.chart import NAMESPACE
from tests.support.kubectl import Kubectl
from tests.support.mutants import Mutant, answers, in_template, told, without_demand
from tests.support.policies import FLOOR, demand, pod, pod_spec
from tests.support.rights import OPERATOR
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.api import ModelDeployment, parse
from fogline.cluster.client import Client
from fogline.cluster.documents import Document
from fogline.cluster.kinds import DEPLOYMENTS, MODEL_DEPLOYMENTS, NAMESPACES, NODES, PODS
from fogline.config import Settings
from fogline.names import CLEARANCE_LABEL, DATA_SENSITIVITY_LABEL, GATE, MODEL_LABEL
from fogline.objects.deployment import deployment

TERMS = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms"
OPEN = {"op": "remove", "path": "/spec/schedulingGates/0"}
FOREIGN_GATE = "example.com/wait"
UNSCHEDULABLE = "Unschedulable"
"""The API server takes the write, and kube-scheduler refuses the node."""

Patch = list[dict[str, Any]]


def pin_to(node: str, *terms: int) -> Patch:
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    return [{"op": "add", "path": f"{TERMS}/{term}/matchFields", "value": [field]} for term in terms]


def clearance_of(live: Document, term: int = 0) -> tuple[str, list[str]]:
    """Find the demand of a clearance in a term: its path, and the levels."""
    affinity = live["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    expressions = affinity["nodeSelectorTerms"][term]["matchExpressions"]
    index = next(number for number, one in enumerate(expressions) if one["key"] == CLEARANCE_LABEL)
    return f"{TERMS}/{term}/matchExpressions/{index}", expressions[index]["values"]


ON_A_GATED_POD: Mapping[str, tuple[Callable[[Document, str], Patch], str]] = {
    "pins anywhere": (lambda _, node: [*pin_to(node, 0, 1), OPEN], UNSCHEDULABLE),
    "pins in one term only": (lambda _, node: [*pin_to(node, 0), OPEN], UNSCHEDULABLE),
    "opens the gate without a pin": (lambda _live, _node: [OPEN], UNSCHEDULABLE),
    "pins and allows a lower level": (
        lambda live, node: [
            *pin_to(node, 0, 1),
            {"op": "add", "path": f"{clearance_of(live)[0]}/values/-", "value": "Public"},
            OPEN,
        ],
        "only additions are allowed",
    ),
    "takes the demand of the clearance out": (
        lambda live, _: [{"op": "remove", "path": clearance_of(live)[0]}, OPEN],
        "only additions are allowed",
    ),
    "adds a term that demands nothing": (
        lambda _, node: [
            {"op": "add", "path": f"{TERMS}/-", "value": {"matchFields": pin_to(node, 0)[0]["value"]}},
            OPEN,
        ],
        "no additions/deletions to non-empty NodeSelectorTerms list are allowed",
    ),
    "takes the affinity out": (
        lambda _live, _node: [{"op": "remove", "path": "/spec/affinity"}, OPEN],
        "spec.affinity",
    ),
    "names the node itself": (
        lambda _, node: [{"op": "add", "path": "/spec/nodeName", "value": node}, OPEN],
        "pod updates may not change fields other than",
    ),
    "lowers the level that the pod says": (
        lambda _live, _node: [
            {
                "op": "replace",
                "path": f"/metadata/labels/{DATA_SENSITIVITY_LABEL.replace('/', '~1')}",
                "value": "Public",
            },
            OPEN,
        ],
        "ValidatingAdmissionPolicy 'fogline-",
    ),
    "lets the pod tolerate everything": (
        lambda _live, _node: [
            {"op": "add", "path": "/spec/tolerations/-", "value": {"operator": "Exists"}},
            OPEN,
        ],
        "in spec the operator may change only schedulingGates and nodeAffinity",
    ),
    "runs another image": (
        lambda _live, _node: [
            {"op": "replace", "path": "/spec/containers/0/image", "value": "example.com/evil:1"}
        ],
        "in spec the operator may change only schedulingGates and nodeAffinity",
    ),
    "writes annotations of others": (
        lambda _live, _node: [
            {"op": "add", "path": "/metadata/annotations", "value": {"example.com/other": "1"}}
        ],
        "the operator may change only annotations that start with fogline.dev/",
    ),
}
"""What it does to a gated pod of a Restricted model, and what comes of it."""


ON_A_DEPLOYMENT: Mapping[str, tuple[Mutant, str]] = {
    "forgets the clearance in one term": (
        in_template(without_demand),
        "every required nodeSelectorTerm must demand a clearance",
    ),
    "says no level": (
        in_template(lambda template: template["metadata"]["labels"].pop(DATA_SENSITIVITY_LABEL)),
        "must say their data sensitivity",
    ),
    "leaves the gate out": (
        in_template(lambda template: template["spec"].pop("schedulingGates")),
        "must wait at the gate fogline.dev/placement",
    ),
    "names a node": (
        in_template(lambda template: template["spec"].update(nodeName="anywhere")),
        "must wait at the gate fogline.dev/placement, and name no node",
    ),
    "borrows a service account": (
        in_template(lambda template: template["spec"].update(serviceAccountName="strong")),
        "must have no service account token and nothing of their node",
    ),
    "mounts the node": (
        in_template(
            lambda template: template["spec"]["volumes"].append({"name": "root", "hostPath": {"path": "/"}})
        ),
        "must have no service account token and nothing of their node",
    ),
    "makes a Deployment of nobody": (
        lambda good: {**good, "metadata": {**good["metadata"], "ownerReferences": []}},
        "only Deployments that belong to a ModelDeployment",
    ),
}
"""What it does to the Deployment of a Restricted model before it applies it."""


async def restricted_model(world: World) -> tuple[ModelDeployment, Document]:
    """Apply a Restricted model, and build its Deployment as the operator would."""
    await world.apply_model(placement={"dataSensitivity": "Restricted"})
    model = parse(await world.model())
    return model, deployment(model, model.spec.variants[0], len(ON_A_GATED_POD), Settings())


async def test_no_decision_about_a_pod_gets_it_onto_a_node_that_is_not_cleared(
    world: World, operator_client: Client
) -> None:
    node = await world.add_node("uncleared", clearance="Confidential")
    _, good = await restricted_model(world)
    await operator_client.apply(good)
    await wait_for(lambda: _are_there(world, len(ON_A_GATED_POD)), "the gated pods are there")
    found: dict[str, str] = {}
    for live, (name, (mutant, wanted)) in zip(await world.pods(), ON_A_GATED_POD.items(), strict=True):
        pod_name = live["metadata"]["name"]
        answer = await told(operator_client.json_patch(PODS, world.namespace, pod_name, mutant(live, node)))
        if not answer:
            await wait_for(partial(_is_unschedulable, world, pod_name), f"{name}: it waits")
            answer = UNSCHEDULABLE
        found[name] = wanted if wanted in answer else answer
    assert found == {name: wanted for name, (_, wanted) in ON_A_GATED_POD.items()}
    assert await world.nodes_of() == [""] * len(ON_A_GATED_POD)


async def _are_there(world: World, count: int) -> bool:
    return len(await world.pods()) == count


async def _is_unschedulable(world: World, name: str) -> bool:
    status = (await world.child(PODS, name) or {})["status"]
    return any(one.get("reason") == UNSCHEDULABLE for one in status.get("conditions", ()))


async def test_no_mistake_in_a_deployment_gets_as_far_as_pods(world: World, operator_client: Client) -> None:
    _, good = await restricted_model(world)
    found = await answers(good, ON_A_DEPLOYMENT, operator_client.apply)
    assert found == {name: wanted for name, (_, wanted) in ON_A_DEPLOYMENT.items()}
    assert await world.child(DEPLOYMENTS, good["metadata"]["name"]) is None


async def test_a_level_that_is_too_low_in_a_deployment_is_stopped_by_the_floor_of_the_namespace(
    world: World, operator_client: Client
) -> None:
    await world.add_node("uncleared")
    await world.label(NAMESPACES, world.namespace, {FLOOR: "Restricted"})
    model, good = await restricted_model(world)
    made = copy.deepcopy(good)
    without_demand(template := made["spec"]["template"])
    template["metadata"]["labels"][DATA_SENSITIVITY_LABEL] = "Public"
    await operator_client.apply(made)
    name = good["metadata"]["name"]

    async def says_why() -> bool:
        conditions = (await world.child(DEPLOYMENTS, name) or {})["status"].get("conditions", ())
        return any("fogline-floor-pods" in one.get("message", "") for one in conditions)

    await wait_for(says_why, "the Deployment says why it has no pods")
    assert await world.pods(model.metadata.name) == []


async def test_its_account_has_no_other_way_to_a_node(
    world: World, operator_client: Client, kubectl: Kubectl
) -> None:
    node = await world.add_node("uncleared")
    await restricted_model(world)
    there, labels = world.namespace, {MODEL_LABEL: "digits", DATA_SENSITIVITY_LABEL: "Public"}
    gates = [{"name": FOREIGN_GATE}, {"name": GATE}]
    spec = pod_spec({"matchExpressions": [demand("Linux", key="kubernetes.io/os")]}, schedulingGates=gates)
    await world.create(pod("held", labels, spec))
    await world.create(pod("other", {"app": "other"}, spec))
    new = pod("new", labels, pod_spec(nodeName=node))
    new["metadata"]["namespace"] = there
    label = f"/metadata/labels/{CLEARANCE_LABEL.replace('/', '~1')}"
    cleared = [{"op": "add", "path": label, "value": "Restricted"}]
    lowered = {"spec": {"placement": {"dataSensitivity": "Public"}}}
    client = operator_client
    found = {
        "makes a pod": await told(client.create(new)),
        "clears the node": await told(client.json_patch(NODES, None, node, cleared)),
        "lowers the model": await told(client.merge_patch(MODEL_DEPLOYMENTS, there, "digits", lowered)),
        "takes the gate of others away": await told(client.json_patch(PODS, there, "held", [OPEN])),
        "deletes a pod of others": await told(_delete(client, world, "other")),
    }
    assert {name: what[:3] for name, what in found.items()} == dict.fromkeys(found, "403")
    assert "the operator may remove only its own scheduling gate" in found["takes the gate of others away"]
    assert "only pods with the label fogline.dev/model" in found["deletes a pod of others"]
    binding = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": "held", "namespace": there},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node},
    }
    bind = ("create", f"--raw=/api/v1/namespaces/{there}/pods/held/binding", "--filename=-")
    answer = kubectl.as_account(NAMESPACE, OPERATOR).refused(*bind, manifest=binding)
    assert 'cannot create resource "pods/binding"' in answer
    await world.kubectl("delete", "pod", "held", "other", "--wait=false")


async def _delete(client: Client, world: World, name: str) -> None:
    live = await world.client.get(PODS, world.namespace, name)
    await client.delete(PODS, world.namespace, name, uid=live["metadata"]["uid"])
