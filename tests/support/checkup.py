"""A healthy cluster as ``fogline doctor`` sees it, and how to damage it."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from msgspec import structs
from tests.support.builders import make_model, make_node
from tests.support.live import NOW

from fogline.api import Condition, ConditionStatus, ModelDeployment, ModelDeploymentStatus, parse_node_profile
from fogline.api.crd import RESOURCES, custom_resource_definition
from fogline.cli.checkup.checks import CHECKS, examine
from fogline.cli.checkup.facts import Facts, Models, Nodes
from fogline.cli.checkup.findings import Outcome
from fogline.cluster.objects import Lease, ObjectMeta
from fogline.cluster.objects.lease import LeaseSpec
from fogline.cluster.version import VersionInfo
from fogline.collector.answer import Answered, Figures, Pods, RoundTrip, Trouble, Use
from fogline.observe import Profile, to_profile


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
