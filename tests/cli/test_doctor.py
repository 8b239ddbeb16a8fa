"""``fogline doctor``: what each check says of healthy facts, and of each that is not."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs
from tests.support.builders import make_model, make_node
from tests.support.live import NOW
from tests.support.rights import JANITOR, OPERATOR, WITH_KUBEFLOW_TRAINER, granted

from fogline.api import Condition, ConditionStatus, ModelDeployment, ModelDeploymentStatus, parse_node_profile
from fogline.api.crd import MODEL_DEPLOYMENT, NODE_PROFILE, RESOURCES, custom_resource_definition
from fogline.cli.checkup.checks import CHECKS, examine
from fogline.cli.checkup.facts import Facts, Models, Nodes, Unknown
from fogline.cli.checkup.findings import Outcome
from fogline.cli.checkup.rights import JANITOR_RIGHTS, Right, Where, operator_rights
from fogline.cluster.objects import Lease, ObjectMeta
from fogline.cluster.objects.lease import LeaseSpec
from fogline.cluster.version import VersionInfo
from fogline.collector.answer import Answered, Figures, Pods, RoundTrip, Trouble, Use
from fogline.errors import BadInputError
from fogline.observe import Profile, to_profile
from fogline.snapshot import Taint


def version(text: str) -> VersionInfo:
    major, minor, _ = text.removeprefix("v").split(".", 2)
    return VersionInfo(major, minor, text)


def program(name: str, ready: int = 2, replicas: int = 2, **environment: str) -> dict[str, Any]:
    env = [{"name": key, "value": value} for key, value in environment.items()]
    return {
        "metadata": {"name": name, "namespace": "fogline-system"},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [{"env": env}]}}},
        "status": {"readyReplicas": ready},
    }


PROGRAMS = {
    "fogline-operator": program(
        "fogline-operator", FOGLINE_COLLECTOR_URL="http://fogline-collector.fogline-system.svc:8081"
    ),
    "fogline-janitor": program("fogline-janitor"),
    "fogline-collector": program("fogline-collector", 1, 1),
}


def without(*names: str) -> dict[str, dict[str, Any]]:
    return {name: one for name, one in PROGRAMS.items() if name not in names}


def measured(
    *troubles: Trouble,
    requests_seconds: float = 60,
    round_trips: tuple[RoundTrip, ...] = (),
    left_out: int = 0,
) -> Answered:
    found = Figures(replicas=1, seconds=requests_seconds, requests=9, failed=0, cpu=Use(), memory=Use())
    return Answered(
        time="2030-01-01T00:00:00Z",
        window_seconds=300,
        covered_seconds=300,
        pods=Pods(known=2, answering=2 - len(troubles), left_out=left_out, troubles=troubles),
        total=found,
        tiers={},
        sites={},
        nodes={},
        models={"default/digits": found},
        revisions=(),
        round_trips=round_trips,
    )


def trip(client_site: str, site: str, milliseconds: float | None) -> RoundTrip:
    return RoundTrip(client_site=client_site, site=site, milliseconds=milliseconds, written_milliseconds=10)


def silent(reason: str = "NotReached") -> Trouble:
    return Trouble(namespace="default", pod="digits-a", node="edge-1", reason=reason, message="no")


def definition(resource: Any) -> dict[str, Any]:
    established = {"conditions": [{"type": "Established", "status": "True"}]}
    return {**copy.deepcopy(custom_resource_definition(resource)), "status": established}


def lease(seconds_ago: float = 2.0, holder: str | None = "operator-1") -> Lease:
    renewed = NOW - timedelta(seconds=seconds_ago)
    return Lease(ObjectMeta(name="fogline-operator"), LeaseSpec(holder, 15, renewed, renewed))


def serving(model: ModelDeployment, reason: str = "AllReplicasReady", message: str = "") -> ModelDeployment:
    is_ready = reason == "AllReplicasReady"
    one = Condition(
        type="Ready",
        status=ConditionStatus.TRUE if is_ready else ConditionStatus.FALSE,
        reason=reason,
        message=message,
        last_transition_time=NOW,
    )
    return structs.replace(model, status=ModelDeploymentStatus(conditions=(one,)))


def replicas_ready(model: ModelDeployment) -> ModelDeployment:
    assert model.status
    return structs.replace(model, status=structs.replace(model.status, ready_replicas=1))


def gated(seconds: float) -> dict[str, Any]:
    return {
        "metadata": {
            "namespace": "shop",
            "labels": {"fogline.dev/model": "digits"},
            "creationTimestamp": (NOW - timedelta(seconds=seconds)).isoformat(),
        },
        "spec": {"schedulingGates": [{"name": "fogline.dev/placement"}]},
    }


def training(reason: str, message: str) -> dict[str, Any]:
    complete = {"type": "Complete", "status": "False", "reason": reason, "message": message}
    return {
        "metadata": {"namespace": "shop", "name": "digits"},
        "status": {"conditions": [{**complete, "type": "Trained"}, complete]},
    }


def profile(selector: Mapping[str, str]) -> Profile:
    spec = {"nodeSelector": dict(selector), "costPerHour": "1"}
    return to_profile(parse_node_profile({"metadata": {"name": "p"}, "spec": spec}))


READY_POD = {
    "metadata": {
        "namespace": "default",
        "name": "digits-a",
        "labels": {"fogline.dev/model": "digits"},
        "creationTimestamp": NOW.isoformat(),
    },
    "spec": {},
    "status": {"conditions": [{"type": "Ready", "status": "True"}]},
}
STARTING_POD = {**READY_POD, "status": {"conditions": [{"type": "Ready", "status": "False"}]}}
CANARY = serving(make_model(rollout={"canaryPercent": 20, "maxErrorRate": "0.01"}))
SECRET = serving(make_model(placement={"dataSensitivity": "Confidential"}))
NEAR = serving(make_model(placement={"latency": {"maxMilliseconds": 50}, "allowedRegions": ["eu-west"]}))
POLICY = {"metadata": {"name": "fogline-pods"}, "spec": {"failurePolicy": "Fail"}}
BINDING = {
    "metadata": {"name": "fogline-pods"},
    "spec": {"policyName": "fogline-pods", "validationActions": ["Deny"]},
}
CLOUD = {"fogline.dev/tier": "Cloud"}
HEALTHY = Facts(
    now=NOW,
    version=version("v1.34.4"),
    clock_seconds=0.2,
    definitions={one.name: definition(one) for one in RESOURCES},
    models=Models((SECRET, NEAR)),
    nodes=Nodes((make_node("a"), make_node("b")), (profile({}),)),
    trainings=(training("RunUnderway", "run 1 goes on"),),
    pods=(gated(60),),
    deployments=PROGRAMS,
    lease=lease(),
    missing_rights={"fogline-system/fogline-operator": ()},
    policies=(POLICY,),
    bindings=(BINDING,),
    watched_policies=("fogline-pods",),
    figures=measured(round_trips=(trip("plant", "a", 5),)),
    client_sites=("plant",),
)


def wrong(**facts: Any) -> list[tuple[str, str, str]]:
    """Give what is said of facts that differ from the healthy ones: check, outcome and message."""
    found = examine(replace(HEALTHY, **facts))
    assert {one.check for one in found} == {check.title for check in CHECKS}
    assert all(bool(one.advice) is (one.outcome is not Outcome.OK) for one in found)
    return [(one.check, one.outcome.value, one.message) for one in found if one.outcome is not Outcome.OK]


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
    (
        {"deployments": without("fogline-collector"), "models": Models((CANARY,))},
        "Collector",
        "ERROR",
        "there is none, and new versions of default/digits wait for its figures",
    ),
    (
        {"deployments": without("fogline-collector")},
        "Collector",
        "ERROR",
        "there is none, but FOGLINE_COLLECTOR_URL of the operator names one",
    ),
    (
        {
            "deployments": {**PROGRAMS, "fogline-operator": program("fogline-operator")},
            "models": Models((CANARY,)),
        },
        "Collector",
        "ERROR",
        "the operator does not ask it, and new versions of default/digits wait",
    ),
    (
        {
            "deployments": {**PROGRAMS, "fogline-collector": program("fogline-collector", 0, 1)},
            "figures": None,
        },
        "Collector",
        "ERROR",
        "fogline-collector: 0 of 1 replicas are Ready",
    ),
    (
        {
            "deployments": {**PROGRAMS, "fogline-collector": program("fogline-collector", 0, 0)},
            "figures": None,
        },
        "Collector",
        "ERROR",
        "fogline-collector is scaled to 0",
    ),
    ({"figures": "no answer within 3 s"}, "Collector", "ERROR", "it gives no figures: no answer"),
    ({"figures": Unknown("403 Forbidden")}, "Collector", "WARNING", "cannot be checked: 403"),
    (
        {"figures": measured(silent()), "pods": (READY_POD,)},
        "Collector",
        "WARNING",
        "NotReached: nothing is read of default/digits-a on edge-1",
    ),
    (
        {"figures": measured(silent("BadValue")), "pods": (READY_POD,)},
        "Collector",
        "WARNING",
        "BadValue: nothing is read of default/digits-a on edge-1",
    ),
    ({"figures": measured(left_out=7)}, "Collector", "WARNING", "7 pods are left out"),
    (
        {"figures": measured(requests_seconds=0), "models": Models((replicas_ready(SECRET),))},
        "Collector",
        "WARNING",
        "no figures of default/digits, though replicas are Ready",
    ),
    (
        {"figures": measured(round_trips=(trip("plant", "a", None),))},
        "Collector",
        "WARNING",
        "the probe at client site plant measures nothing",
    ),
    ({"figures": measured()}, "Collector", "WARNING", "the probe at client site plant measures nothing"),
    (
        {"figures": measured(round_trips=(trip("plant", "a", 5), trip("plant", "b", None)))},
        "Collector",
        "WARNING",
        "no way from client site plant to b",
    ),
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


def test_a_collector_that_nobody_counts_on_need_not_be_there() -> None:
    programs = {**without("fogline-collector"), "fogline-operator": program("fogline-operator")}
    assert wrong(deployments=programs, figures=None, client_sites=()) == []


def test_a_collector_that_is_scaled_to_nothing_comes_back_with_one_replica() -> None:
    facts = replace(
        HEALTHY,
        deployments={**PROGRAMS, "fogline-collector": program("fogline-collector", 0, 0)},
        figures=None,
    )
    (found,) = [one for one in examine(facts) if one.outcome is not Outcome.OK]
    assert found.advice == "kubectl -n fogline-system scale deployment fogline-collector --replicas=1"


def test_a_replica_that_starts_is_not_missed_by_the_collector() -> None:
    assert wrong(figures=measured(silent(), round_trips=(trip("plant", "a", 5),)), pods=(STARTING_POD,)) == []


def test_a_collector_that_has_just_started_is_given_time() -> None:
    young = structs.replace(measured(requests_seconds=0), covered_seconds=10)
    assert wrong(figures=young, models=Models((replicas_ready(SECRET),))) == []


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
