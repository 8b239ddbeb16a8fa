"""The commands in the documentation that need a cluster: on an API server with three nodes and a model."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dev import libyaml
from dev.cluster import add_nodes, simulated_node
from dev.controlplane import ControlPlane
from dev.paths import ROOT
from dev.programs import program
from tests.support.doc_commands import Block, blocks, run
from tests.support.kubectl import Kubectl

from fogline.names import CLEARANCE_LABEL, COST_LABEL, LATENCY_LABEL, TIER_LABEL

pytestmark = pytest.mark.usefixtures("operator")

EXAMPLE = ROOT / "examples" / "digits" / "modeldeployment.yaml"
NODES = {"cloud-1": "Cloud", "edge-1": "Edge", "edge-2": "Edge"}
NAMESPACES = ("default", "shop")
SET_BY_PAGES = (CLEARANCE_LABEL, COST_LABEL, LATENCY_LABEL)
MADE_BY_PAGES = "horizontalpodautoscalers"


@pytest.fixture(scope="module")
def nodes(control_plane: ControlPlane, kubectl: Kubectl) -> Iterator[None]:
    """Have the nodes that pages name, and the namespaces."""
    made = [simulated_node(name, {TIER_LABEL: tier}) for name, tier in NODES.items()]
    add_nodes(control_plane.kubeconfig, made, ready_limit_seconds=180)
    kubectl("create", "namespace", "shop")
    for namespace in NAMESPACES:
        kubectl("create", "--filename=-", manifest=digits(namespace))
    yield
    kubectl("delete", "mdep", "--all", "--all-namespaces")
    kubectl("delete", "namespace", "shop", "--wait=false")
    kubectl("delete", "nodes", *NODES)


@pytest.fixture
def cluster(nodes: None, kubectl: Kubectl) -> Iterator[Kubectl]:
    """Have the model that pages name be Ready, and what earlier pages said of it and of the nodes be gone."""
    del nodes  # they must be there
    kubectl("label", "nodes", *NODES, *(f"{label}-" for label in SET_BY_PAGES))
    kubectl("label", "node", "cloud-1", f"{CLEARANCE_LABEL}=Restricted")
    for namespace in NAMESPACES:
        as_made = json.dumps({"spec": digits(namespace)["spec"] | {"suspend": False}})
        kubectl("patch", "mdep/digits", f"--namespace={namespace}", "--type=merge", f"--patch={as_made}")
    for namespace in NAMESPACES:
        kubectl(
            *("wait", "mdep/digits", f"--namespace={namespace}", "--for=condition=Ready", "--timeout=120s")
        )
    yield kubectl
    kubectl("delete", MADE_BY_PAGES, "--all", "--all-namespaces")


def digits(namespace: str) -> dict[str, Any]:
    """Give the model of the example, as one that every node may hold."""
    manifest: dict[str, Any] = libyaml.load(EXAMPLE.read_text())
    manifest["metadata"]["namespace"] = namespace
    manifest["spec"]["placement"]["dataSensitivity"] = "Public"
    return manifest


@pytest.mark.parametrize("block", blocks("cluster"), ids=str)
def test_commands_that_need_a_cluster_succeed_on_one(
    block: Block, cluster: Kubectl, control_plane: ControlPlane, tmp_path: Path
) -> None:
    for file, kinds in {"nodes.yaml": "nodes", "models.yaml": "modeldeployments"}.items():
        (tmp_path / file).write_text(cluster("get", kinds, "--all-namespaces", "--output=yaml"))
    run(block, tmp_path, control_plane.kubeconfig, kubectl=program("kubectl"))
