"""What of a ModelDeployment depends on the version of Kubernetes."""

from collections.abc import Iterator

from fogline.api import ModelDeployment, TrafficDistribution
from fogline.cluster.version import Version
from fogline.conditions import Reason
from fogline.objects.artifact import scheme
from fogline.reconcile.refusal import Refusal

IMAGE_VOLUMES = Version(1, 35)
"""Kubernetes has image volumes switched on from this version on (KEP-4639)."""
TRAFFIC_DISTRIBUTION = Version(1, 31)
"""Services have ``trafficDistribution`` from this version on, with the value PreferClose (KEP-4444)."""
PREFERENCES_BY_NAME = Version(1, 34)
"""PreferSameZone, the new name of PreferClose, and PreferSameNode (KEP-3015)."""
TOPOLOGY_OF_PODS = Version(1, 35)
"""Pods get the zone label of their node when they are bound (KEP-4742)."""


def not_supported(model: ModelDeployment, cluster: Version) -> Refusal | None:
    """Say what of a model the cluster is too old for; None when nothing is."""
    found = [
        f"{what} needs Kubernetes {since} or newer, this cluster has {cluster}: {advice}"
        for what, since, advice in _needs(model)
        if cluster < since
    ]
    return Refusal(Reason.NOT_SUPPORTED, "; ".join(found)) if found else None


def traffic_distribution(model: ModelDeployment, cluster: Version) -> str | None:
    """Give the ``trafficDistribution`` of the Services in the words of the cluster's version."""
    wanted = model.spec.service.traffic_distribution
    if wanted is TrafficDistribution.PREFER_SAME_ZONE and cluster < PREFERENCES_BY_NAME:
        return "PreferClose"
    return wanted and wanted.value


def _of_images(model: ModelDeployment) -> list[str]:
    return [one.name for one in model.spec.variants if one.artifact and scheme(one.artifact) == "oci"]


def _needs(model: ModelDeployment) -> Iterator[tuple[str, Version, str]]:
    """Name what is asked for, the version that has it, and what to do without it."""
    if images := _of_images(model):
        what = f"variant {', '.join(images)}: an oci:// artifact"
        yield what, IMAGE_VOLUMES, "use s3://, gs://, https:// or pvc://"
    options = model.spec.service
    match options.traffic_distribution:
        case TrafficDistribution.PREFER_SAME_ZONE:
            yield "PreferSameZone", TRAFFIC_DISTRIBUTION, "leave trafficDistribution out"
        case TrafficDistribution.PREFER_SAME_NODE:
            yield "PreferSameNode", PREFERENCES_BY_NAME, "use PreferSameZone"
    if options.sites:
        yield "service.sites", TOPOLOGY_OF_PODS, "use service.perTier or trafficDistribution"
