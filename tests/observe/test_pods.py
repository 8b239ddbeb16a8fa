"""Pods in all stages of their life."""

import copy
from typing import Any

import pytest
from tests.support.builders import make_model
from tests.support.live import (
    FETCHED,
    NOW,
    UNSCHEDULABLE,
    bound,
    live_pod,
    pinned,
    pod_document,
    replica_of,
    serving,
    stored,
)

from fogline.names import GATE, ModelKey
from fogline.observe import to_pod, to_replica
from fogline.snapshot import ReplicaOf

MODEL = stored(make_model())
GATED = pod_document(MODEL, "p")
FETCH_FAILED = {
    "name": "fetch",
    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting"}},
    "lastState": {
        "terminated": {"exitCode": 3, "reason": "Error", "message": "s3://models/x: not found\n"},
    },
}


def having(document: dict[str, Any], **status: Any) -> dict[str, Any]:
    return {**document, "status": {**document["status"], **status}}


def serves(document: dict[str, Any]) -> ReplicaOf | None:
    pod = to_pod(live_pod(document))
    assert pod is not None
    return pod.replica


def test_a_gated_pod_takes_no_room_and_is_nowhere() -> None:
    replica = replica_of(GATED)
    assert to_pod(live_pod(GATED)) is None
    assert (replica.gates, replica.node, replica.bound) == ((GATE,), None, False)
    assert (replica.alive, replica.ready, replica.fetched, replica.trouble) == (True, False, False, None)
    assert replica.affinity_terms == 2
    assert (replica.model, replica.variant) == (ModelKey("default", "digits"), "cloud")


def test_a_pinned_pod_takes_its_room_before_it_is_bound() -> None:
    document = pinned(GATED, "n1", "plant-a")
    pod, replica = to_pod(live_pod(document)), replica_of(document)
    assert pod is not None
    assert (pod.node, pod.requests) == ("n1", replica.requests)
    assert pod.replica == ReplicaOf(ModelKey("default", "digits"), "cloud", "plant-a")
    assert (replica.node, replica.bound, replica.gates, replica.decided_at) == ("n1", False, (), NOW)


def test_a_pin_in_some_terms_only_is_no_pin() -> None:
    document = copy.deepcopy(pinned(GATED, "n1"))
    terms = document["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    del terms["nodeSelectorTerms"][1]["matchFields"]
    assert replica_of(document).node is None


def test_a_pinned_pod_that_the_scheduler_refuses_says_since_when_and_why() -> None:
    refused = {**UNSCHEDULABLE, "lastTransitionTime": "2030-01-02T03:04:05Z", "message": "no such claim"}
    replica = replica_of(having(pinned(GATED, "n1"), conditions=[refused]))
    assert (replica.refused_since, replica.refusal) == (NOW, "no such claim")
    waiting = {**refused, "reason": "SchedulingGated"}
    replica = replica_of(having(GATED, conditions=[waiting]))
    assert (replica.refused_since, replica.refusal) == (None, "")


def test_the_time_in_which_it_was_gated_does_not_count_as_refused() -> None:
    since_it_was_made = {**UNSCHEDULABLE, "lastTransitionTime": "2020-01-01T00:00:00Z"}
    assert replica_of(having(pinned(GATED, "n1"), conditions=[since_it_was_made])).refused_since == NOW


def test_a_bound_pod_is_where_it_is_bound_whatever_its_pin_says() -> None:
    document = bound(pinned(GATED, "n1"), "n2")
    assert (replica_of(document).node, replica_of(document).bound) == ("n2", True)
    assert replica_of(document).fetched is False


def test_a_pod_that_fetches_is_in_no_trouble() -> None:
    statuses = {
        "initContainerStatuses": [{"name": "fetch", "state": {"running": {}}}],
        "containerStatuses": [{"name": "server", "state": {"waiting": {"reason": "PodInitializing"}}}],
    }
    replica = replica_of(having(bound(GATED, "n1"), **statuses))
    assert (replica.fetched, replica.trouble) == (False, None)


def test_a_fetcher_that_failed_speaks_for_itself() -> None:
    replica = replica_of(having(bound(GATED, "n1"), initContainerStatuses=[FETCH_FAILED]))
    assert replica.fetched is False
    assert replica.trouble == "fetch ended with exit code 3: s3://models/x: not found"


def test_a_failure_of_the_fetcher_is_forgotten_once_it_succeeds() -> None:
    recovered = {**FETCHED, "lastState": FETCH_FAILED["lastState"]}
    loading = {"name": "server", "ready": False, "state": {"running": {}}}
    replica = replica_of(
        having(bound(GATED, "n1"), initContainerStatuses=[recovered], containerStatuses=[loading])
    )
    assert (replica.fetched, replica.trouble) == (True, None)


TROUBLES: list[tuple[dict[str, Any], str | None]] = [
    (
        {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}},
        "server: ImagePullBackOff: Back-off pulling image",
    ),
    (
        {"state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}}},
        "server: back-off 5m0s",
    ),
    (
        {
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}},
            "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
        },
        "server ended with exit code 137: OOMKilled",
    ),
    (
        {
            "state": {"running": {}},
            "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "message": "bad model"}},
        },
        "server ended with exit code 1: bad model",
    ),
    ({"state": {"terminated": {"exitCode": 2, "reason": "Error"}}}, "server ended with exit code 2: Error"),
    ({"state": {"running": {}}}, None),
    ({"ready": True, "state": {"running": {}}, "lastState": {"terminated": {"exitCode": 1}}}, None),
    ({}, None),
]


