"""Which pods of models the admission policies refuse, from whom, and which they let pass.

Every other test on a cluster runs under the policies too, so that they are in nobody's way.
"""

import json
import random
import time
from collections.abc import Mapping

import pytest
from tests.support.kubectl import Kubectl
from tests.support.policies import (
    FLOOR,
    POLICY,
    TRY,
    demand,
    install,
    labels_of,
    listed,
    names,
    pod,
    pod_spec,
    policies,
    refusal,
    term,
    workload,
)

from fogline.api import DataSensitivity
from fogline.cluster.documents import Document
from fogline.names import CLEARANCE_LABEL, DATA_SENSITIVITY_LABEL, MODEL_LABEL, TIER_LABEL

LEVELS = [level.value for level in DataSensitivity]


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
