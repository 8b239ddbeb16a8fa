"""NodeProfile: facts about nodes that an administrator knows."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta

from fogline.api.condition import Condition
from fogline.api.enums import Billing
from fogline.api.fields import (
    ApiObject,
    Count,
    DecimalText,
    LabelValueOrEmpty,
    LongCount,
    Moment,
    Usd,
    as_map,
)
from fogline.api.metadata import ObjectMeta

NODE_PROFILE_PLURAL = "nodeprofiles"
NODE_PROFILE_KIND = "NodeProfile"


class ClientSiteLatency(ApiObject, frozen=True, kw_only=True):
    """Round trip from one client site."""

    client_site: LabelValueOrEmpty = ""
    """Client site that requests come from, as in placement.clients of a ModelDeployment. Empty: clients in
    general, which counts for every client site that no profile and no label gives a latency of its own."""
    milliseconds: Annotated[int, Meta(ge=0, le=600_000)]
    """Round trip from the client site to the node, in milliseconds."""


class NodeProfileSpec(ApiObject, frozen=True, kw_only=True):
    """Which nodes, and what is known about them: at least one fact. Each fact beats the node label for it."""

    node_selector: Annotated[Mapping[str, LabelValueOrEmpty], Meta(max_length=16)]
    """Labels that a node must have for the facts to be about it, as in a pod. {} stands for all nodes. Where
    profiles give different values of one fact, the one with more labels here counts; of two with equally many
    the one whose name comes first, and both say so in their status. One with the label fogline.dev/measured,
    which the collector writes, comes after all that have it not, and only its latencies count."""
    cost_per_hour: Usd | None = None
    """What one whole node costs, in US dollars per hour, as a decimal string such as "0.25"; at most 100000.
    Absent: the node label fogline.dev/cost-per-hour, else 0."""
    billing: Billing | None = None
    """How the node is paid for. Node: its price is paid while anything of Fogline's runs there. Share: each
    replica pays the share of the node that it uses. Absent: the node label fogline.dev/billing, else Node for
    cloud nodes and Share for edge nodes."""
    latency: (
        Annotated[tuple[ClientSiteLatency, ...], Meta(min_length=1, max_length=256), as_map("clientSite")]
        | None
    ) = None
    """Round trips from client sites to the node. Absent: the node labels latency.fogline.dev/<client site>
    and fogline.dev/latency-ms, else unknown."""
    capacity_share: DecimalText | None = None
    """How much of each allocatable resource of the node the replicas of all ModelDeployments may use
    together, as a decimal string above 0 and at most 1, such as "0.8". Absent: 1, all of it."""
    valid_until: Moment | None = None
    """When the facts become stale, as in 2030-01-31T00:00:00Z: from then on the profile is ignored, and its
    status says so. Absent: never."""


class NodeProfileStatus(ApiObject, frozen=True, kw_only=True):
    """What the operator observed."""

    observed_generation: LongCount | None = None
    """Generation of the spec that this status is about."""
    nodes: Count | None = None
    """Number of nodes that nodeSelector selects."""
    conditions: Annotated[tuple[Condition, ...], as_map("type"), Meta(max_length=16)] = ()
    """State by aspect: Accepted, whether the spec can be used, and Effective, whether its facts count."""


class NodeProfile(ApiObject, frozen=True, kw_only=True):
    """Facts about nodes: price, billing, latency, and how much of a node Fogline may use.

    A profile never decides tier, region or clearance of a node; those are labels.
    """

    api_version: Literal["fogline.dev/v1alpha1"] = "fogline.dev/v1alpha1"
    kind: Literal["NodeProfile"] = "NodeProfile"
    metadata: ObjectMeta
    spec: NodeProfileSpec
    """Which nodes, and what is known about them."""
    status: NodeProfileStatus | None = None
    """What the operator observed. Written by the operator alone."""
