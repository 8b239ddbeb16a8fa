"""Every condition gives each of its reasons, and says in words what a user can do about it."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.support.builders import make_edge_node, make_model, make_node, make_variant
from tests.support.live import (
    FETCHED,
    UNSCHEDULABLE,
    bound,
    make_live_deployment,
    pinned,
    pod_document,
    serving,
    stored,
)
from tests.support.scenes import Scene

from fogline.api import Condition, DataSensitivity
from fogline.cluster.version import Version
from fogline.conditions import ConditionType, Reason
from fogline.names import GATE
from fogline.reconcile.refusal import Refusal

CLOUD = make_node("cloud-1")
EDGE = make_edge_node("edge-1")
Build = Callable[[], Scene]


def scene(pods: tuple[dict[str, Any], ...] = (), **spec: Any) -> Scene:
    return Scene(stored(make_model(**spec)), (CLOUD, EDGE), pods)


def running(name: str = "p", node: str = "cloud-1", variant: str = "cloud") -> dict[str, Any]:
    return serving(pod_document(stored(make_model()), name, variant), node)


def waiting(name: str = "p") -> dict[str, Any]:
    return pod_document(stored(make_model()), name)


def starting(**statuses: Any) -> dict[str, Any]:
    document = bound(waiting(), "cloud-1")
    return {**document, "status": {**document["status"], **statuses}}


def held_by_others() -> Scene:
    document = copy.deepcopy(waiting())
    document["spec"]["schedulingGates"] = [{"name": "kueue.x-k8s.io/admission"}, {"name": GATE}]
    return scene((pinned(document, "cloud-1"),))


def refused_by_scheduler() -> Scene:
    condition = {**UNSCHEDULABLE, "message": 'persistentvolumeclaim "models" not found'}
    document = pinned(waiting(), "cloud-1")
    return scene(({**document, "status": {**document["status"], "conditions": [condition]}},))


def uncleared(**spec: Any) -> Scene:
    found = scene((running(),), placement={"dataSensitivity": "Restricted"}, **spec)
    return replace(found, nodes=(replace(CLOUD, clearance=DataSensitivity.PUBLIC), EDGE))


def rolling() -> Scene:
    found = scene((running(),))
    live = make_live_deployment(found.model, status={"observedGeneration": 2})
    return replace(found, deployments={"cloud": live})


def without_pods() -> Scene:
    found = scene()
    failure = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": "no PriorityClass with name gold was found",
    }
    live = make_live_deployment(found.model, status={"observedGeneration": 1, "conditions": [failure]})
    return replace(found, deployments={"cloud": live})


def latency_of(node: Any) -> Scene:
    found = scene((running(),), placement={"latency": {"targetMilliseconds": 20}})
    return replace(found, nodes=(node, EDGE))


NO_PODS = "Deployment digits-cloud cannot make pods: no PriorityClass with name gold was found"
AWAITED = make_variant("cloud", "Cloud", artifact=None)
IMAGE = [make_variant("cloud", "Cloud", artifact={"uri": "oci://registry.example/digits:1"})]
TOO_OLD = (
    "variant cloud: an oci:// artifact needs Kubernetes 1.35 or newer, this cluster has 1.34: "
    "use s3://, gs://, https:// or pvc://"
)
TARGET: dict[str, Any] = {"latency": {"targetMilliseconds": 20}}
FAILED_FETCH = {
    "name": "fetch",
    "state": {"terminated": {"exitCode": 3, "message": "s3://models/digits/1: not found"}},
}
CRASHED = {"name": "server", "state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}

CASES: list[tuple[ConditionType, Reason, str, str, Build]] = [
    (ConditionType.ACCEPTED, Reason.VALID, "True", "", scene),
    (
        ConditionType.ACCEPTED,
        Reason.NOT_SUPPORTED,
        "False",
        TOO_OLD,
        lambda: scene(variants=IMAGE),
    ),
    (
        ConditionType.ACCEPTED,
        Reason.VALID,
        "True",
        "",
        lambda: replace(scene(variants=IMAGE), version=Version(1, 35)),
    ),
    (ConditionType.READY, Reason.NOT_SUPPORTED, "False", TOO_OLD, lambda: scene(variants=IMAGE)),
    (ConditionType.PLACED, Reason.SCALED_TO_ZERO, "True", "", lambda: scene(replicas=0)),
    (
        ConditionType.PLACED,
        Reason.NO_FIT,
        "False",
        (
            "2 of 2 replicas find no node: 2 nodes NodeSelectorMismatch "
            "(cloud-1: needs label disk=ssd, has no such label); "
            "edge-1 would be chosen with label disk=ssd"
        ),
        lambda: scene(replicas=2, placement={"nodeSelector": {"disk": "ssd"}}),
    ),
    (
        ConditionType.PLACED,
        Reason.NO_FIT,
        "False",
        "1 of 1 replicas find no node: the cluster has no nodes",
        lambda: replace(scene(), nodes=()),
    ),
    (
        ConditionType.PLACED,
        Reason.WAITING_FOR_OTHER_GATES,
        "False",
        "decided, but held by the scheduling gates kueue.x-k8s.io/admission",
        held_by_others,
    ),
    (ConditionType.PLACED, Reason.PLACING, "False", "0 of 1 replicas are on nodes", scene),
    (
        ConditionType.PLACED,
        Reason.POLICY_MISSING,
        "False",
        "1 replicas are not placed now: it is gone",
        lambda: replace(scene(), gap="it is gone"),
    ),
    (
        ConditionType.PLACED,
        Reason.PLACING,
        "False",
        "0 of 1 replicas are on nodes",
        lambda: scene((pinned(waiting(), "cloud-1"),)),
    ),
    (
        ConditionType.PLACED,
        Reason.PLACING,
        "False",
        '0 of 1 replicas are on nodes; kube-scheduler: persistentvolumeclaim "models" not found',
        refused_by_scheduler,
    ),
    (
        ConditionType.PLACED,
        Reason.PLACING,
        "False",
        f"0 of 1 replicas are on nodes; {NO_PODS}",
        without_pods,
    ),
    (ConditionType.PLACED, Reason.ALL_PLACED, "True", "", lambda: scene((starting(),))),
    (ConditionType.ARTIFACT_READY, Reason.NO_REPLICA_YET, "Unknown", "", lambda: scene((waiting(),))),
    (
        ConditionType.ARTIFACT_READY,
        Reason.ARTIFACT_AWAITED,
        "False",
        "variant cloud: no ModelTraining has published an artifact, and none is set",
        lambda: scene(variants=[AWAITED]),
    ),
    (
        ConditionType.ARTIFACT_READY,
        Reason.LOADED,
        "True",
        "",
        lambda: scene((running("p", "edge-1", "edge"),), variants=[AWAITED, make_variant("edge", "Edge")]),
    ),
    (
        ConditionType.ARTIFACT_READY,
        Reason.FETCHING,
        "False",
        "1 of 2 replicas wait for their artifact",
        lambda: scene((starting(), running("q")), replicas=2),
    ),
    (
        ConditionType.ARTIFACT_READY,
        Reason.FETCH_FAILED,
        "False",
        "on cloud-1: fetch ended with exit code 3: s3://models/digits/1: not found",
        lambda: scene((starting(initContainerStatuses=[FAILED_FETCH]),)),
    ),
    (ConditionType.ARTIFACT_READY, Reason.LOADED, "True", "", lambda: scene((running(),))),
    (ConditionType.READY, Reason.SCALED_TO_ZERO, "True", "", lambda: scene(replicas=0)),
    (
        ConditionType.READY,
        Reason.REPLICAS_NOT_READY,
        "False",
        "0 of 1 replicas are Ready",
        lambda: scene((waiting(),)),
    ),
    (
        ConditionType.READY,
        Reason.REPLICAS_NOT_READY,
        "False",
        "0 of 1 replicas are Ready; p on cloud-1: server ended with exit code 137: OOMKilled",
        lambda: scene((starting(initContainerStatuses=[FETCHED], containerStatuses=[CRASHED]),)),
    ),
    (
        ConditionType.READY,
        Reason.REPLICAS_NOT_READY,
        "False",
        f"0 of 1 replicas are Ready; {NO_PODS}",
        without_pods,
    ),
    (
        ConditionType.READY,
        Reason.REPLICAS_CONFLICT,
        "False",
        "an HPA scales digits-cloud",
        lambda: replace(
            scene((running(),)), refusal=Refusal(Reason.REPLICAS_CONFLICT, "an HPA scales digits-cloud")
        ),
    ),
    (
        ConditionType.READY,
        Reason.ROLLING_OUT,
        "False",
        "digits-cloud still replaces replicas of an older spec",
        rolling,
    ),
    (ConditionType.READY, Reason.ALL_REPLICAS_READY, "True", "", lambda: scene((running(),))),
    (ConditionType.POLICY_COMPLIANT, Reason.REQUIREMENTS_HOLD, "True", "", lambda: scene((running(),))),
    (
        ConditionType.POLICY_COMPLIANT,
        Reason.REQUIREMENTS_BROKEN,
        "False",
        "cloud-1: needs clearance Restricted, has Public",
        uncleared,
    ),
    (
        ConditionType.POLICY_COMPLIANT,
        Reason.REQUIREMENTS_BROKEN,
        "False",
        "cloud-1: needs clearance Restricted, has Public",
        lambda: uncleared(suspend=True),
    ),
    (
        ConditionType.POLICY_COMPLIANT,
        Reason.POLICY_MISSING,
        "Unknown",
        "it is gone",
        lambda: replace(scene((running(),)), gap="it is gone"),
    ),
    (ConditionType.LATENCY_TARGET_MET, Reason.NO_TARGET, "True", "", lambda: scene((running(),))),
    (ConditionType.LATENCY_TARGET_MET, Reason.NO_REPLICA_YET, "Unknown", "", lambda: scene(placement=TARGET)),
    (
        ConditionType.LATENCY_TARGET_MET,
        Reason.LATENCIES_UNKNOWN,
        "Unknown",
        "no latency is known of cloud-1: label the nodes",
        lambda: latency_of(replace(CLOUD, latency_milliseconds=None)),
    ),
    (
        ConditionType.LATENCY_TARGET_MET,
        Reason.TARGET_MISSED,
        "False",
        "1 of 1 replicas are above 20 ms; cloud-1 is at 40 ms",
        lambda: latency_of(CLOUD),
    ),
    (
        ConditionType.LATENCY_TARGET_MET,
        Reason.TARGET_MET,
        "True",
        "",
        lambda: latency_of(replace(CLOUD, latency_milliseconds=20)),
    ),
    (ConditionType.WITHIN_COST_LIMIT, Reason.NO_LIMIT, "True", "", lambda: scene((running(),))),
    (
        ConditionType.WITHIN_COST_LIMIT,
        Reason.WITHIN_LIMIT,
        "True",
        "",
        lambda: scene((running(),), placement={"cost": {"maxPerHour": "1"}}),
    ),
    (
        ConditionType.WITHIN_COST_LIMIT,
        Reason.LIMIT_EXCEEDED,
        "False",
        "costs 1 US dollars per hour, the limit is 0.5",
        lambda: scene((running(),), placement={"cost": {"maxPerHour": "0.5"}}),
    ),
    (
        ConditionType.SUSPENDED,
        Reason.SUSPENDED_BY_USER,
        "True",
        "nothing is placed or changed until spec.suspend is false",
        lambda: scene(suspend=True),
    ),
    (ConditionType.SUSPENDED, Reason.NOT_SUSPENDED, "False", "", scene),
]


def condition_of(found: Scene, kind: ConditionType) -> Condition:
    return next(one for one in found.pass_at().status.conditions if one.type == kind)


@pytest.mark.parametrize(
    ("kind", "reason", "status", "message", "build"),
    CASES,
    ids=[f"{case[0]}-{case[1]}-{number}" for number, case in enumerate(CASES)],
)
def test_a_condition_says_what_is_so(
    kind: ConditionType, reason: Reason, status: str, message: str, build: Build
) -> None:
    found = condition_of(build(), kind)
    assert (found.status.value, found.reason, found.message) == (status, reason.value, message)


def test_all_conditions_are_there_from_the_first_pass_on() -> None:
    conditions = scene().pass_at().status.conditions
    assert [one.type for one in conditions] == [kind.value for kind in ConditionType]
    assert {one.observed_generation for one in conditions} == {1}


def test_moves_are_not_promised_before_they_are_made() -> None:
    found = condition_of(scene((running(),)), ConditionType.REBALANCING)
    assert (found.status.value, found.reason) == ("False", "Idle")


def test_a_replica_of_a_variant_that_left_the_spec_keeps_the_model_from_being_ready() -> None:
    old = stored(make_model(variants=[make_variant("cloud", "Cloud"), make_variant("gone", "Cloud")]))
    left = serving(pod_document(old, "left", "gone"), "cloud-1")
    found = condition_of(scene((running(), left)), ConditionType.READY)
    assert found.reason == "RollingOut"
    assert found.message == "left of a variant that left the spec is still there"


def test_shares_that_are_rounded_up_do_not_break_a_limit_that_placement_kept() -> None:
    sixths = make_edge_node("edge-1", cost="1", allocatable={"cpu": "6", "memory": "64Gi"})
    pods = tuple(running(name, "edge-1", "edge") for name in ("a", "b", "c"))
    found = scene(pods, replicas=3, placement={"cost": {"maxPerHour": "0.5"}})
    assert (
        condition_of(replace(found, nodes=(sixths,)), ConditionType.WITHIN_COST_LIMIT).reason == "WithinLimit"
    )


def test_a_very_long_message_is_cut_to_what_a_status_holds() -> None:
    refusal = Refusal(Reason.APPLY_FAILED, "x" * 5000)
    found = condition_of(replace(scene(), refusal=refusal), ConditionType.READY)
    assert len(found.message) == 1024
