"""An instance as Kubernetes documents, as ``kubectl get nodes,pods,mdep -A -o json`` gives them."""

from collections.abc import Iterator
from typing import Any

import msgspec

from dev.instances.instance import Instance
from fogline import names
from fogline.api import GROUP, KIND, VERSION, ModelDeployment
from fogline.snapshot import Node, Pod, ReplicaOf
from fogline.units import Amounts


def documents(instance: Instance) -> dict[str, Any]:
    """Give one List of all Nodes, Pods and ModelDeployments."""
    return {"apiVersion": "v1", "kind": "List", "items": list(_items(instance))}


def _items(instance: Instance) -> Iterator[dict[str, Any]]:
    yield from map(_node, instance.snapshot.nodes)
    yield from (_pod(pod, pod.replica) for pod in instance.snapshot.pods if pod.replica)
    yield from map(_model, instance.models)


def _node(node: Node) -> dict[str, Any]:
    labels = {
        **node.labels,
        "kubernetes.io/hostname": node.name,
        names.ARCHITECTURE_LABEL: node.architecture,
        names.ZONE_LABEL: node.zone,
        names.TIER_LABEL: node.tier,
        names.BILLING_LABEL: node.billing,
        names.COST_LABEL: f"{node.cost_per_hour:f}",
        names.CLEARANCE_LABEL: str(node.clearance),
        **({names.REGION_LABEL: node.region} if node.region else {}),
    }
    for site, milliseconds in node.client_site_latency_milliseconds.items():
        labels[f"{names.CLIENT_SITE_LATENCY_PREFIX}{site}"] = str(milliseconds)
    room = _quantities(node.allocatable)
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": node.name, "labels": labels},
        "spec": {"unschedulable": True} if node.cordoned else {},
        "status": {
            "allocatable": room,
            "capacity": room,
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def _pod(pod: Pod, replica: ReplicaOf) -> dict[str, Any]:
    site = replica.client_site
    requests = _quantities({name: amount for name, amount in pod.requests.items() if name != "pods"})
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "namespace": pod.namespace,
            "name": pod.name,
            "labels": {
                names.MODEL_LABEL: replica.model.name,
                names.VARIANT_LABEL: replica.variant,
            },
            "annotations": {} if site is None else {names.CLIENT_SITE_ANNOTATION: site},
        },
        "spec": {
            "nodeName": pod.node,
            "containers": [{"name": "server", "resources": {"requests": requests}}],
        },
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    }


def _model(model: ModelDeployment) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(model)
    return {"apiVersion": f"{GROUP}/{VERSION}", "kind": KIND, **plain}


def _quantities(amounts: Amounts) -> dict[str, str]:
    return {name: _quantity(name, amount) for name, amount in amounts.items()}


def _quantity(resource: str, amount: int) -> str:
    """Write an amount without a loss; a kubelet writes memory in kibibytes."""
    match resource:
        case "cpu":
            return f"{amount}m"
        case "memory" if amount % 1024 == 0:
            return f"{amount // 1024}Ki"
        case _:
            return str(amount)
