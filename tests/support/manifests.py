"""Manifests of the smallest objects that an API server takes."""

from typing import Any

from fogline.names import GATE

Manifest = dict[str, Any]


def lease(namespace: str, name: str = "lease", **spec: Any) -> Manifest:
    """Make a Lease: an object that no controller looks at."""
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"namespace": namespace, "name": name},
        "spec": spec,
    }


def gated_pod(namespace: str, name: str = "pod", labels: dict[str, str] | None = None) -> Manifest:
    """Make a pod that the scheduler leaves alone, with two terms of required node affinity."""
    tier = {"matchExpressions": [{"key": "fogline.dev/tier", "operator": "In", "values": ["Edge"]}]}
    k3s = {
        "matchExpressions": [{"key": "node.kubernetes.io/instance-type", "operator": "In", "values": ["k3s"]}]
    }
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [tier, k3s]}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": namespace, "name": name, "labels": labels or {}},
        "spec": {
            "automountServiceAccountToken": False,
            "schedulingGates": [{"name": GATE}],
            "affinity": {"nodeAffinity": required},
            "containers": [
                {"name": "server", "image": "none", "resources": {"requests": {"cpu": "100m"}}},
            ],
        },
    }
