"""What every cluster of ours has in common, and simulated nodes for those that kwok serves."""

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dev.api import Connection, connect
from dev.errors import DevError

MADE_BY = "fogline.dev/made-by"
"""Label of the namespace kube-system; tests refuse a cluster without it."""

POLL_SECONDS = 0.2


def mark_as_ours(api: Connection) -> None:
    """Say on the cluster that it was made here and may be used by tests."""
    api.request(
        "PATCH",
        "/api/v1/namespaces/kube-system",
        {"metadata": {"labels": {MADE_BY: "dev"}}},
        content_type="application/merge-patch+json",
    )


def simulated_node(
    name: str,
    labels: Mapping[str, str] | None = None,
    *,
    cpu: str = "4",
    memory: str = "16Gi",
    pods: int = 110,
) -> dict[str, Any]:
    """Return the manifest of a node that kwok keeps Ready.

    Parameters
    ----------
    labels
        On top of ``kubernetes.io/hostname``, ``arch`` and ``os``, which every real node has.
    cpu, memory, pods
        Capacity and allocatable, as Kubernetes quantities.
    """
    room = {"cpu": cpu, "memory": memory, "pods": str(pods)}
    own = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/os": "linux",
        "type": "kwok",
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": own | dict(labels or {}),
        },
        "status": {"capacity": room, "allocatable": room},
    }


def add_nodes(
    kubeconfig: Path, nodes: Iterable[Mapping[str, Any]], *, ready_limit_seconds: float = 60
) -> None:
    """Create nodes over one connection and wait until all nodes of the cluster are Ready.

    Raises
    ------
    DevError
        A node is refused, or not all are Ready after `ready_limit_seconds`.
    """
    with connect(kubeconfig) as api:
        for node in nodes:
            api.request("POST", "/api/v1/nodes", node)
        wait_until_nodes_ready(api, limit_seconds=ready_limit_seconds)


def wait_until_nodes_ready(api: Connection, *, limit_seconds: float) -> None:
    """Wait until every node is Ready.

    Raises
    ------
    DevError
        Some are not after `limit_seconds`.
    """
    give_up = time.monotonic() + limit_seconds
    while late := _not_ready(api):
        if time.monotonic() > give_up:
            raise DevError(
                f"{len(late)} nodes are not Ready after {limit_seconds:.0f} s: {', '.join(late[:5])}",
                "look at `kubectl describe node`; `python -m dev down` starts afresh",
            )
        time.sleep(POLL_SECONDS)


def _not_ready(api: Connection) -> list[str]:
    # As a table: a few bytes for each node, where whole nodes would be 13 kB each.
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
    table = api.request("GET", "/api/v1/nodes?includeObject=None", accept=accept)
    columns = [column["name"] for column in table["columnDefinitions"]]
    name, status = columns.index("Name"), columns.index("Status")
    return [
        row["cells"][name] for row in table["rows"] or () if row["cells"][status].split(",")[0] != "Ready"
    ]
