"""How clients reach the replicas, besides the one Service that every ModelDeployment has."""

from typing import Annotated

from msgspec import Meta

from fogline.api.enums import TrafficDistribution
from fogline.api.fields import AS_SET, ApiObject

SiteInName = Annotated[str, Meta(min_length=1, max_length=61, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")]
"""A site whose name can be part of the name of a Service."""


class ServiceOptions(ApiObject, frozen=True, kw_only=True):
    """How clients reach the replicas."""

    traffic_distribution: TrafficDistribution | None = None
    """Which of the Ready replicas a client inside the cluster reaches. PreferSameZone: those in its site
    (node label topology.kubernetes.io/zone), if there are any. PreferSameNode: those on its node, then those
    in its site. PreferSameZone needs Kubernetes 1.31 or newer, PreferSameNode 1.34. Absent: any of them."""
    per_tier: bool = False
    """If true, the Services <name>-cloud and <name>-edge lead to the replicas of one tier only, for each tier
    with a variant."""
    sites: Annotated[tuple[SiteInName, ...], Meta(min_length=1, max_length=32), AS_SET] | None = None
    """Sites (node label topology.kubernetes.io/zone) that get a Service <name>-<site> which leads to the
    replicas there only. Needs Kubernetes 1.35 or newer. Absent: none."""
