"""The PodDisruptionBudget of a model."""

from fogline.api import ModelDeployment
from fogline.objects.metadata import Document, child_metadata, model_labels


def budget(model: ModelDeployment) -> Document:
    """Build the budget over the replicas of all variants.

    ``minAvailable`` is an integer. Kubernetes rounds a percentage so that a drain may evict the only
    replica before its replacement exists (kubernetes.io, "Specifying a Disruption Budget").
    """
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": child_metadata(model, model.metadata.name),
        "spec": {
            "minAvailable": min_available(model.spec.replicas, model.spec.disruption.max_unavailable),
            "selector": {"matchLabels": model_labels(model)},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }


def min_available(replicas: int, max_unavailable: int | str) -> int:
    """Give the replicas that must stay; a percentage of those that may go is rounded down."""
    if isinstance(max_unavailable, str):
        max_unavailable = replicas * int(max_unavailable.removesuffix("%")) // 100
    return max(0, replicas - max_unavailable)
