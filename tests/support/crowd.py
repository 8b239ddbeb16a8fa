"""Two hundred nodes of all kinds and models of all kinds with four hundred replicas, the same every time."""

from collections.abc import Iterator
from typing import Any

from dev.cluster import simulated_node
from tests.support.builders import make_variant

from fogline.cluster.documents import Document
from fogline.names import (
    ACCELERATOR_LABEL,
    ARCHITECTURE_LABEL,
    BILLING_LABEL,
    CLEARANCE_LABEL,
    CLIENT_SITE_LATENCY_PREFIX,
    COST_LABEL,
    LATENCY_LABEL,
    REGION_LABEL,
    TIER_LABEL,
    ZONE_LABEL,
)

NODES = 200
CLEARANCES = ["Public", "Internal", "Confidential", "Restricted"]
GPU = "nvidia.com/gpu"


def crowd_nodes(prefix: str, label: str) -> Iterator[Document]:
    """Make the nodes; the periods in which their facts repeat have no common divisor.

    Parameters
    ----------
    prefix
        Of their names, and the value of the label.
    label
        That says whose they are.
    """
    for number in range(NODES):
        labels = {
            label: prefix,
            TIER_LABEL: "Edge" if number % 2 else "Cloud",
            ZONE_LABEL: f"z{number % 11}",
            REGION_LABEL: ["eu-west", "eu-north", "us-east"][number % 3],
            CLEARANCE_LABEL: CLEARANCES[number % 7 % 4],
            ARCHITECTURE_LABEL: "arm64" if number % 5 == 0 else "amd64",
            COST_LABEL: f"{0.1 + number % 13 / 10:.1f}",
            f"{CLIENT_SITE_LATENCY_PREFIX}plant-a": str(5 + 9 * (number % 11)),
        }
        if number % 17:
            labels[LATENCY_LABEL] = str(2 + 3 * (number % 19))
        if number % 9 == 0:
            labels[BILLING_LABEL] = "Share"
        if number % 4 == 0:
            labels[ACCELERATOR_LABEL] = "A100" if number % 8 else "T4"
        node = simulated_node(f"{prefix}-{number:03}", labels, cpu=str(1 + number % 4), memory="4Gi")
        if number % 4 == 0:
            for room in ("capacity", "allocatable"):
                node["status"][room][GPU] = "2"
        if number % 23 == 0:
            node["spec"] = {"taints": [{"key": "team", "value": "a", "effect": "NoSchedule"}]}
        if number % 29 == 0:
            node["spec"] = {"unschedulable": True}
        yield node


def neighbours(prefix: str) -> Iterator[Document]:
    """Make other people's pods, which take a core of every sixth node."""
    container = {"name": "c", "image": "example.com/c", "resources": {"requests": {"cpu": "1"}}}
    for number in range(0, NODES, 6):
        yield {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"neighbour-{number}", "namespace": prefix},
            "spec": {"nodeName": f"{prefix}-{number:03}", "containers": [container]},
        }


def small(name: str, tier: str, **fields: Any) -> Any:
    """Make a variant of a quarter of a core."""
    return make_variant(name, tier, requests={"cpu": "250m", "memory": "128Mi"}, **fields)


BOTH = [small("cloud", "Cloud"), small("edge", "Edge")]
ACCELERATED = {"cpu": "500m", "memory": "128Mi", GPU: "1"}
MODELS: dict[str, dict[str, Any]] = {
    "anywhere": {"replicas": 100, "variants": BOTH},
    "confidential": {"replicas": 40, "variants": BOTH, "placement": {"dataSensitivity": "Confidential"}},
    "european": {
        "replicas": 60,
        "variants": BOTH,
        "placement": {"allowedRegions": ["eu-west", "eu-north"], "spread": {"maxPerNode": 2}},
    },
    "near": {
        "replicas": 60,
        "variants": BOTH,
        "placement": {
            "clients": [{"site": "plant-a", "weight": 2}, {"site": "plant-b"}],
            "latency": {"targetMilliseconds": 10, "maxMilliseconds": 30},
        },
    },
    "arm": {
        "replicas": 30,
        "variants": [small("edge", "Edge", architectures=["arm64"])],
        "placement": {"spread": {"maxPerZonePercent": 20}},
    },
    "accelerated": {
        "replicas": 20,
        "variants": [
            make_variant(
                "cloud",
                "Cloud",
                acceleratorTypes=["A100"],
                resources={"requests": ACCELERATED, "limits": {GPU: "1"}},
            )
        ],
    },
    "split": {
        "replicas": 50,
        "variants": BOTH,
        "placement": {"cloud": {"minReplicas": 20, "maxReplicas": 30}, "edge": {"minReplicas": 10}},
    },
    "thrifty": {
        "replicas": 40,
        "variants": [small("edge", "Edge")],  # paid by the share, so that what others do costs it nothing
        "placement": {"cost": {"maxPerHour": "1.5"}, "priority": 10, "spread": {"maxPerNode": 1}},
    },
}
"""Specs by name: 400 replicas. Not all find a place."""
