"""What the operator reports about a ModelDeployment. Lists that are empty are absent on the wire."""

from typing import Annotated

import msgspec
from msgspec import Meta

from fogline.api.condition import Condition, Time
from fogline.api.enums import MoveResult, RolloutState, Tier
from fogline.api.fields import AS_ATOMIC, ApiObject, Count, DecimalText, LongCount, Usd, as_map


class TierStatus(ApiObject, frozen=True, kw_only=True):
    """Replicas of one tier."""

    desired: Count | None = None
    """Replicas assigned to nodes of this tier. Those that wait for a node are in no tier."""
    ready: Count | None = None
    """Replicas of this tier that are Ready."""


class TiersStatus(ApiObject, frozen=True, kw_only=True):
    """Replicas by tier."""

    cloud: TierStatus | None = None
    """Replicas on cloud nodes."""
    edge: TierStatus | None = None
    """Replicas on edge nodes."""


class PlacementStatus(ApiObject, frozen=True, kw_only=True):
    """Where one replica is."""

    node: Annotated[str, Meta(max_length=253)]
    """Node of the replica."""
    tier: Tier | None = None
    """Tier of the node."""
    variant: Annotated[str, Meta(max_length=20)]
    """Variant that runs there."""
    client_site: Annotated[str, Meta(max_length=63)] | None = None
    """Client site it was placed for; absent without named client sites."""
    ready: bool | None = None
    """Whether the replica is Ready."""
    cost_per_hour: Usd | None = None
    """What the replica costs, in US dollars per hour."""
    latency_penalty_per_hour: Usd | None = None
    """What its latency above the target counts for when nodes are compared, in US dollars per hour; nobody is
    billed for it."""
    latency_milliseconds: Count | None = None
    """Round trip from the client site in milliseconds; absent when unknown."""
    since: Time | None = None
    """When the replica was placed there."""


class PlannedMove(ApiObject, frozen=True, kw_only=True):
    """A move that would be carried out if rebalancing.mode were Automatic, or once a budget allows it."""

    replica: Annotated[str, Meta(max_length=253)]
    """The pod that would go."""
    source: Annotated[str, Meta(max_length=253)] = msgspec.field(name="from")
    """The node that it would leave."""
    target: Annotated[str, Meta(max_length=253)] = msgspec.field(name="to")
    """The node that it would go to."""
    variant: Annotated[str, Meta(max_length=20)]
    """Variant that would run there."""
    reason: Annotated[str, Meta(max_length=63)]
    """Why, in one CamelCase token."""
    saving_per_hour: Usd | None = None
    """US dollars per hour, latency counted as the objective does; absent when the move is forced."""


class PastMove(ApiObject, frozen=True, kw_only=True):
    """A move that has ended."""

    id: Annotated[str, Meta(max_length=63)]
    """Its identity, as on the pods and in Events."""
    result: MoveResult
    """How it ended."""
    source: Annotated[str, Meta(max_length=253)] = msgspec.field(name="from")
    """The node that a replica left."""
    target: Annotated[str, Meta(max_length=253)] = msgspec.field(name="to")
    """The node that it went to."""
    variant: Annotated[str, Meta(max_length=20)]
    """Variant that runs there."""
    reason: Annotated[str, Meta(max_length=63)]
    """Why it moved, in one CamelCase token."""
    message: Annotated[str, Meta(max_length=253)] | None = None
    """Why it was aborted."""
    saving_per_hour: Usd | None = None
    """US dollars per hour, latency counted as the objective does; absent when the move was forced."""
    started_at: Time
    """When it began."""
    seconds: Count
    """How long it took until the replica that moved stopped serving at its old place."""


class Moves(ApiObject, frozen=True, kw_only=True):
    """Moves of replicas."""

    active: Count | None = None
    """Moves that run now."""
    completed: LongCount | None = None
    """Moves completed so far."""
    aborted: LongCount | None = None
    """Moves aborted so far."""
    planned: Annotated[tuple[PlannedMove, ...], AS_ATOMIC, Meta(max_length=20)] = ()
    """Moves that are worth it and do not run; the first 20."""
    history: Annotated[tuple[PastMove, ...], AS_ATOMIC, Meta(max_length=20)] = ()
    """Moves that have ended, the latest first; the last 20."""


