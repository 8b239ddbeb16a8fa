"""The admission policies of the chart: each can be turned off, and the operator is told which are there."""

from typing import Any

import pytest
from dev import libyaml
from dev.chart import CHART
from dev.paths import ROOT
from tests.support.chart import Document, named, rendered
from tests.support.policies import BINDING, POLICY, names, policies
from tests.support.rights import WITH_KUBEFLOW_TRAINER

OF_VALUE = {
    "podClearance": ["fogline-pod-clearance", "fogline-training-clearance"],
    "children": ["fogline-children"],
    "templateClearance": ["fogline-template-clearance"],
    "podBinding": ["fogline-pod-binding"],
    "nodeClearance": ["fogline-node-clearance"],
    "modelSensitivity": ["fogline-model-sensitivity"],
    "namespaceFloor": ["fogline-floor-models", "fogline-floor-pods", "fogline-namespace-floor"],
    "operatorPlacement": ["fogline-operator-placement"],
    "operatorObjects": [
        "fogline-operator-deployments",
        "fogline-operator-jobs",
        "fogline-operator-pods",
    ],
    "kubeletPods": ["fogline-kubelet-pods"],
    "measuredProfiles": ["fogline-measured-profiles"],
}
"""The policies that a value turns on."""
ALL = sorted(name for those in OF_VALUE.values() for name in those)


def watched(documents: list[Document]) -> str:
    """Give the policies that the operator is told to look after."""
    pod = named(documents, "Deployment", "fogline-operator")["spec"]["template"]["spec"]
    return next((e["value"] for e in pod["containers"][0]["env"] if e["name"] == "FOGLINE_POLICIES"), "")


def test_all_but_the_strict_form_are_on_without_values() -> None:
    assert names(policies()) == sorted({*ALL} - {"fogline-pod-binding"})


@pytest.mark.parametrize("value", OF_VALUE)
def test_each_can_be_turned_on_and_off_and_the_others_stay(value: str) -> None:
    everything = dict.fromkeys(OF_VALUE, True)
    assert names(policies(**everything)) == ALL
    assert names(policies(**{**everything, value: False})) == sorted({*ALL} - {*OF_VALUE[value]})


@pytest.mark.parametrize(
    ("values", "not_watched"),
    [
        ({}, {"fogline-template-clearance"}),
        ({"podBinding": True}, {"fogline-template-clearance", "fogline-pod-binding"}),
        ({"kubeletPods": False}, {"fogline-template-clearance"}),
    ],
    ids=["as-shipped", "with-the-strict-form", "with-one-turned-off"],
)
def test_the_operator_looks_after_those_that_deny_and_may_read_no_others(
    values: dict[str, Any], not_watched: set[str]
) -> None:
    documents = rendered({"policies": values})
    wanted = {*names(documents)} - not_watched
    assert {*watched(documents).split(",")} == wanted
    (rule,) = named(documents, "ClusterRole", "fogline-operator-policies")["rules"]
    assert {*rule["resourceNames"]} == wanted
    assert rule["verbs"] == ["get"]


def test_without_any_policy_the_operator_looks_after_none() -> None:
    documents = rendered({"policies": dict.fromkeys(OF_VALUE, False)})
    assert [one for one in documents if one["kind"] in {POLICY, BINDING}] == []
    assert watched(documents) == ""
    assert "fogline-operator-policies" not in {one["metadata"]["name"] for one in documents}


def test_what_a_policy_cannot_judge_it_refuses_and_each_has_one_binding_that_acts() -> None:
    documents = policies()
    bindings = {one["metadata"]["name"]: one["spec"] for one in documents if one["kind"] == BINDING}
    for policy in (one for one in documents if one["kind"] == POLICY):
        name = policy["metadata"]["name"]
        assert policy["spec"]["failurePolicy"] == "Fail"
        action = "Warn" if name == "fogline-template-clearance" else "Deny"
        assert bindings.pop(name) == {"policyName": name, "validationActions": [action]}
    assert bindings == {}


def test_the_accounts_are_those_of_the_release() -> None:
    spec = named(rendered(namespace="elsewhere"), POLICY, "fogline-operator-pods")["spec"]
    (who,) = (one["expression"] for one in spec["matchConditions"] if one["name"] == "operator")
    assert "'system:serviceaccount:elsewhere:fogline-operator'" in who
    assert "'system:serviceaccount:elsewhere:fogline-janitor'" in who


def test_a_controller_manager_with_one_account_for_all_can_be_named() -> None:
    spec = named(policies(controllers=["system:kube-controller-manager"]), POLICY, "fogline-children")["spec"]
    (who,) = (one["expression"] for one in spec["matchConditions"] if one["name"] == "by-somebody-else")
    assert "'system:kube-controller-manager'" in who
    assert "replicaset-controller" not in who


def test_with_kubeflow_trainer_what_it_makes_workers_from_is_looked_after_too() -> None:
    documents = rendered(WITH_KUBEFLOW_TRAINER)
    added = {"fogline-operator-trainingruntimes", "fogline-operator-trainjobs"}
    assert {*names(documents)} - {*names(rendered())} == added
    assert added < {*watched(documents).split(",")}
    children = named(documents, POLICY, "fogline-children")["spec"]["matchConditions"][0]["expression"]
    assert "system:serviceaccount:jobset-system:jobset-controller-manager" in children
    assert "jobset" not in str(named(rendered(), POLICY, "fogline-children"))


def test_the_values_for_a_queue_in_the_documentation_add_kueue_and_leave_nobody_out() -> None:
    page = (ROOT / "docs/training.md").read_text()
    told = libyaml.load(page.split("# queue.yaml\n", 1)[1].split("```", 1)[0])
    asked = told["policies"]["controllers"]
    default = libyaml.load((CHART / "values.yaml").read_text())["policies"]["controllers"]
    assert asked == [*default, "system:serviceaccount:kueue-system:kueue-controller-manager"]
    spec = named(policies(controllers=asked), POLICY, "fogline-children")["spec"]
    (who,) = (one["expression"] for one in spec["matchConditions"] if one["name"] == "by-somebody-else")
    assert all(f"'{account}'" in who for account in asked)
