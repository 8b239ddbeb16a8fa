"""``fogline doctor``: what each check says of healthy facts, and of each that is not."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.support.builders import make_model, make_node
from tests.support.checkup import (
    BINDING,
    CLOUD,
    HEALTHY,
    NEAR,
    PROGRAMS,
    definition,
    gated,
    lease,
    profile,
    program,
    serving,
    training,
    version,
    without,
    wrong,
)
from tests.support.rights import JANITOR, OPERATOR, WITH_KUBEFLOW_TRAINER, granted

from fogline.api.crd import MODEL_DEPLOYMENT, NODE_PROFILE
from fogline.cli.checkup.checks import examine
from fogline.cli.checkup.facts import Models, Nodes, Unknown
from fogline.cli.checkup.findings import Outcome
from fogline.cli.checkup.rights import JANITOR_RIGHTS, Right, Where, operator_rights
from fogline.errors import BadInputError
from fogline.snapshot import Taint


def test_a_healthy_cluster_is_healthy_and_every_check_says_what_it_saw() -> None:
    assert wrong() == []
    assert all(one.message for one in examine(HEALTHY))


@pytest.mark.parametrize(
    ("release", "is_told"),
    [
        ("v1.30.14", True),
        ("v1.31.11", True),
        ("v1.31.12", False),
        ("v1.32.7", True),
        ("v1.32.8-eks-1", False),
        ("v1.33.3+k3s1", True),
        ("v1.33.4", False),
        ("v1.34.0", False),
        ("v1.35.1", False),
    ],
)
def test_patch_levels_count_where_a_model_holds_confidential_data(release: str, *, is_told: bool) -> None:
    found = wrong(version=version(release))
    assert any("(CVE-2025-5187), and default/digits need" in message for *_, message in found) is is_told
    assert wrong(version=version(release), models=Models((NEAR,))) == []


def stale_schema() -> dict[str, Any]:
    found = definition(MODEL_DEPLOYMENT)
    del found["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]
    return found


DAMAGE: list[tuple[dict[str, Any], str, str, str]] = [
    ({"version": version("v1.29.9"), "models": Models()}, "Kubernetes", "ERROR", "is older than 1.30"),
    ({"clock_seconds": 9.0, "lease": lease(-9)}, "Clock", "WARNING", "9 s ahead of the one of this machine"),
    ({"clock_seconds": -90.0, "lease": lease(90)}, "Clock", "ERROR", "90 s behind"),
    (
        {"definitions": {**HEALTHY.definitions, NODE_PROFILE.name: None}},  # type: ignore[dict-item]
        "Definitions",
        "ERROR",
        "nodeprofiles.fogline.dev is not there",
    ),
    (
        {"definitions": {MODEL_DEPLOYMENT.name: stale_schema()}},
        "Definitions",
        "WARNING",
        "is not the one of this fogline",
    ),
    (
        {"deployments": {}, "lease": None},
        "Operator and janitor",
        "ERROR",
        "no operator and no janitor is installed",
    ),
    (
        {"deployments": without("fogline-janitor")},
        "Operator and janitor",
        "ERROR",
        "there is no Deployment fogline-janitor",
    ),
    ({"lease": lease(60)}, "Operator and janitor", "ERROR", "has not renewed it for 60 s"),
    ({"lease": lease(holder=None)}, "Operator and janitor", "ERROR", "no operator holds the Lease"),
    ({"lease": lease(-20)}, "Operator and janitor", "WARNING", "the clock of the operator is 20 s ahead"),
    ({"missing_rights": {"ns/op": ("patch pods",)}}, "Rights", "ERROR", "ns/op may not: patch pods"),
    (
        {"policies": (), "bindings": (), "watched_policies": ()},
        "Admission policies",
        "WARNING",
        "no ValidatingAdmissionPolicy",
    ),
    (
        {"policies": (), "bindings": ()},
        "Admission policies",
        "ERROR",
        "fogline-pods is gone, so nothing Confidential or higher is placed",
    ),
    ({"bindings": ()}, "Admission policies", "ERROR", "fogline-pods has no binding, so nothing"),
    (
        {"bindings": ({**BINDING, "spec": {"policyName": "fogline-pods", "validationActions": ["Warn"]}},)},
        "Admission policies",
        "ERROR",
        "fogline-pods does not deny",
    ),
    (
        {"bindings": (), "watched_policies": ()},
        "Admission policies",
        "ERROR",
        "fogline-pods has no binding and forbids nothing",
    ),
    (
        {"policies": (), "watched_policies": ()},
        "Admission policies",
        "ERROR",
        "fogline-pods is gone, but its binding is there",
    ),
    (
        {"nodes": Nodes((make_node("a", labels={"fogline.dev/tier": "edge"}),))},
        "Nodes",
        "ERROR",
        "label fogline.dev/tier counts as absent on a",
    ),
    (
        {"nodes": Nodes((make_node("a", labels={"fogline.dev/clearance": "Restricted"}),))},
        "Nodes",
        "ERROR",
        "label fogline.dev/clearance on a clears for nothing",
    ),
    ({"nodes": Nodes((make_node("a", region=None),))}, "Nodes", "WARNING", "a without a region"),
    (
        {"nodes": Nodes((make_node("a", latency_milliseconds=None),))},
        "Nodes",
        "WARNING",
        "a of unknown latency",
    ),
    (
        {"nodes": Nodes((make_node("a"), make_node("b", cost="0")))},
        "Nodes",
        "WARNING",
        "b cost nothing as far as Fogline knows",
    ),
    (
        {"nodes": Nodes((make_node("a", labels=CLOUD), make_node("b")))},
        "Nodes",
        "WARNING",
        "b count as Cloud without the label fogline.dev/tier",
    ),
    (
        {"nodes": Nodes((make_node("a"),), (profile({"pool": "x"}),))},
        "NodeProfiles",
        "WARNING",
        "p: NoNodes",
    ),
    (
        {"nodes": Nodes((make_node("a"),), (), {"p": BadInputError("is no price", "spec.costPerHour")})},
        "NodeProfiles",
        "ERROR",
        "p is ignored: spec.costPerHour: is no price",
    ),
    (
        {"models": Models((), {"shop/digits": BadInputError("is too many", "spec.replicas")})},
        "ModelDeployments",
        "ERROR",
        "shop/digits is left alone: spec.replicas: is too many",
    ),
    (
        {"models": Models((serving(make_model(), "InternalError", "a mistake"),))},
        "ModelDeployments",
        "ERROR",
        "default/digits: a mistake",
    ),
    (
        {"models": Models((make_model(),))},
        "ModelDeployments",
        "WARNING",
        "not Ready: default/digits (no operator has seen it)",
    ),
    (
        {"trainings": (training("EngineMissing", "there are no TrainJobs"),)},
        "ModelTrainings",
        "ERROR",
        "shop/digits cannot begin: there are no TrainJobs",
    ),
    ({"pods": (gated(121), gated(500))}, "Waiting pods", "WARNING", "2 pods have waited"),
    ({"policies": Unknown("403 Forbidden")}, "Admission policies", "WARNING", "cannot be checked: 403"),
]


@pytest.mark.parametrize(("facts", "check", "outcome", "message"), DAMAGE)
def test_what_is_wrong_is_told_with_what_to_do(
    facts: dict[str, Any], check: str, outcome: str, message: str
) -> None:
    found = wrong(**facts)
    assert [one for one in found if one[:2] == (check, outcome) and message in one[2]], found


@pytest.mark.parametrize(("ready", "outcome"), [(1, "WARNING"), (0, "ERROR")])
def test_an_operator_that_is_half_there_is_a_warning_and_one_that_is_not_an_error(
    ready: int, outcome: str
) -> None:
    url = "http://fogline-collector.fogline-system.svc:8081"
    half = program("fogline-operator", ready, FOGLINE_COLLECTOR_URL=url)
    programs = {**PROGRAMS, "fogline-operator": half}
    message = f"fogline-operator: {ready} of 2 replicas are Ready"
    assert wrong(deployments=programs) == [("Operator and janitor", outcome, message)]


def test_an_operator_that_is_scaled_to_nothing_is_told_once_with_the_way_back() -> None:
    programs = {**PROGRAMS, "fogline-operator": program("fogline-operator", 0, 0)}
    (found,) = [
        one
        for one in examine(replace(HEALTHY, deployments=programs, lease=lease(holder=None)))
        if one.outcome is not Outcome.OK
    ]
    assert found.message == "fogline-operator is scaled to 0"
    assert found.advice == "kubectl -n fogline-system scale deployment fogline-operator --replicas=2"


def test_nothing_is_asked_of_nodes_that_no_pod_of_a_model_tolerates() -> None:
    taint = Taint("node-role.kubernetes.io/control-plane", "", "NoSchedule")
    control_plane = make_node("cp", taints=(taint,), cost="0", region=None, latency_milliseconds=None)
    assert wrong(nodes=Nodes((make_node("a", labels=CLOUD), control_plane))) == []


def test_a_clock_that_is_off_does_not_make_a_fresh_lease_look_stale() -> None:
    found = wrong(clock_seconds=100.0, lease=lease(-98))
    assert [check for check, *_ in found] == ["Clock"]


@pytest.mark.parametrize(
    ("rights", "account", "values"),
    [
        (operator_rights(["fogline-pods"], trains_by_kubeflow=False), OPERATOR, None),
        (operator_rights(["fogline-pods"], trains_by_kubeflow=True), OPERATOR, WITH_KUBEFLOW_TRAINER),
        (JANITOR_RIGHTS, JANITOR, None),
    ],
    ids=["operator", "operator-with-kubeflow-trainer", "janitor"],
)
def test_it_asks_for_the_rights_that_are_shipped(
    rights: Any, account: str, values: Mapping[str, Any] | None
) -> None:
    assert {(one.group, one.resource, one.verb) for one in rights} == set(granted(account, values))


def test_rights_to_write_are_asked_for_where_models_are_placed() -> None:
    write, read = Right("", "pods", "patch", where=Where.SERVED), Right("", "pods", "list")
    own = Right("coordination.k8s.io", "leases", "create", where=Where.OWN)
    assert [one.namespaces("fogline-system", ("a", "b")) for one in (write, read, own)] == [
        ("a", "b"),
        ("",),
        ("fogline-system",),
    ]
    assert write.namespaces("fogline-system", ()) == ("",)
