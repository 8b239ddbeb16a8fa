"""The admission policies of the chart: what each refuses, whom, and what it lets pass.

Every other test of this folder runs under them too, so that they are in nobody's way.
"""

import json
import random
import time
from collections.abc import Iterator, Mapping

import pytest
from dev.chart import NAMESPACE
from dev.cluster import simulated_node
from tests.support.builders import make_variant
from tests.support.kubectl import Kubectl
from tests.support.policies import (
    FLOOR,
    POLICY,
    demand,
    install,
    labels_of,
    listed,
    names,
    pod,
    pod_spec,
    policies,
    term,
    workload,
)
from tests.support.rights import JANITOR, OPERATOR

from fogline.api import DataSensitivity
from fogline.cluster.documents import Document
from fogline.names import CLEARANCE_LABEL, DATA_SENSITIVITY_LABEL, MODEL_LABEL, TIER_LABEL
from fogline.objects.security import restricted

LEVELS = [level.value for level in DataSensitivity]
TRY = ("create", "--dry-run=server", "--output=name", "--filename=-")
REGION = "fogline.node-restriction.kubernetes.io/region"
TENANT_RULES = [
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["create", "get", "patch"]},
    {
        "apiGroups": ["apps"],
        "resources": ["deployments", "replicasets", "statefulsets", "daemonsets"],
        "verbs": ["create", "get", "patch"],
    },
    {
        "apiGroups": ["fogline.dev"],
        "resources": ["modeldeployments"],
        "verbs": ["create", "get", "patch", "delete"],
    },
]
CLEARS = [{"apiGroups": ["fogline.dev"], "resources": ["nodeclearances"], "verbs": ["clear"]}]
DECLASSIFIES = [{"apiGroups": ["fogline.dev"], "resources": ["modeldeployments"], "verbs": ["declassify"]}]
LABELS_NODES = [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "patch", "create"]}]
LABELS_NAMESPACES = [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "patch"]}]


@pytest.fixture(scope="module", autouse=True)
def _accounts(kubectl: Kubectl) -> Iterator[None]:
    """Give users of these tests their rights: tenants, those who may lower levels, those who write nodes."""
    users = {
        "tenant": TENANT_RULES + LABELS_NAMESPACES,
        "officer": TENANT_RULES + LABELS_NAMESPACES + DECLASSIFIES,
        "labeller": LABELS_NODES,
        "clearer": LABELS_NODES + CLEARS,
    }
    roles = listed([one for user, rules in users.items() for one in role(user, rules)])
    kubectl("apply", "--server-side", "--filename=-", manifest=roles)
    yield
    kubectl("delete", "--wait=false", "--filename=-", manifest=roles)


def role(user: str, rules: list[dict[str, list[str]]]) -> list[Document]:
    name, group = f"test-policies-{user}", "rbac.authorization.k8s.io"
    return [
        {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules},
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
            "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
        },
    ]


@pytest.fixture
def tenant(kubectl: Kubectl) -> Kubectl:
    """Speak as somebody who may do much in namespaces, and label them."""
    return kubectl.as_user("tenant", "system:authenticated")


@pytest.fixture
def officer(kubectl: Kubectl) -> Kubectl:
    """Speak as a tenant who may declassify."""
    return kubectl.as_user("officer", "system:authenticated")


@pytest.fixture
def replicaset_controller(kubectl: Kubectl) -> Kubectl:
    """Speak as who makes the pods of models."""
    return kubectl.as_account("kube-system", "replicaset-controller")


@pytest.fixture
def kubelet(kubectl: Kubectl, node: str) -> Kubectl:
    """Speak as the kubelet of a node."""
    return kubectl.as_user(f"system:node:{node}", "system:nodes", "system:authenticated")


@pytest.fixture
def node(kubectl: Kubectl, namespace: str) -> Iterator[str]:
    """Make a node of this test's own."""
    name = f"{namespace}-a"
    kubectl("create", "--filename=-", manifest=simulated_node(name))
    yield name
    kubectl("delete", "node", name, "--wait=false")


def model(level: str | None, name: str = "digits") -> Document:
    placement = {} if level is None else {"placement": {"dataSensitivity": level}}
    return {
        "apiVersion": "fogline.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": name},
        "spec": {"variants": [make_variant("cloud", "Cloud")], **placement},
    }


