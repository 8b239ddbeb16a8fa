"""The one Service of a model, in front of the replicas of every variant."""

from fogline.api import ModelDeployment
from fogline.names import GRPC_PORT, REST_PORT
from fogline.objects.metadata import Document, child_metadata, model_labels


def service(model: ModelDeployment) -> Document:
    """Build the Service: gRPC and REST of TensorFlow Serving, on whichever replica is Ready."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": child_metadata(model, model.metadata.name),
        "spec": {
            "selector": model_labels(model),
            "ports": [
                {"name": "grpc", "port": GRPC_PORT, "targetPort": "grpc", "protocol": "TCP"},
                {"name": "rest", "port": REST_PORT, "targetPort": "rest", "protocol": "TCP"},
            ],
        },
    }


def service_url(model: ModelDeployment) -> str:
    """Give the REST address inside the cluster."""
    return f"http://{model.metadata.name}.{model.metadata.namespace}.svc:{REST_PORT}"
