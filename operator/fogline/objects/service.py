"""The Services of a model: the one in front of all replicas and, on request, one for each tier or site."""

from fogline.api import ModelDeployment
from fogline.names import GRPC_PORT, REST_PORT, TIER_LABEL, ZONE_LABEL, service_name
from fogline.objects.metadata import Document, child_metadata, model_labels


def services(model: ModelDeployment, traffic_distribution: str | None = None) -> tuple[Document, ...]:
    """Build every Service of a model, the one in front of all replicas first.

    Each leads to Ready replicas only, so to no replica that has begun to stop.

    Parameters
    ----------
    traffic_distribution
        As the cluster calls it; None for any replica.
    """
    options, name = model.spec.service, model.metadata.name
    parts: dict[str, dict[str, str]] = {name: {}}
    if options.per_tier:
        tiers = sorted({variant.tier for variant in model.spec.variants})
        parts |= {service_name(name, tier.lower()): {TIER_LABEL: tier.value} for tier in tiers}
    parts |= {service_name(name, site): {ZONE_LABEL: site} for site in options.sites or ()}
    return tuple(_service(model, part, selector, traffic_distribution) for part, selector in parts.items())


def _service(
    model: ModelDeployment, name: str, selector: dict[str, str], traffic_distribution: str | None
) -> Document:
    """Build a Service: gRPC and REST of TensorFlow Serving."""
    nearest = {"trafficDistribution": traffic_distribution} if traffic_distribution else {}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": child_metadata(model, name),
        "spec": {
            "selector": {**model_labels(model), **selector},
            **nearest,
            "ports": [
                {"name": "grpc", "port": GRPC_PORT, "targetPort": "grpc", "protocol": "TCP"},
                {"name": "rest", "port": REST_PORT, "targetPort": "rest", "protocol": "TCP"},
            ],
        },
    }


def service_url(model: ModelDeployment) -> str:
    """Give the REST address inside the cluster."""
    return f"http://{model.metadata.name}.{model.metadata.namespace}.svc:{REST_PORT}"