def refusal(answer: str) -> str:
    """Name the policy that refused a request."""
    _, found, rest = answer.partition("ValidatingAdmissionPolicy '")
    assert found, answer
    return rest.partition("'")[0]


def test_the_api_server_finds_no_fault_with_the_types_in_any_expression(kubectl: Kubectl) -> None:
    documents = policies(podBinding=True)
    install(kubectl, documents)
    try:
        kubectl("wait", POLICY, "--all", "--for=jsonpath={.status.observedGeneration}")
        found = kubectl.get(POLICY)["items"]
        assert {one["metadata"]["name"] for one in found} == set(names(documents))
        assert [one["status"]["typeChecking"] for one in found] == [{}] * len(found)
    finally:
        remove_strict_form(kubectl)


def remove_strict_form(kubectl: Kubectl) -> None:
    always = {one["metadata"]["name"] for one in policies()}
    strict = [one for one in policies(podBinding=True) if one["metadata"]["name"] not in always]
    kubectl("delete", "--filename=-", manifest=listed(strict))


# V1 and V2: pods of models

CLEARED = term(demand("Confidential", "Restricted"))
GOOD_PODS: Mapping[str, Document] = {
    "public-without-any-demand": pod("p", labels_of("Public"), pod_spec()),
    "its-own-level-and-above": pod("p", labels_of("Confidential"), pod_spec(CLEARED)),
    "only-above": pod("p", labels_of("Internal"), pod_spec(CLEARED)),
    "every-term-and-pinned": pod(
        "p",
        labels_of("Confidential"),
        pod_spec(
            term(demand("Cloud", key=TIER_LABEL), demand("Restricted"), pin="a"),
            term(demand("Confidential"), pin="a"),
        ),
    ),
}
CONFIDENTIAL = labels_of("Confidential")
BAD_PODS: Mapping[str, Document] = {
    "no-affinity": pod("p", CONFIDENTIAL, pod_spec()),
    "one-term-without-the-demand": pod(
        "p", CONFIDENTIAL, pod_spec(CLEARED, term(demand("Cloud", key=TIER_LABEL)))
    ),
    "a-term-that-only-pins": pod("p", CONFIDENTIAL, pod_spec(term(pin="a"))),
    "a-lower-level-among-those-demanded": pod(
        "p", CONFIDENTIAL, pod_spec(term(demand("Internal", "Restricted")))
    ),
    "a-level-that-nobody-knows": pod("p", CONFIDENTIAL, pod_spec(term(demand("Restricted", "TopSecret")))),
    "not-in-instead-of-in": pod(
        "p", CONFIDENTIAL, pod_spec(term(demand("Public", "Internal", operator="NotIn")))
    ),
    "any-clearance-will-do": pod("p", CONFIDENTIAL, pod_spec(term(demand(operator="Exists")))),
    "only-a-node-selector": pod("p", CONFIDENTIAL, pod_spec(nodeSelector={CLEARANCE_LABEL: "Restricted"})),
    "a-label-that-is-no-clearance": pod(
        "p", CONFIDENTIAL, pod_spec(term(demand("Restricted", key="fogline.dev/clearance")))
    ),
    "no-level": pod("p", labels_of(None), pod_spec(CLEARED)),
    "a-level-of-its-own": pod("p", labels_of("TopSecret"), pod_spec(CLEARED)),
    "a-node-by-name": pod("p", CONFIDENTIAL, pod_spec(CLEARED, nodeName="a")),
    "the-network-of-the-host": pod("p", CONFIDENTIAL, pod_spec(CLEARED, hostNetwork=True)),
    "the-processes-of-the-host": pod("p", CONFIDENTIAL, pod_spec(CLEARED, hostPID=True)),
    "a-folder-of-the-host": pod(
        "p", CONFIDENTIAL, pod_spec(CLEARED, volumes=[{"name": "root", "hostPath": {"path": "/"}}])
    ),
}


@pytest.mark.parametrize("name", GOOD_PODS)
def test_a_pod_of_a_model_that_demands_its_clearance_is_let_pass(
    replicaset_controller: Kubectl, namespace: str, name: str
) -> None:
    replicaset_controller(*TRY, f"--namespace={namespace}", manifest=GOOD_PODS[name])


