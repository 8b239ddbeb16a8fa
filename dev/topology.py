"""The kind cluster's nodes: their sizes on this machine, and the labels that no kubelet may set on itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "fogline"
"""Name of the kind cluster."""

CLEARANCE = "fogline.node-restriction.kubernetes.io/clearance"

RESTRICTED_LABELS: Mapping[str, Mapping[str, str]] = {
    f"{NAME}-worker": {CLEARANCE: "Internal"},
    f"{NAME}-worker3": {CLEARANCE: "Restricted"},
    f"{NAME}-worker4": {CLEARANCE: "Internal"},
}
"""Labels by node, set after the cluster is up. Node worker2 has none: Public data only."""

CONTROL_PLANE = f"{NAME}-control-plane"
AUDIT_LOGS = "/var/log/kubernetes"
"""Folder on the control plane. The newest file of the audit log is ``audit.log``; older ones bear a time."""
AUDIT_MEGABYTES, OLD_AUDIT_LOGS = 32, 3
"""Of each file, and how many files are kept besides the newest: a run of all tests takes less than one."""
AUTOSCALER_SECONDS = 5
"""Between two looks of the autoscaler: 15 by default, which tests would wait for several times."""
_AUDIT_POLICY = "/etc/kubernetes/audit-policy.yaml"


@dataclass(frozen=True, slots=True)
class Size:
    """Room for pods on a node."""

    cpu_millicores: int
    memory_kibibytes: int


GIBIBYTE = 1024 * 1024
CLOUD = Size(1500, 6 * GIBIBYTE)
EDGE = Size(700, 1 * GIBIBYTE)


def is_edge(node: Mapping[str, Any]) -> bool:
    """Tell whether a node of the kind configuration is an edge node."""
    labels: Mapping[str, str] = node.get("labels", {})
    return labels.get("node.kubernetes.io/instance-type") == "k3s"


def workers(configuration: Mapping[str, Any]) -> dict[str, bool]:
    """Return the names that kind gives to the worker nodes, and whether each is an edge node."""
    edges = [is_edge(node) for node in configuration["nodes"] if node["role"] == "worker"]
    return {
        f"{NAME}-worker{number if number > 1 else ''}": edge for number, edge in enumerate(edges, start=1)
    }


def with_sizes(configuration: Mapping[str, Any], machine: Size) -> dict[str, Any]:
    """Return the kind configuration with every worker limited to its size.

    A kubelet cannot be told its allocatable, only what to leave out of the whole machine, so the numbers
    depend on the machine. A machine smaller than the wanted size reserves nothing.
    """
    nodes = [
        node
        if node["role"] == "control-plane"
        else dict(node) | {"kubeadmConfigPatches": [_reserve(node, machine)]}
        for node in configuration["nodes"]
    ]
    return dict(configuration) | {"nodes": nodes}


def _reserve(node: Mapping[str, Any], machine: Size) -> str:
    size = EDGE if is_edge(node) else CLOUD
    cpu = max(0, machine.cpu_millicores - size.cpu_millicores)
    memory = max(0, machine.memory_kibibytes - size.memory_kibibytes)
    # A flag, because kubeadm gives one and the same KubeletConfiguration to all nodes that join.
    return (
        "kind: JoinConfiguration\n"
        "nodeRegistration:\n"
        "  kubeletExtraArgs:\n"
        f'    system-reserved: "cpu={cpu}m,memory={memory}Ki"\n'
    )


def with_control_plane(configuration: Mapping[str, Any], policy: Path) -> dict[str, Any]:
    """Return the kind configuration with an API server that writes an audit log, and a quick autoscaler.

    Parameters
    ----------
    policy
        File with an ``audit.k8s.io/v1`` Policy: what is written. The engine of the nodes must see it.
    """
    mount = {"hostPath": str(policy), "containerPath": _AUDIT_POLICY, "readOnly": True}
    settings = {"extraMounts": [mount], "kubeadmConfigPatches": [_control_plane()]}
    nodes = [
        dict(node) | settings if node["role"] == "control-plane" else node for node in configuration["nodes"]
    ]
    return dict(configuration) | {"nodes": nodes}


def _control_plane() -> str:
    return (
        "kind: ClusterConfiguration\n"
        "apiServer:\n"
        "  extraArgs:\n"
        f"    audit-policy-file: {_AUDIT_POLICY}\n"
        f"    audit-log-path: {AUDIT_LOGS}/audit.log\n"
        f'    audit-log-maxsize: "{AUDIT_MEGABYTES}"\n'
        f'    audit-log-maxbackup: "{OLD_AUDIT_LOGS}"\n'
        "  extraVolumes:\n"
        f"  - {{name: audit-policy, hostPath: {_AUDIT_POLICY}, mountPath: {_AUDIT_POLICY}, "
        "readOnly: true, pathType: File}\n"
        f"  - {{name: audit-logs, hostPath: {AUDIT_LOGS}, mountPath: {AUDIT_LOGS}, "
        "pathType: DirectoryOrCreate}\n"
        "controllerManager:\n"
        "  extraArgs:\n"
        f"    horizontal-pod-autoscaler-sync-period: {AUTOSCALER_SECONDS}s\n"
    )
