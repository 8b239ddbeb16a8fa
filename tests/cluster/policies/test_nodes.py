"""What nobody makes of nodes under the admission policies: labels, our own pods, mirror pods."""

import json
from collections.abc import Mapping

import pytest
from dev.chart import NAMESPACE
from dev.cluster import simulated_node
from tests.support.kubectl import Kubectl
from tests.support.policies import TRY, demand, labels_of, pod, pod_spec, refusal, term
from tests.support.rights import JANITOR, OPERATOR

from fogline.cluster.documents import Document
from fogline.names import CLEARANCE_LABEL, TIER_LABEL
from fogline.objects.security import restricted

REGION = "fogline.node-restriction.kubernetes.io/region"


# V5: clearance of nodes


@pytest.mark.parametrize("label", [f"{CLEARANCE_LABEL}=Restricted", f"{REGION}=eu"])
def test_who_may_patch_nodes_cannot_clear_them_by_that(kubectl: Kubectl, node: str, label: str) -> None:
    labeller, clearer = kubectl.as_user("labeller"), kubectl.as_user("clearer")
    answer = labeller.refused("label", "node", node, label)
    assert refusal(answer) == "fogline-node-clearance"
    assert "needs the verb clear on nodeclearances.fogline.dev, which labeller lacks" in answer
    labeller("label", "node", node, f"{TIER_LABEL}=Edge")
    clearer("label", "node", node, label)
    key = label.partition("=")[0]
    assert refusal(labeller.refused("label", "node", node, f"{key}-")) == "fogline-node-clearance"
    labeller("label", "node", node, f"{TIER_LABEL}-")


def test_a_daemon_set_that_may_patch_nodes_makes_no_cleared_one(kubectl: Kubectl, namespace: str) -> None:
    cleared = simulated_node(f"{namespace}-new", {CLEARANCE_LABEL: "Restricted"})
    answer = kubectl.as_user("labeller").refused(*TRY, manifest=cleared)
    assert refusal(answer) == "fogline-node-clearance"


def test_a_kubelet_cannot_clear_its_own_node(kubelet: Kubectl, node: str) -> None:
    answer = kubelet.refused("label", "node", node, f"{CLEARANCE_LABEL}=Restricted")
    assert "is not allowed to modify labels" in answer
    kubelet("label", "node", node, "topology.kubernetes.io/region=eu-west", f"{TIER_LABEL}=Cloud")


def test_a_node_that_is_made_anew_under_its_name_is_not_cleared(
    kubectl: Kubectl, kubelet: Kubectl, node: str
) -> None:
    kubectl("label", "node", node, f"{CLEARANCE_LABEL}=Restricted")
    kubectl("delete", "node", node)
    cleared = simulated_node(node, {CLEARANCE_LABEL: "Restricted"})
    assert "is not allowed to" in kubelet.refused("create", "--filename=-", manifest=cleared)
    kubelet("create", "--filename=-", manifest=simulated_node(node))
    assert CLEARANCE_LABEL not in kubectl.get("node", node)["metadata"]["labels"]


# V8: our own pods


RESTRICTED = {
    "containers": [{"name": "operator", "image": "example.com/operator:1", "securityContext": restricted()}],
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
}
"""What the namespace of ours asks of every pod."""


def own_pods() -> Mapping[str, Document]:
    """Make pods with an account of ours that could lie on an edge node."""
    no_marks = [
        demand("Edge", key=TIER_LABEL, operator="NotIn"),
        demand("k3s", key="node.kubernetes.io/instance-type", operator="NotIn"),
        demand(key="node-role.kubernetes.io/edge", operator="DoesNotExist"),
        demand("true", key="openyurt.io/is-edge-worker", operator="NotIn"),
    ]
    cloud = term(*no_marks)
    without = {
        f"no-word-of-{one['key']}": pod_spec(term(*(x for x in no_marks if x is not one))) for one in no_marks
    }
    return {
        **without,
        "no-affinity": pod_spec(),
        "one-term-for-any-node": pod_spec(cloud, term(demand("linux", key="kubernetes.io/os"))),
        "tolerates-all": pod_spec(cloud, tolerations=[{"operator": "Exists"}]),
        "tolerates-edge": pod_spec(
            cloud, tolerations=[{"key": "node-role.kubernetes.io/edge", "operator": "Exists"}]
        ),
        "a-node-by-name": pod_spec(cloud, nodeName="a"),
    }


@pytest.mark.parametrize("name", own_pods())
@pytest.mark.parametrize("account", [OPERATOR, JANITOR])
@pytest.mark.usefixtures("operator_kubeconfig")
def test_no_pod_with_an_account_of_ours_can_lie_on_an_edge_node(
    kubectl: Kubectl, account: str, name: str
) -> None:
    document = pod("p", {}, {**own_pods()[name], **RESTRICTED, "serviceAccountName": account})
    answer = kubectl.refused(*TRY, f"--namespace={NAMESPACE}", manifest=document)
    assert refusal(answer) == "fogline-operator-placement"


# kubelets


def test_a_kubelet_gets_no_mirror_pod_into_a_model(kubelet: Kubectl, node: str, namespace: str) -> None:
    there = f"--namespace={namespace}"
    uid = json.loads(kubelet("get", "node", node, "--output=json"))["metadata"]["uid"]
    owner = {"apiVersion": "v1", "kind": "Node", "name": node, "uid": uid, "controller": True}

    def mirror(**labels: str) -> Document:
        document = pod("p", labels, pod_spec(nodeName=node))
        marks = {"annotations": {"kubernetes.io/config.mirror": "x"}, "ownerReferences": [owner]}
        return {**document, "metadata": {**document["metadata"], **marks}}

    kubelet(*TRY, there, manifest=mirror(app="static"))
    answer = kubelet.refused(*TRY, there, manifest=mirror(**{TIER_LABEL: "Edge"}))
    assert refusal(answer) == "fogline-kubelet-pods"
    assert "denied" in kubelet.refused(*TRY, there, manifest=mirror(**labels_of("Public")))


def test_a_kubelet_steers_no_moves(kubectl: Kubectl, kubelet: Kubectl, node: str, namespace: str) -> None:
    there = f"--namespace={namespace}"
    kubectl("create", there, "--filename=-", manifest=pod("p", {}, pod_spec(nodeName=node)))
    write = ("replace", f"--raw=/api/v1/namespaces/{namespace}/pods/p/status?dryRun=All", "--filename=-")

    def noted(key: str) -> Document:
        live = kubectl.get(there, "pod", "p")
        return {**live, "metadata": {**live["metadata"], "annotations": {key: "1"}}}

    for key in ("fogline.dev/move-to", "controller.kubernetes.io/pod-deletion-cost"):
        assert refusal(kubelet.refused(*write, manifest=noted(key))) == "fogline-kubelet-pods"
    kubelet(*write, manifest=noted("example.com/other"))