@pytest.mark.parametrize("name", BAD_PODS)
def test_a_pod_of_a_model_that_could_go_elsewhere_is_refused(
    replicaset_controller: Kubectl, namespace: str, name: str
) -> None:
    answer = replicaset_controller.refused(*TRY, f"--namespace={namespace}", manifest=BAD_PODS[name])
    assert refusal(answer) == "fogline-pod-clearance"


def test_random_pods_are_refused_just_when_some_node_without_clearance_would_do(
    replicaset_controller: Kubectl, namespace: str
) -> None:
    rng = random.Random(7)  # noqa: S311  no secret
    pods = [random_pod(rng, f"p{number}") for number in range(300)]
    passed, _ = replicaset_controller.answer(*TRY, f"--namespace={namespace}", manifest=listed(pods))
    expected = {f"pod/{one['metadata']['name']}" for one in pods if is_held_back(one)}
    assert set(passed.split()) == expected
    assert 30 < len(expected) < 270, "both kinds are there"


def random_pod(rng: random.Random, name: str) -> Document:
    def expression() -> Document:
        if rng.random() < 0.25:
            return demand("Cloud", key=TIER_LABEL)
        operator = rng.choices(["In", "NotIn", "Exists"], [8, 1, 1])[0]
        values = rng.sample([*LEVELS[1:], LEVELS[3], "Other"], rng.randint(1, 2))
        return demand(*({} if operator == "Exists" else dict.fromkeys(values)), operator=operator)

    terms = [
        term(*(expression() for _ in range(rng.randint(1, 2))), pin=rng.choice(["", "a"]))
        for _ in range(rng.randint(0, 2))
    ]
    return pod(name, labels_of(rng.choice([*LEVELS, "Confidential"])), pod_spec(*terms))


def is_held_back(document: Document) -> bool:
    """Tell whether no node below the level of a pod would do for it, in the plainest way."""
    needed = LEVELS.index(document["metadata"]["labels"][DATA_SENSITIVITY_LABEL])
    good = set(LEVELS[needed:])
    required = document["spec"].get("affinity", {}).get("nodeAffinity", {})
    terms = required.get("requiredDuringSchedulingIgnoredDuringExecution", {}).get("nodeSelectorTerms", [])
    demanded = [
        any(
            one["key"] == CLEARANCE_LABEL and one["operator"] == "In" and set(one["values"]) <= good
            for one in each.get("matchExpressions", [])
        )
        for each in terms
    ]
    return needed == 0 or (bool(demanded) and all(demanded))


@pytest.mark.parametrize(
    "change",
    [{DATA_SENSITIVITY_LABEL: "Public"}, {DATA_SENSITIVITY_LABEL: "Restricted"}, {MODEL_LABEL: None}],
    ids=["lowered", "raised", "no-model-any-more"],
)
def test_what_a_pod_holds_cannot_be_relabelled_not_even_by_an_administrator(
    kubectl: Kubectl, replicaset_controller: Kubectl, namespace: str, change: dict[str, str | None]
) -> None:
    waiting = pod_spec(CLEARED, schedulingGates=[{"name": "example.com/wait"}])
    there = f"--namespace={namespace}"
    replicaset_controller("create", there, "--filename=-", manifest=pod("p", CONFIDENTIAL, waiting))
    patch = json.dumps({"metadata": {"labels": change}})
    assert refusal(kubectl.refused("patch", there, "pod", "p", f"--patch={patch}")) == "fogline-pod-clearance"
    kubectl("label", there, "pod", "p", "example.com/other=yes")


def test_another_pod_cannot_become_one_of_a_model(tenant: Kubectl, namespace: str) -> None:
    there = f"--namespace={namespace}"
    waiting = pod_spec(schedulingGates=[{"name": "example.com/wait"}])
    tenant("create", there, "--filename=-", manifest=pod("p", {"app": "other"}, waiting))
    answer = tenant.refused("label", there, "pod", "p", f"{MODEL_LABEL}=digits")
    assert refusal(answer) == "fogline-pod-clearance"


# what belongs to a model is not made by hand


