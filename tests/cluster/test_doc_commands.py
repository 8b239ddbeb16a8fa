"""The commands in the documentation that need a cluster: on an API server with three nodes and a model."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dev import libyaml
from dev.api import Connection, connect
from dev.cluster import add_nodes, simulated_node
from dev.controlplane import ControlPlane
from dev.paths import ROOT
from dev.programs import program
from tests.support.doc_commands import Block, blocks, run
from tests.support.kubectl import Kubectl

from fogline.cluster.kinds import MODEL_DEPLOYMENTS, NODES, Kind
from fogline.names import CLEARANCE_LABEL, COST_LABEL, LATENCY_LABEL, TIER_LABEL

pytestmark = pytest.mark.usefixtures("operator")

EXAMPLE = ROOT / "examples" / "digits" / "modeldeployment.yaml"
TIERS = {"cloud-1": "Cloud", "edge-1": "Edge", "edge-2": "Edge"}
NAMESPACES = ("default", "shop")
SET_BY_PAGES = dict.fromkeys((CLEARANCE_LABEL, COST_LABEL, LATENCY_LABEL))
MADE_BY_PAGES = Kind("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
READ_BY_PAGES = {"nodes.yaml": "nodes", "models.yaml": "modeldeployments"}
READY_LIMIT_SECONDS = 120
LOOK_SECONDS = 0.1


@pytest.fixture
def api(control_plane: ControlPlane) -> Iterator[Connection]:
    """Connect for what comes before and after: only what pages say is run as it stands."""
    with connect(control_plane.kubeconfig) as api:
        yield api


@pytest.fixture(scope="module")
def nodes(control_plane: ControlPlane, kubectl: Kubectl) -> Iterator[None]:
    """Have the nodes that pages name, and the namespaces."""
    made = [simulated_node(name, {TIER_LABEL: tier}) for name, tier in TIERS.items()]
    add_nodes(control_plane.kubeconfig, made, ready_limit_seconds=180)
    kubectl("create", "namespace", "shop")
    for namespace in NAMESPACES:
        kubectl("create", "--filename=-", manifest=digits(namespace))
    yield
    kubectl("delete", "mdep", "--all", "--all-namespaces")
    kubectl("delete", "namespace", "shop", "--wait=false")
    kubectl("delete", "nodes", *TIERS)


@pytest.fixture
def _as_made(nodes: None, api: Connection) -> Iterator[None]:
    """Have the model that pages name be Ready, and what earlier pages said of it and of the nodes be gone."""
    del nodes  # they must be there
    for name in TIERS:
        own = {CLEARANCE_LABEL: "Restricted"} if name == "cloud-1" else {}
        patch(api, NODES.path(None, name), {"metadata": {"labels": SET_BY_PAGES | own}})
    models = [MODEL_DEPLOYMENTS.path(namespace, "digits") for namespace in NAMESPACES]
    for namespace, model in zip(NAMESPACES, models, strict=True):
        patch(api, model, {"spec": digits(namespace)["spec"] | {"suspend": False}})
    end = time.monotonic() + READY_LIMIT_SECONDS
    while not all(is_ready(api.request("GET", model)) for model in models):
        assert time.monotonic() < end, f"not all Ready: {models}"
        time.sleep(LOOK_SECONDS)
    yield
    for namespace in NAMESPACES:
        api.request("DELETE", MADE_BY_PAGES.path(namespace))


def patch(api: Connection, path: str, change: dict[str, Any]) -> None:
    """Change an object."""
    api.request("PATCH", path, change, content_type="application/merge-patch+json")


def is_ready(model: dict[str, Any]) -> bool:
    """Tell whether a model is Ready as its present spec says, as ``kubectl wait`` looks at it."""
    now = {"type": "Ready", "status": "True", "observedGeneration": model["metadata"]["generation"]}
    return any(now.items() <= one.items() for one in model.get("status", {}).get("conditions", ()))


def digits(namespace: str) -> dict[str, Any]:
    """Give the model of the example, as one that every node may hold."""
    manifest: dict[str, Any] = libyaml.load(EXAMPLE.read_text())
    manifest["metadata"]["namespace"] = namespace
    manifest["spec"]["placement"]["dataSensitivity"] = "Public"
    return manifest


@pytest.mark.parametrize("block", blocks("cluster"), ids=str)
@pytest.mark.usefixtures("_as_made")
def test_commands_that_need_a_cluster_succeed_on_one(
    block: Block, kubectl: Kubectl, control_plane: ControlPlane, tmp_path: Path
) -> None:
    for file, kinds in READ_BY_PAGES.items():
        if file in block.text:
            (tmp_path / file).write_text(kubectl("get", kinds, "--all-namespaces", "--output=yaml"))
    run(block, tmp_path, control_plane.kubeconfig, kubectl=program("kubectl"))
