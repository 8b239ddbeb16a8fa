"""The user's rules for where replicas run: requirements and preferences."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from fogline.api.enums import DataSensitivity, Objective, OnNoFit
from fogline.api.fields import (
    AS_SET,
    ApiObject,
    LabelValue,
    LabelValueOrEmpty,
    Milliseconds,
    ObjectName,
    Replicas,
    Usd,
    as_map,
)


class Client(ApiObject, frozen=True, kw_only=True):
    """A client site."""

    site: LabelValue
    """Name of the client site. The latency from there is read from NodeProfiles, then from the node label
    latency.fogline.dev/<site>, then from fogline.dev/latency-ms."""
    weight: Annotated[int, Meta(ge=1, le=1000)] = 1
    """Share of the requests that comes from this site, relative to the other weights; the replicas are split
    by it (largest remainder)."""


class Latency(ApiObject, frozen=True, kw_only=True):
    """Bounds on the round trip between client site and node."""

    target_milliseconds: Milliseconds | None = None
    """Preference, in milliseconds of round trip: time above it costs as the objective says. A node of unknown
    latency counts as the worst known one, at least twice the target. Absent: latency is not weighed, but for
    objective LowestLatency or with latencyPenaltyPerMillisecond, where it counts from 0 on."""
    max_milliseconds: Milliseconds | None = None
    """Requirement, in milliseconds of round trip: nodes above it, or of unknown latency, are refused. Absent:
    no maximum."""


class CostLimit(ApiObject, frozen=True, kw_only=True):
    """Upper bound on what the ModelDeployment costs."""

    max_per_hour: Usd | None = None
    """US dollars per hour of all replicas of this ModelDeployment together, as a decimal string such as
    "1.25"; replicas above it are left out. Absent: no limit."""


class Spread(ApiObject, frozen=True, kw_only=True):
    """How replicas are kept apart."""

    max_per_node: Annotated[int, Meta(ge=1, le=1000)] | None = None
    """Replicas of this ModelDeployment on one node at most. Absent: no bound."""
    max_per_zone_percent: Annotated[int, Meta(ge=1, le=100)] | None = None
    """Share of the replicas in one site (node label topology.kubernetes.io/zone) at most, in percent,
    rounded up to whole replicas. Absent: no bound."""


class TierBounds(ApiObject, frozen=True, kw_only=True):
    """How many of the replicas run in one tier."""

    min_replicas: Replicas = 0
    """Replicas in this tier at least. The tier must have a variant."""
    max_replicas: Replicas | None = None
    """Replicas in this tier at most. Absent: no bound but spec.replicas."""


class Placement(ApiObject, frozen=True, kw_only=True):
    """The user's rules for where replicas run."""

    data_sensitivity: DataSensitivity = DataSensitivity.PUBLIC
    """How sensitive the data of the model is: Public < Internal < Confidential < Restricted. Nodes with a
    lower clearance (label fogline.node-restriction.kubernetes.io/clearance; without it Public) are
    refused."""
    allowed_regions: Annotated[tuple[LabelValue, ...], Meta(min_length=1, max_length=32), AS_SET] | None = (
        None
    )
    """Regions that replicas may run in, matched on the node label that the operator's setting regionLabel
    names (topology.kubernetes.io/region if not set). Absent: any."""
    node_selector: Annotated[Mapping[str, LabelValueOrEmpty], Meta(max_length=16)] = msgspec.field(
        default_factory=dict
    )
    """Labels that a node must have, besides all other requirements. Empty: none."""
    clients: Annotated[tuple[Client, ...], Meta(min_length=1, max_length=64), as_map("site")] | None = None
    """Client sites: where requests come from. Absent: one unnamed client site."""
    latency: Latency | None = None
    """Bounds on the round trip between client site and node. Absent: no maximum and no target."""
    cost: CostLimit | None = None
    """Upper bound on what the ModelDeployment costs. Absent: no limit."""
    objective: Objective = Objective.BALANCED
    """How latency above the target is weighed against money: LowestCost, Balanced or LowestLatency.
    latencyPenaltyPerMillisecond overrides it."""
    latency_penalty_per_millisecond: Usd | None = None
    """US dollars per hour that one replica may cost more to be one millisecond nearer to the latency target,
    as a decimal string such as "0.002". Absent: what the objective stands for."""
    spread: Spread | None = None
    """How replicas are kept apart. Absent: no bounds."""
    cloud: TierBounds = TierBounds()
    """How many of the replicas run on cloud nodes."""
    edge: TierBounds = TierBounds()
    """How many of the replicas run on edge nodes."""
    priority: Annotated[int, Meta(ge=-1000, le=1000)] = 0
    """Who is left out when not all ModelDeployments fit: lower numbers first. It never stops a replica that
    runs."""
    priority_class_name: ObjectName | None = None
    """PriorityClass of the pods, for preemption by kube-scheduler. Absent: the cluster's default."""
    on_no_fit: OnNoFit = OnNoFit.SCHEDULE_WITHOUT_PIN
    """What happens to a replica that no node has room for. ScheduleWithoutPin: where room is the only
    obstacle and no latency maximum is set, kube-scheduler gets it inside the requirements, so that an
    autoscaler or preemption can act. Wait: it waits for room."""
