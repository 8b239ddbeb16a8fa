"""What a pod holds of its node: the table follows ``PodRequests`` of k8s.io/component-helpers 0.34."""

from typing import Any

import pytest
from tests.support.live import live_pod

from fogline.observe import pod_requests
from fogline.units import resource_amounts


def container(name: str, requests: dict[str, str], **fields: Any) -> dict[str, Any]:
    return {"name": name, "resources": {"requests": requests}, **fields}


def sidecar(name: str, requests: dict[str, str]) -> dict[str, Any]:
    return container(name, requests, restartPolicy="Always")


def resized(name: str, has: dict[str, str], granted: dict[str, str] | None = None) -> dict[str, Any]:
    status: dict[str, Any] = {"name": name, "resources": {"requests": has}}
    return status if granted is None else {**status, "allocatedResources": granted}


def requests_of(spec: dict[str, Any], status: dict[str, Any] | None = None) -> dict[str, int]:
    pod = live_pod({"metadata": {"name": "p"}, "spec": spec, "status": status or {}})
    return dict(pod_requests(pod))


ONE = container("a", {"cpu": "1", "memory": "1Gi"})

CASES: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "a pod without requests still takes one of the pods": ({"containers": [{"name": "a"}]}, {}),
    "containers run together": (
        {"containers": [ONE, container("b", {"cpu": "500m"})]},
        {"cpu": "1500m", "memory": "1Gi"},
    ),
    "an init container that needs less costs nothing": (
        {"containers": [ONE], "initContainers": [container("i", {"cpu": "900m"})]},
        {"cpu": "1", "memory": "1Gi"},
    ),
    "an init container that needs more of one resource raises that one": (
        {"containers": [ONE], "initContainers": [container("i", {"cpu": "2", "memory": "64Mi"})]},
        {"cpu": "2", "memory": "1Gi"},
    ),
    "init containers run one after the other": (
        {
            "containers": [ONE],
            "initContainers": [container("i", {"cpu": "2"}), container("j", {"cpu": "3", "memory": "2Gi"})],
        },
        {"cpu": "3", "memory": "2Gi"},
    ),
    "a sidecar runs beside the containers": (
        {"containers": [ONE], "initContainers": [sidecar("s", {"cpu": "200m"})]},
        {"cpu": "1200m", "memory": "1Gi"},
    ),
    "an init container runs beside the sidecars that started before it": (
        {
            "containers": [ONE],
            "initContainers": [sidecar("s", {"cpu": "200m"}), container("i", {"cpu": "2"})],
        },
        {"cpu": "2200m", "memory": "1Gi"},
    ),
    "an init container does not wait for the sidecars after it": (
        {
            "containers": [ONE],
            "initContainers": [container("i", {"cpu": "1100m"}), sidecar("s", {"cpu": "200m"})],
        },
        {"cpu": "1200m", "memory": "1Gi"},
    ),
    "overhead comes on top": (
        {"containers": [ONE], "overhead": {"cpu": "250m", "memory": "120Mi"}},
        {"cpu": "1250m", "memory": "1144Mi"},
    ),
    "a request for the pod as a whole beats the sum, resource by resource": (
        {"containers": [ONE, ONE], "resources": {"requests": {"cpu": "1500m"}}},
        {"cpu": "1500m", "memory": "2Gi"},
    ),
    "overhead comes on top of a request for the pod as a whole": (
        {"containers": [ONE], "resources": {"requests": {"cpu": "3"}}, "overhead": {"cpu": "250m"}},
        {"cpu": "3250m", "memory": "1Gi"},
    ),
    "devices are counted like everything else": (
        {"containers": [container("a", {"nvidia.com/gpu": "2"})]},
        {"nvidia.com/gpu": "2"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_requests_are_counted_as_the_scheduler_counts_them(case: str) -> None:
    spec, expected = CASES[case]
    assert requests_of(spec) == {**resource_amounts(expected), "pods": 1}


INFEASIBLE = {"type": "PodResizePending", "status": "True", "reason": "Infeasible"}
DEFERRED = {"type": "PodResizePending", "status": "True", "reason": "Deferred"}


@pytest.mark.parametrize(
    ("asked", "status", "conditions", "cpu"),
    [
        ("1", {"name": "a"}, [], 1000),
        ("2", resized("a", {"cpu": "1"}, {"cpu": "1"}), [], 2000),
        ("1", resized("a", {"cpu": "2"}, {"cpu": "1"}), [], 2000),
        ("1", resized("a", {"cpu": "1"}, {"cpu": "2"}), [], 2000),
        ("1", resized("a", {"cpu": "2"}), [], 2000),
        ("9", resized("a", {"cpu": "1"}, {"cpu": "1"}), [DEFERRED], 9000),
        ("9", resized("a", {"cpu": "1"}, {"cpu": "2"}), [INFEASIBLE], 2000),
        ("1", resized("other", {"cpu": "5"}), [], 1000),
    ],
    ids=["no word", "growing", "shrinking", "granted", "old kubelet", "deferred", "infeasible", "other"],
)
def test_during_a_resize_in_place_the_largest_amount_counts_unless_it_never_comes(
    asked: str, status: dict[str, Any], conditions: list[dict[str, str]], cpu: int
) -> None:
    spec = {"containers": [container("a", {"cpu": asked})]}
    found = requests_of(spec, {"containerStatuses": [status], "conditions": conditions})
    assert found["cpu"] == cpu


def test_a_sidecar_that_is_resized_counts_with_what_it_has() -> None:
    spec = {"containers": [ONE], "initContainers": [sidecar("s", {"cpu": "100m"})]}
    found = requests_of(spec, {"initContainerStatuses": [resized("s", {"cpu": "300m"})]})
    assert found["cpu"] == 1300
