"""The PodDisruptionBudget of a model."""

from fogline.api import ModelDeployment
from fogline.objects.metadata import Document, child_metadata, model_labels


def budget(model: ModelDeployment, may_go: int = 0) -> Document:
    """Build the budget over the replicas of all variants.

    ``minAvailable`` is an integer. Kubernetes rounds a percentage so that a drain may evict the only
    replica before its replacement exists (kubernetes.io, "Specifying a Disruption Budget").

    Parameters
    ----------
    may_go
        Replicas that may be missing even if the user allows fewer, so that a drain comes to its end.
    """
    wanted = model.spec.replicas
    usual = min_available(wanted, model.spec.disruption.max_unavailable)
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": child_metadata(model, model.metadata.name),
        "spec": {
            "minAvailable": max(0, min(usual, wanted - may_go)),
            "selector": {"matchLabels": model_labels(model)},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }


def min_available(replicas: int, max_unavailable: int | str) -> int:
    """Give the replicas that must stay; a percentage of those that may go is rounded down."""
    if isinstance(max_unavailable, str):
        max_unavailable = replicas * int(max_unavailable.removesuffix("%")) // 100
    return max(0, replicas - max_unavailable)
