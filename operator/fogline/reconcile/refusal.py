"""What keeps us from writing an object."""

from dataclasses import dataclass

from fogline.api import ModelDeployment
from fogline.cluster.version import Version
from fogline.conditions import Reason
from fogline.objects.artifact import scheme

IMAGE_VOLUMES = Version(1, 35)
"""Kubernetes has image volumes switched on from this version on (KEP-4639)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an object of a model cannot be written: the API server, or another owner, is against it."""

    reason: Reason
    message: str


def not_supported(model: ModelDeployment, cluster: Version) -> Refusal | None:
    """Say what of a model the cluster is too old for; None when nothing is."""
    if cluster >= IMAGE_VOLUMES:
        return None
    variants = [variant.name for variant in model.spec.variants if scheme(variant.artifact) == "oci"]
    if not variants:
        return None
    text = (
        f"variant {', '.join(variants)}: oci:// artifacts need Kubernetes {IMAGE_VOLUMES} or newer, this "
        f"cluster has {cluster}: use s3://, gs://, https:// or pvc://"
    )
    return Refusal(Reason.NOT_SUPPORTED, text)
