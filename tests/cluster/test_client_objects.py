"""Live objects: what the API server sends is read into the fields that placement needs."""

import json
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest

from fogline.cluster import documents
from fogline.cluster.client import Client
from fogline.cluster.kinds import DEPLOYMENTS, SERVICES
from fogline.cluster.objects import Deployment, Node, Pod, Service

T = TypeVar("T")


def term(*nodes: str) -> dict[str, Any]:
    """Write a term that names nodes, or none."""
    field = {"key": "metadata.name", "operator": "In", "values": nodes}
    return {"matchFields": [field]} if nodes else {"matchExpressions": [{"key": "x", "operator": "Exists"}]}


@pytest.mark.parametrize(
    ("terms", "node"),
    [
        ([term("a")], "a"),
        ([term("a"), term("a")], "a"),
        ([term("a"), term()], None),
        ([term("a"), term("b")], None),
        ([term("a", "b")], None),
        ([], None),
    ],
    ids=["one term", "every term", "a term without", "different nodes", "two nodes in one term", "no term"],
)
def test_a_pod_is_pinned_when_every_term_names_the_same_node(
    terms: list[dict[str, Any]], node: str | None
) -> None:
    affinity = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    spec = {"affinity": {"nodeAffinity": affinity}} if terms else {}
    assert decode({"metadata": {"name": "p"}, "spec": spec}, Pod).pinned_node == node


def test_the_state_of_a_pod_is_read() -> None:
    pod = decode(
        {
            "metadata": {
                "name": "p",
                "ownerReferences": [
                    {"kind": "Other", "name": "o", "uid": "1"},
                    {"kind": "ReplicaSet", "name": "r", "uid": "2", "controller": True},
                ],
            },
            "spec": {
                "initContainers": [{"name": "sidecar", "restartPolicy": "Always"}],
                "resources": {"requests": {"cpu": "2"}},
                "tolerations": [{"operator": "Exists", "tolerationSeconds": 300}],
            },
            "status": {
                "phase": "Failed",
                "reason": "OutOfcpu",
                "podIP": "10.0.0.1",
                "startTime": "2025-01-02T03:04:05Z",
                "containerStatuses": [
                    {
                        "name": "server",
                        "restartCount": 3,
                        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
                        "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}},
                        "allocatedResources": {"cpu": "1"},
                    }
                ],
            },
        },
        Pod,
    )
    assert pod.metadata.controller is not None
    assert pod.metadata.controller.name == "r"
    assert pod.spec.init_containers[0].restart_policy == "Always"
    assert pod.spec.resources is not None
    assert pod.spec.resources.requests == {"cpu": "2"}
    assert (pod.spec.tolerations[0].key, pod.spec.tolerations[0].toleration_seconds) == ("", 300)
    assert (pod.status.reason, pod.status.pod_ip) == ("OutOfcpu", "10.0.0.1")
    assert pod.status.start_time == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    server = pod.status.container_statuses[0]
    assert server.state.waiting is not None
    assert server.last_state.terminated is not None
    assert (server.state.waiting.reason, server.last_state.terminated.exit_code) == ("CrashLoopBackOff", 137)
    assert server.allocated_resources == {"cpu": "1"}


def test_the_state_of_a_node_is_read() -> None:
    node = decode(
        {
            "metadata": {"name": "n", "labels": {"fogline.dev/tier": "Edge"}},
            "spec": {"unschedulable": True, "taints": [{"key": "k", "effect": "NoSchedule"}]},
            "status": {
                "allocatable": {"cpu": "3920m"},
                "capacity": {"cpu": "4"},
                "conditions": [
                    {"type": "Ready", "status": "Unknown", "lastTransitionTime": "2025-01-02T03:04:05Z"}
                ],
                "images": [{"names": ["not needed"], "sizeBytes": 1}],
            },
        },
        Node,
    )
    assert node.metadata.key == ("", "n")
    assert node.spec.unschedulable
    assert [(taint.key, taint.value, taint.effect) for taint in node.spec.taints] == [("k", "", "NoSchedule")]
    assert (node.status.allocatable, node.status.capacity) == ({"cpu": "3920m"}, {"cpu": "4"})
    assert node.status.conditions[0].last_transition_time == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)


async def test_a_deployment_and_a_service_are_read_as_the_api_server_completes_them(
    client: Client, namespace: str
) -> None:
    metadata = {"namespace": namespace, "name": "digits"}
    labels = {"of": "ours"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "none"}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    await client.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
    deployment = await client.get(DEPLOYMENTS, namespace, "digits", Deployment)
    assert (deployment.spec.replicas, deployment.metadata.generation) == (0, 1)
    assert deployment.spec.selector.match_labels == labels

    ports = {"ports": [{"port": 8501}]}
    await client.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": ports})
    service = await client.get(SERVICES, namespace, "digits", Service)
    assert service.spec.cluster_ip.count(".") == 3


def decode(document: dict[str, Any], as_type: type[T]) -> T:
    """Read a document as it comes over the wire."""
    return documents.decode(json.dumps(document).encode(), as_type)
