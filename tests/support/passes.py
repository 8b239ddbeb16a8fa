"""Short ways into a pass over one ModelDeployment, and to what it wants to write."""

import copy
from datetime import timedelta
from typing import Any

from tests.support.builders import make_edge_node, make_model, make_node
from tests.support.live import NOW, pod_document, serving, stored

from fogline.api import ModelDeployment
from fogline.names import DELETION_COST_ANNOTATION
from fogline.reconcile.intent import Intent
from fogline.snapshot import Node

CLOUD = make_node("cloud-1", cost="1")
EDGE = make_edge_node("edge-1", cost="0.1")


def model(**spec: Any) -> ModelDeployment:
    """Make a model as the API server keeps it."""
    return stored(make_model(**spec))


def running(name: str, node: str, variant: str = "cloud", *, cost: str | None = None) -> dict[str, Any]:
    """Make a replica that serves."""
    document = copy.deepcopy(serving(pod_document(model(), name, variant), node))
    if cost:
        document["metadata"]["annotations"][DELETION_COST_ANNOTATION] = cost
    return document


def replicas_of(intent: Intent) -> dict[str, int]:
    """Count the replicas that each Deployment should run."""
    assert intent.children is not None
    return {one["metadata"]["name"]: one["spec"]["replicas"] for one in intent.children.deployments}


def costs_of(intent: Intent) -> dict[str, str | None]:
    """Give the deletion costs that change, by pod."""
    return {replica.name: cost for replica, cost in intent.deletion_costs}


def drained(seconds: int) -> Node:
    return make_node("drained", cordoned=True, cordoned_since=NOW - timedelta(seconds=seconds))


def kept_by(intent: Intent) -> int:
    """Give how many replicas the disruption budget keeps."""
    assert intent.children is not None
    return int(intent.children.budget["spec"]["minAvailable"])
