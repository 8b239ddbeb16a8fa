"""Live objects as an API server would hand them out, and replicas made from them."""

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import jsonpatch
import msgspec

from fogline import snapshot
from fogline.api import ModelDeployment, parse
from fogline.cluster import objects
from fogline.config import Settings
from fogline.names import MODEL_LABEL, VARIANT_LABEL, deployment_name
from fogline.objects import PinnedPlace, deployment, pin
from fogline.observe import to_node, to_replica

Document = dict[str, Any]

SETTINGS = Settings()
NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
EARLIER = "2030-01-02T03:00:00Z"

READY = {"type": "Ready", "status": "True"}
UNSCHEDULABLE = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
FETCHED = {"name": "fetch", "ready": True, "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}
RUNNING = {"name": "server", "ready": True, "state": {"running": {"startedAt": EARLIER}}}


def stored(model: ModelDeployment, *, uid: str = "uid-of-model", generation: int = 1) -> ModelDeployment:
    """Give a ModelDeployment the identity that it gets from an API server."""
    meta = msgspec.structs.replace(
        model.metadata, uid=uid, generation=generation, creation_timestamp=NOW, resource_version="7"
    )
    return msgspec.structs.replace(model, metadata=meta)


def with_status(model: ModelDeployment, status: Any) -> ModelDeployment:
    """Read the model back after its status was written, through JSON as the API server keeps it."""
    document = msgspec.json.decode(msgspec.json.encode(msgspec.structs.replace(model, status=status)))
    return parse(document)


def pod_document(model: ModelDeployment, name: str, variant: str = "cloud") -> Document:
    """Make the pod that the ReplicaSet of a variant makes: gated, and nowhere yet."""
    way = next(one for one in model.spec.variants if one.name == variant)
    template = copy.deepcopy(deployment(model, way, 1, SETTINGS)["spec"]["template"])
    labels = {**template["metadata"]["labels"], "pod-template-hash": "template-1"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": model.metadata.namespace,
            "uid": f"uid-of-{name}",
            "resourceVersion": "11",
            "creationTimestamp": EARLIER,
            "labels": labels,
        },
        "spec": template["spec"],
        "status": {
            "phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}],
        },
    }


def live_pod(document: Mapping[str, Any]) -> objects.Pod:
    """Decode a pod as the client does."""
    return msgspec.convert(document, objects.Pod)


def replica_of(document: Mapping[str, Any]) -> snapshot.Replica:
    """Read a pod of ours.

    Raises
    ------
    ValueError
        The pod is not ours.
    """
    replica = to_replica(live_pod(document))
    if replica is None:
        raise ValueError("no pod of a ModelDeployment")
    return replica


def pinned(document: Document, node: str, client_site: str | None = None) -> Document:
    """Give the pod with the pin, as the API server has it after our patch."""
    place = PinnedPlace(node, client_site, cost_per_hour="0.5", latency_milliseconds=5, decided_at=NOW)
    return patched(document, pin(replica_of(document), place))


def patched(document: Document, patch: list[Document]) -> Document:
    """Apply a JSON patch as the API server does; a test in it that fails raises."""
    result: Document = jsonpatch.apply_patch(document, patch)
    return result


def bound(document: Document, node: str) -> Document:
    """Give the pod once kube-scheduler has put it on its node; the kubelet has said nothing yet."""
    found = copy.deepcopy(pinned(document, node) if document["spec"].get("schedulingGates") else document)
    found["spec"].pop("schedulingGates", None)
    found["spec"]["nodeName"] = node
    found["status"]["conditions"] = [{"type": "PodScheduled", "status": "True"}]
    return found


def serving(document: Document, node: str) -> Document:
    """Give the pod when it is Ready."""
    found = bound(document, node)
    found["status"] = {
        "phase": "Running",
        "conditions": [{"type": "PodScheduled", "status": "True"}, READY],
        "initContainerStatuses": [FETCHED],
        "containerStatuses": [RUNNING],
    }
    return found


def make_live_node(name: str = "node", labels: Mapping[str, str] | None = None, **parts: Any) -> objects.Node:
    """Make a Node that is Ready, of four cores.

    Parameters
    ----------
    parts
        ``spec`` and ``status`` as documents; they replace the defaults.
    """
    document = {
        "metadata": {"name": name, "uid": f"uid-of-{name}", "labels": labels or {}},
        "spec": {},
        "status": {
            "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
            "conditions": [READY],
        },
        **parts,
    }
    return msgspec.convert(document, objects.Node)


def facts_of(labels: Mapping[str, str], name: str = "node") -> snapshot.Node:
    """Read a node with these labels as placement sees it."""
    return to_node(make_live_node(name, labels), SETTINGS)


def make_live_deployment(
    model: ModelDeployment,
    variant: str = "cloud",
    *,
    replicas: int = 1,
    status: Mapping[str, Any] | None = None,
) -> objects.Deployment:
    """Make a live Deployment of a variant; without further words its rollout is over.

    Parameters
    ----------
    status
        Fields that differ, as in a document.
    """
    settled = {"observedGeneration": 3, "replicas": replicas, "updatedReplicas": replicas}
    document = {
        "metadata": {
            "name": deployment_name(model.metadata.name, variant),
            "namespace": model.metadata.namespace,
            "uid": f"uid-of-{variant}",
            "generation": 3,
            "labels": {MODEL_LABEL: model.metadata.name, VARIANT_LABEL: variant},
            "ownerReferences": [
                {
                    "kind": "ModelDeployment",
                    "name": model.metadata.name,
                    "uid": model.metadata.uid,
                    "controller": True,
                }
            ],
        },
        "spec": {"selector": {"matchLabels": {}}, "replicas": replicas},
        "status": {**settled, **(status or {})},
    }
    return msgspec.convert(document, objects.Deployment)