@pytest.mark.parametrize(
    "document",
    [
        pod("p", CONFIDENTIAL, pod_spec(CLEARED)),
        workload("Deployment", "d", CONFIDENTIAL, pod_spec(CLEARED)),
        workload("ReplicaSet", "r", CONFIDENTIAL, pod_spec(CLEARED)),
    ],
    ids=lambda document: document["kind"],
)
def test_pods_of_a_model_are_made_by_hand_only_with_the_right_to_declassify(
    tenant: Kubectl, officer: Kubectl, namespace: str, document: Document
) -> None:
    there = f"--namespace={namespace}"
    answer = tenant.refused(*TRY, there, manifest=document)
    assert refusal(answer) == "fogline-children"
    assert "needs the verb declassify on modeldeployments.fogline.dev, which tenant lacks" in answer
    officer(*TRY, there, manifest=document)


def test_a_stateful_set_gets_no_pod_into_a_model(tenant: Kubectl, kubectl: Kubectl, namespace: str) -> None:
    there = f"--namespace={namespace}"
    tenant(*TRY, there, manifest=workload("StatefulSet", "s", CONFIDENTIAL, pod_spec(CLEARED)))
    controller = kubectl.as_account("kube-system", "statefulset-controller")
    answer = controller.refused(*TRY, there, manifest=pod("s-0", CONFIDENTIAL, pod_spec(CLEARED)))
    assert refusal(answer) == "fogline-children"


def test_the_pods_of_a_models_deployment_cannot_be_changed_behind_its_back(
    tenant: Kubectl, officer: Kubectl, namespace: str
) -> None:
    there = f"--namespace={namespace}"
    made = workload("Deployment", "d", CONFIDENTIAL, pod_spec(CLEARED))
    officer("create", there, "--filename=-", manifest={**made, "spec": {**made["spec"], "replicas": 0}})
    patch = json.dumps({"spec": {"template": {"metadata": {"labels": {DATA_SENSITIVITY_LABEL: "Public"}}}}})
    tenant("label", there, "deployment", "d", f"{MODEL_LABEL}-")  # what its pods get is what counts
    answer = tenant.refused("patch", there, "deployment", "d", f"--patch={patch}")
    assert refusal(answer) == "fogline-children"
    tenant("patch", there, "deployment", "d", '--patch={"spec": {"paused": true}}')


# V3: early word


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"])
def test_a_template_whose_pods_would_be_refused_is_warned_about(
    officer: Kubectl, namespace: str, kind: str
) -> None:
    there = f"--namespace={namespace}"
    bad, good = (workload(kind, "w", CONFIDENTIAL, spec) for spec in (pod_spec(), pod_spec(CLEARED)))
    created, told = officer.answer(*TRY, there, manifest=bad)
    assert created
    assert "Warning: Validation failed for ValidatingAdmissionPolicy 'fogline-template-clearance'" in told
    assert "clearance In levels at or above Confidential" in told
    assert "Warning" not in officer.answer(*TRY, there, manifest=good)[1]


# V4: the strict form


def test_in_its_strict_form_no_pod_is_bound_below_the_floor_whoever_binds(
    kubectl: Kubectl, namespace: str, node: str
) -> None:
    there, scheduler = f"--namespace={namespace}", kubectl.as_user("system:kube-scheduler")
    install(kubectl, policies(podBinding=True))
    try:
        kubectl("label", "namespace", namespace, f"{FLOOR}=Confidential")
        waiting = pod_spec(term(demand("Confidential"), pin=f"{node}-other"))
        kubectl("create", there, "--filename=-", manifest=pod("p", {}, waiting))
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": "p", "namespace": namespace},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        }
        bind = ("create", f"--raw=/api/v1/namespaces/{namespace}/pods/p/binding?dryRun=All", "--filename=-")
        for level in (None, "Internal"):
            if level:
                kubectl("label", "node", node, f"{CLEARANCE_LABEL}={level}")
            until_refused(scheduler, bind, binding, "fogline-pod-binding")
        kubectl("label", "--overwrite", "node", node, f"{CLEARANCE_LABEL}=Restricted")
        until_passed(scheduler, bind, binding)
    finally:
        remove_strict_form(kubectl)


def until_refused(kubectl: Kubectl, command: tuple[str, ...], manifest: Document, policy: str) -> None:
    """Wait until a policy refuses; nodes reach it by a watch."""
    end, told = time.monotonic() + 30, ""
    while f"ValidatingAdmissionPolicy '{policy}'" not in told:
        assert time.monotonic() < end, told
        told = kubectl.answer(*command, manifest=manifest)[1]