class RejectionSummary(ApiObject, frozen=True, kw_only=True):
    """Nodes that were refused for one reason."""

    reason: Annotated[str, Meta(min_length=1, max_length=63)]
    """Why the nodes were refused, in one CamelCase token."""
    nodes: Count | None = None
    """Number of nodes refused for this reason."""
    example: Annotated[str, Meta(max_length=253)] | None = None
    """One of these nodes, with the numbers."""


class LastDecision(ApiObject, frozen=True, kw_only=True):
    """The latest placement decision."""

    time: Time | None = None
    """When it was made."""
    bound_gap_percent: DecimalText | None = None
    """How far the replicas of all models were above a cost that no plan can beat when all were planned last,
    in percent, as a decimal string; absent when no bound was computed."""
    rejections: Annotated[tuple[RejectionSummary, ...], as_map("reason"), Meta(max_length=16)] = ()
    """Nodes that were refused, by reason."""
    counterfactual: Annotated[str, Meta(max_length=253)] | None = None
    """The node that would have been chosen if one thing were otherwise, and what; absent without one."""


class RolloutStatus(ApiObject, frozen=True, kw_only=True):
    """How far the new version of one variant is."""

    variant: Annotated[str, Meta(max_length=20)]
    """The variant."""
    state: RolloutState
    """Canary: some replicas serve it and are watched. Promoting: it goes to the others. Interrupted: the old
    version is back for now, because replicas have to leave their nodes. RolledBack: the old version is back
    until the spec says another one."""
    source: Annotated[str, Meta(max_length=1024)] = msgspec.field(name="from")
    """URI of the artifact of the old version."""
    target: Annotated[str, Meta(max_length=1024)] = msgspec.field(name="to")
    """URI of the artifact of the new version."""
    template: Annotated[str, Meta(max_length=63)] | None = None
    """Label pod-template-hash of the pods that serve the old version."""
    replicas: Count | None = None
    """Replicas that serve the new version and are Ready."""
    since: Time
    """When the state began."""
    message: Annotated[str, Meta(max_length=512)] | None = None
    """What it waits for, or why the old version is back."""


class ModelDeploymentStatus(ApiObject, frozen=True, kw_only=True):
    """What the operator observed."""

    observed_generation: LongCount | None = None
    """Generation of the spec that this status is about."""
    replicas: Count | None = None
    """Pods that exist; read by kubectl scale and HPA."""
    ready_replicas: Count | None = None
    """Pods that are Ready."""
    available_replicas: Count | None = None
    """Pods that are available."""
    gated_replicas: Count | None = None
    """Pods that wait for a decision."""
    selector: Annotated[str, Meta(max_length=1024)] | None = None
    """Label selector of the pods; read by HPA."""
    url: Annotated[str, Meta(max_length=1024)] | None = None
    """Address of the TensorFlow Serving REST API inside the cluster."""
    cost_per_hour: Usd | None = None
    """What all replicas cost together, in US dollars per hour."""
    tiers: TiersStatus | None = None
    """Replicas by tier."""
    placements: Annotated[tuple[PlacementStatus, ...], AS_ATOMIC, Meta(max_length=100)] = ()
    """Where the replicas are; the first 100."""
    moves: Moves | None = None
    """Moves of replicas."""
    rollouts: Annotated[tuple[RolloutStatus, ...], as_map("variant"), Meta(max_length=8)] = ()
    """New versions that not all replicas serve yet, or that were taken back; only with rollout.canaryPercent
    above 0."""
    last_decision: LastDecision | None = None
    """The latest placement decision."""
    conditions: Annotated[tuple[Condition, ...], as_map("type"), Meta(max_length=16)] = ()
    """State by aspect: Accepted, Placed, ArtifactReady, Ready, PolicyCompliant, LatencyTargetMet,
    WithinCostLimit, Rebalancing, RolledOut and Suspended; Ready sums it up."""


def history_of(status: ModelDeploymentStatus | None) -> tuple[PastMove, ...]:
    """Give the moves that a status tells the end of."""
    return status.moves.history if status and status.moves else ()