@pytest.mark.parametrize(("server", "trouble"), TROUBLES)
def test_a_server_that_does_not_start_says_why(server: dict[str, Any], trouble: str | None) -> None:
    document = bound(GATED, "n1")
    statuses = {"initContainerStatuses": [FETCHED], "containerStatuses": [{"name": "server", **server}]}
    assert replica_of(having(document, **statuses)).trouble == trouble


def test_a_serving_replica_is_ready_fetched_and_without_trouble() -> None:
    replica = replica_of(serving(GATED, "n1"))
    assert (replica.ready, replica.fetched, replica.trouble, replica.alive) == (True, True, None, True)


def test_the_artifact_is_there_although_an_injected_sidecar_never_ends() -> None:
    document = copy.deepcopy(serving(GATED, "n1"))
    document["spec"]["initContainers"].insert(0, {"name": "mesh", "restartPolicy": "Always"})
    document["status"]["initContainerStatuses"].insert(0, {"name": "mesh", "state": {"running": {}}})
    assert replica_of(document).fetched is True


def test_a_terminating_pod_holds_its_room_but_serves_nobody() -> None:
    document = copy.deepcopy(serving(GATED, "n1"))
    document["metadata"]["deletionTimestamp"] = "2030-01-02T03:04:05Z"
    assert (replica_of(document).terminating, replica_of(document).alive) == (True, False)
    assert serves(document) is None
    assert serves(serving(GATED, "n1")) is not None


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (
            {"phase": "Failed", "reason": "OutOfcpu", "message": "Node didn't have enough resource: cpu"},
            "OutOfcpu: Node didn't have enough resource: cpu",
        ),
        ({"phase": "Failed", "reason": "Evicted"}, "Evicted"),
        ({"phase": "Failed"}, "Failed"),
        ({"phase": "Succeeded"}, "Succeeded"),
    ],
)
def test_a_pod_that_ended_for_good_takes_no_room_and_says_why(status: dict[str, str], failure: str) -> None:
    document = having(bound(GATED, "n1"), **status)
    assert to_pod(live_pod(document)) is None
    assert (replica_of(document).failure, replica_of(document).alive) == (failure, False)


def test_pods_of_others_take_room_and_are_no_replicas() -> None:
    document = {"metadata": {"name": "theirs", "namespace": "x"}, "spec": {"nodeName": "n1"}}
    pod = to_pod(live_pod(document))
    assert to_replica(live_pod(document)) is None
    assert pod is not None
    assert (pod.node, pod.requests, pod.replica) == ("n1", {"pods": 1}, None)


@pytest.mark.parametrize(
    "text",
    ["yesterday", "", "2030-01-02", "2030-01-02T03:04:05", "2030-01-02T03:04:05+23:59", "9" * 5000],
)
def test_notes_that_a_hostile_kubelet_wrote_are_not_believed_and_break_nothing(text: str) -> None:
    document = copy.deepcopy(pinned(GATED, "n1"))
    document["metadata"]["annotations"]["fogline.dev/decided-at"] = text
    assert replica_of(document).decided_at is None