def until_passed(kubectl: Kubectl, command: tuple[str, ...], manifest: Document) -> None:
    end = time.monotonic() + 30
    while told := kubectl.answer(*command, manifest=manifest)[1]:
        assert time.monotonic() < end, told
        time.sleep(0.1)


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


# V6: data sensitivity of a ModelDeployment


def test_to_raise_the_sensitivity_is_free_and_to_lower_it_is_not(
    tenant: Kubectl, officer: Kubectl, namespace: str
) -> None:
    there = f"--namespace={namespace}"

    def patch(level: str | None) -> tuple[str, ...]:
        change = {"spec": {"placement": None if level is None else {"dataSensitivity": level}}}
        return ("patch", there, "mdep", "digits", "--type=merge", f"--patch={json.dumps(change)}")

    tenant("create", there, "--filename=-", manifest=model("Internal"))
    tenant(*patch("Restricted"))
    for lower in ("Confidential", "Public", None):
        answer = tenant.refused(*patch(lower))
        assert refusal(answer) == "fogline-model-sensitivity"
        assert "needs the verb declassify on modeldeployments.fogline.dev, which tenant lacks" in answer
    tenant("patch", there, "mdep", "digits", "--type=merge", '--patch={"spec": {"replicas": 2}}')
    officer(*patch("Internal"))
    tenant("delete", there, "mdep", "digits")


# V7: the floor of a namespace


def test_the_floor_of_a_namespace_is_lowered_only_with_the_right_to_declassify(
    tenant: Kubectl, officer: Kubectl, namespace: str
) -> None:
    label = ("label", "--overwrite", "namespace", namespace)
    assert refusal(tenant.refused(*label, f"{FLOOR}=TopSecret")) == "fogline-namespace-floor"
    tenant(*label, f"{FLOOR}=Internal")
    tenant(*label, f"{FLOOR}=Restricted")
    for lower in (f"{FLOOR}=Confidential", f"{FLOOR}-"):
        answer = tenant.refused(*label, lower)
        assert refusal(answer) == "fogline-namespace-floor"
        assert "needs the verb declassify" in answer
    tenant(*label, "example.com/other=yes")
    officer(*label, f"{FLOOR}=Confidential")
    officer(*label, f"{FLOOR}-")


def test_below_the_floor_no_model_is_made_or_changed(
    tenant: Kubectl, kubectl: Kubectl, namespace: str
) -> None:
    there = f"--namespace={namespace}"
    tenant("create", there, "--filename=-", manifest=model("Internal", "before"))
    tenant("label", "namespace", namespace, f"{FLOOR}=Confidential")
    for level in ("Internal", None):
        answer = tenant.refused(*TRY, there, manifest=model(level))
        assert refusal(answer) == "fogline-floor-models"
        assert "is below Confidential, the least that namespace" in answer
    tenant(*TRY, there, manifest=model("Confidential"))
    patch = ("patch", there, "mdep", "before", "--type=merge")
    assert refusal(tenant.refused(*patch, '--patch={"spec": {"replicas": 2}}')) == "fogline-floor-models"
    tenant("label", there, "mdep", "before", "example.com/other=yes")
    kubectl("delete", there, "mdep", "before", "--cascade=foreground")


def test_in_a_namespace_with_a_floor_every_pod_demands_the_clearance(tenant: Kubectl, namespace: str) -> None:
    tenant("label", "namespace", namespace, f"{FLOOR}=Confidential")
    there = f"--namespace={namespace}"
    for bad in (pod_spec(), pod_spec(CLEARED, nodeName="a"), pod_spec(term(demand("Internal")))):
        answer = tenant.refused(*TRY, there, manifest=pod("p", {"app": "any"}, bad))
        assert refusal(answer) == "fogline-floor-pods"
    tenant(*TRY, there, manifest=pod("p", {"app": "any"}, pod_spec(CLEARED)))


def test_a_template_below_the_floor_is_warned_about(tenant: Kubectl, namespace: str) -> None:
    tenant("label", "namespace", namespace, f"{FLOOR}=Internal")
    document = workload("Deployment", "d", {"app": "any"}, pod_spec())
    _, told = tenant.answer(*TRY, f"--namespace={namespace}", manifest=document)
    assert "clearance In levels at or above Internal" in told


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
