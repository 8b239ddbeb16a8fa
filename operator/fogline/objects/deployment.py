"""The Deployment that runs one variant of a model."""

from fogline.api import ModelDeployment, MoveStrategy, OnEdgeUnreachable, Runtime, Tier, Variant
from fogline.config import FETCHER_REQUESTS, Settings
from fogline.names import (
    DATA_SENSITIVITY_LABEL,
    GATE,
    GRPC_PORT,
    REST_PORT,
    VARIANT_LABEL,
    deployment_name,
)
from fogline.objects import artifact
from fogline.objects.affinity import required_affinity
from fogline.objects.metadata import Document, child_metadata, model_labels

USER_ID = 65532
"""Unprivileged user of our containers."""
DRAIN_SECONDS = 3
"""Time between leaving the endpoints and SIGTERM, so that no client still sends to a server that stops."""
GRACE_SECONDS = 40
"""Draining, and then the 30 s in which a server answers what is in flight, with some to spare."""
PROGRESS_DEADLINE_SECONDS = 600


def deployment(model: ModelDeployment, variant: Variant, replicas: int, settings: Settings) -> Document:
    """Build the Deployment of a variant. Its pods carry the gate and the requirements, but name no node."""
    labels = {**model_labels(model), VARIANT_LABEL: variant.name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": child_metadata(
            model, deployment_name(model.metadata.name, variant.name), {VARIANT_LABEL: variant.name}
        ),
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
                    }
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
    spec: Document = {
        "schedulingGates": [{"name": GATE}],
        "affinity": required_affinity(model, variant, settings),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER_ID,
            "runAsGroup": USER_ID,
            "fsGroup": USER_ID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "initContainers": [_fetcher(model, variant, settings)],
        "containers": [_server(model, variant, settings)],
        "volumes": _volumes(variant),
    }
    if tolerations := _tolerations(model, variant):
        spec["tolerations"] = tolerations
    if model.spec.placement.priority_class_name:
        spec["priorityClassName"] = model.spec.placement.priority_class_name
    return spec


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


def _fetcher(model: ModelDeployment, variant: Variant, settings: Settings) -> Document:
    source = variant.artifact
    arguments = [
        f"--uri={source.uri}",
        f"--destination={artifact.base_path(model)}",
        f"--version={artifact.version(source)}",
    ]
    mounts: list[Document] = [{"name": "models", "mountPath": artifact.MODELS_FOLDER}]
    if source.sha256:
        arguments.append(f"--sha256={source.sha256}")
    if source.secret_name:
        arguments.append(f"--credentials={artifact.CREDENTIALS_FOLDER}")
        mounts.append({"name": "credentials", "mountPath": artifact.CREDENTIALS_FOLDER, "readOnly": True})
    return {
        "name": "fetch",
        "image": settings.fetcher_image,
        "imagePullPolicy": "IfNotPresent",
        "args": arguments,
        "resources": {
            "requests": dict(FETCHER_REQUESTS),
            "limits": {"memory": "256Mi"},
        },
        "securityContext": _restricted(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
    }


def _server(model: ModelDeployment, variant: Variant, settings: Settings) -> Document:
    default_image = {
        Runtime.TENSORFLOW_SERVING: settings.tensorflow_serving_image,
        Runtime.LITERT: settings.litert_image,
    }[variant.runtime]
    name = model.model_name
    # Status answers 200 while nothing is loaded; metadata does not. It is also cheaper than a prediction.
    loaded = {"path": f"/v1/models/{name}/metadata", "port": "rest"}
    return {
        "name": "server",
        "image": variant.image or default_image,
        "imagePullPolicy": "IfNotPresent",
        "args": [
            f"--port={GRPC_PORT}",
            f"--rest_api_port={REST_PORT}",
            f"--model_name={name}",
            f"--model_base_path={artifact.base_path(model)}",
        ],
        "ports": [
            {"name": "grpc", "containerPort": GRPC_PORT, "protocol": "TCP"},
            {"name": "rest", "containerPort": REST_PORT, "protocol": "TCP"},
        ],
        "resources": _resources(variant),
        "securityContext": _restricted(),
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
            {"name": "models", "mountPath": artifact.MODELS_FOLDER, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  a volume of the pod, not of this host
        ],
    }


def _resources(variant: Variant) -> Document:
    if not variant.resources:
        return {}
    given = {"requests": variant.resources.requests, "limits": variant.resources.limits}
    return {kind: dict(quantities) for kind, quantities in given.items() if quantities}


def _volumes(variant: Variant) -> list[Document]:
    volumes: list[Document] = [{"name": "models", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}]
    if variant.artifact.secret_name:
        volumes.append({"name": "credentials", "secret": {"secretName": variant.artifact.secret_name}})
    return volumes


def _restricted() -> Document:
    """Pod Security Standards, level restricted, and a root file system that nobody writes to."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
