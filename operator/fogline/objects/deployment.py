"""The Deployment that runs one variant of a model."""

from collections.abc import Mapping

from fogline.api import (
    Architecture,
    ModelDeployment,
    MoveStrategy,
    OnEdgeUnreachable,
    Runtime,
    Tier,
    Variant,
)
from fogline.config import Settings
from fogline.names import (
    DATA_SENSITIVITY_LABEL,
    GATE,
    GRPC_PORT,
    MONITORING_ANNOTATION,
    REST_PORT,
    TIER_LABEL,
    VARIANT_LABEL,
    deployment_name,
)
from fogline.objects import artifact
from fogline.objects.affinity import required_affinity
from fogline.objects.delivery import Delivery, delivery
from fogline.objects.metadata import Document, child_metadata, model_labels
from fogline.objects.security import restricted, unprivileged

DRAIN_SECONDS = 5
"""Time between leaving the endpoints and SIGTERM, so that no client still sends to a server that stops:
kube-proxy of a busy node needs seconds to hear of it."""
GRACE_SECONDS = 40
"""Draining, and then the 30 s in which a server answers what is in flight, with some to spare."""
PROGRESS_DEADLINE_SECONDS = 600
MONITORING = "prometheus_config { enable: true }"
"""TensorFlow Serving has metrics, under ``/monitoring/prometheus/metrics`` of its REST port, only when a file
says so. The kubelet makes the file from an annotation, so that no other object is needed."""
MONITORING_FOLDER = "/etc/fogline/monitoring"
MONITORING_FILE = "monitoring.txt"


def deployment(
    model: ModelDeployment,
    variant: Variant,
    replicas: int,
    settings: Settings,
    notes: Mapping[str, str] | None = None,
) -> Document:
    """Build the Deployment of a variant. Its pods carry the gate and the requirements, but name no node.

    `notes` are annotations of the Deployment, not of its pods.
    """
    labels = {**model_labels(model), VARIANT_LABEL: variant.name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            **child_metadata(
                model, deployment_name(model.metadata.name, variant.name), {VARIANT_LABEL: variant.name}
            ),
            **({"annotations": dict(notes)} if notes else {}),
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": _rolling_update(model, variant)},
            "progressDeadlineSeconds": PROGRESS_DEADLINE_SECONDS,
            "revisionHistoryLimit": 2,
            "template": {
                "metadata": {
                    "labels": {
                        **labels,
                        DATA_SENSITIVITY_LABEL: model.spec.placement.data_sensitivity.value,
                        TIER_LABEL: variant.tier.value,
                    },
                    "annotations": {MONITORING_ANNOTATION: MONITORING},
                },
                "spec": _pod_spec(model, variant, settings),
            },
        },
    }


def _rolling_update(model: ModelDeployment, variant: Variant) -> Document:
    """Replace one by one without a gap; where no room to surge is, the user chose Evict."""
    if variant.tier is Tier.EDGE and model.spec.rebalancing.strategy is MoveStrategy.EVICT:
        return {"maxSurge": 0, "maxUnavailable": 1}
    return {"maxSurge": "25%", "maxUnavailable": 0}


def _pod_spec(model: ModelDeployment, variant: Variant, settings: Settings) -> Document:
    files = delivery(model, variant, settings)
    spec: Document = {
        "schedulingGates": [{"name": GATE}],
        "affinity": required_affinity(model, variant, settings),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": unprivileged(),
        "initContainers": [files.init_container],
        "containers": [_server(model, variant, files, settings)],
        "volumes": [*files.volumes, {"name": "tmp", "emptyDir": {}}, _monitoring()],
    }
    if files.pull_secret:
        spec["imagePullSecrets"] = [{"name": files.pull_secret}]
    if tolerations := _tolerations(model, variant):
        spec["tolerations"] = tolerations
    if model.spec.placement.priority_class_name:
        spec["priorityClassName"] = model.spec.placement.priority_class_name
    return spec


def _monitoring() -> Document:
    field = {"fieldPath": f"metadata.annotations['{MONITORING_ANNOTATION}']"}
    return {"name": "monitoring", "downwardAPI": {"items": [{"path": MONITORING_FILE, "fieldRef": field}]}}


def _tolerations(model: ModelDeployment, variant: Variant) -> list[Document]:
    """Say how long an edge replica outlives the link to its node; elsewhere the cluster's default holds."""
    if variant.tier is not Tier.EDGE:
        return []
    limit: Document = {}
    if model.spec.disruption.on_edge_unreachable is OnEdgeUnreachable.REPLACE:
        limit = {"tolerationSeconds": model.spec.disruption.replace_after_seconds}
    return [
        {"key": f"node.kubernetes.io/{state}", "operator": "Exists", "effect": "NoExecute", **limit}
        for state in ("not-ready", "unreachable")
    ]


def _server(model: ModelDeployment, variant: Variant, files: Delivery, settings: Settings) -> Document:
    name = model.model_name
    # Status answers 200 while nothing is loaded; metadata does not. It is also cheaper than a prediction.
    loaded = {"path": f"/v1/models/{name}/metadata", "port": "rest"}
    return {
        "name": "server",
        "image": variant.image or _default_image(variant, settings),
        "imagePullPolicy": "IfNotPresent",
        "args": [
            f"--port={GRPC_PORT}",
            f"--rest_api_port={REST_PORT}",
            f"--model_name={name}",
            f"--model_base_path={artifact.base_path(model)}",
            f"--monitoring_config_file={MONITORING_FOLDER}/{MONITORING_FILE}",
            # The folder is complete when the server starts: trying again would not help, and when the server
            # ends, the pod says why.
            "--max_num_load_retries=0",
        ],
        "ports": [
            {"name": "grpc", "containerPort": GRPC_PORT, "protocol": "TCP"},
            {"name": "rest", "containerPort": REST_PORT, "protocol": "TCP"},
        ],
        "resources": _resources(variant),
        "securityContext": restricted(),
        "startupProbe": {"httpGet": loaded, "periodSeconds": 1, "timeoutSeconds": 2, "failureThreshold": 600},
        "readinessProbe": {
            "httpGet": loaded,
            "periodSeconds": 5,
            "timeoutSeconds": 2,
            "failureThreshold": 2,
        },
        "livenessProbe": {
            "tcpSocket": {"port": "rest"},
            "periodSeconds": 10,
            "timeoutSeconds": 2,
            "failureThreshold": 6,
        },
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}},
        "volumeMounts": [
            files.server_mount,
            {"name": "monitoring", "mountPath": MONITORING_FOLDER, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  a volume of the pod, not of this host
        ],
    }


def _default_image(variant: Variant, settings: Settings) -> str:
    if variant.runtime is Runtime.LITERT:
        return settings.litert_image
    if Architecture.ARM64 in (variant.architectures or ()):
        return settings.tensorflow_serving_arm64_image
    return settings.tensorflow_serving_image


def _resources(variant: Variant) -> Document:
    if not variant.resources:
        return {}
    given = {"requests": variant.resources.requests, "limits": variant.resources.limits}
    return {kind: dict(quantities) for kind, quantities in given.items() if quantities}
