"""An immutable view of the cluster: all that one decision may know about nodes and running pods."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from fogline.api import Billing, DataSensitivity, MoveStrategy, Tier
from fogline.names import ModelKey
from fogline.units import Amounts

CORDONED = "node.kubernetes.io/unschedulable"
"""Taint with which the node controller repeats that a node is cordoned."""
_NOT_READY = frozenset({"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"})


@dataclass(frozen=True, slots=True)
class Taint:
    """A taint that keeps pods away: effect ``NoSchedule`` or ``NoExecute``."""

    key: str
    value: str
    effect: str


@dataclass(frozen=True, slots=True)
class Node:
    """One node as seen at the time of the snapshot."""

    name: str
    tier: Tier
    zone: str
    """Its site (label ``topology.kubernetes.io/zone``); a node without the label is a site of its own."""
    region: str | None
    clearance: DataSensitivity
    """Highest data sensitivity it may hold; without a valid label: Public."""
    architecture: str
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]
    ready: bool
    cordoned: bool
    cost_per_hour: Decimal
    """US dollars for the whole node."""
    billing: Billing
    latency_milliseconds: int | None
    """Round trip from clients in general; None when unknown."""
    client_site_latency_milliseconds: Mapping[str, int]
    """Round trip from named client sites; others have `latency_milliseconds`."""
    allocatable: Amounts
    capacity_share: Decimal = Decimal(1)
    """How much of allocatable our replicas may use together, above 0 and at most 1."""
    accelerator_type: str | None = None
    """What kind of accelerator it has; None when it does not say."""
    cordoned_since: datetime | None = None
    """Since when; None when it is not cordoned, and for the moment until the node controller has noted it."""
    readiness_since: datetime | None = None
    """Since when it is Ready, or is not; None when nothing is known of that."""

    @property
    def repelling_taints(self) -> tuple[Taint, ...]:
        """Taints that say more than that the node is not Ready or cordoned: no pod of ours tolerates one.

        They come and go some seconds after what they repeat. What is still there on a node that is Ready
        again keeps new pods away; but the effect NoExecute of these every pod tolerates for a while.
        """
        return tuple([taint for taint in self.taints if not self._repeats_state(taint)])

    def _repeats_state(self, taint: Taint) -> bool:
        if taint.key in _NOT_READY:
            return not self.ready or taint.effect == "NoExecute"
        return taint.key == CORDONED and self.cordoned

    def latency_from(self, client_site: str | None) -> int | None:
        """Round trip in milliseconds from a client site; None when unknown."""
        if client_site is None:
            return self.latency_milliseconds
        return self.client_site_latency_milliseconds.get(client_site, self.latency_milliseconds)


@dataclass(frozen=True, slots=True)
class ReplicaOf:
    """What a pod of ours serves."""

    model: ModelKey
    variant: str
    client_site: str | None
    """Whose requests it was placed for; None without named client sites."""


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod that holds room on a node, or will once the scheduler binds it to its pin."""

    namespace: str
    name: str
    node: str
    requests: Amounts
    """Sum over its containers as kube-scheduler counts it, ``pods: 1`` included."""
    replica: ReplicaOf | None = None
    """None for other people's pods, and for pods of ours that are on their way out."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Nodes and the pods on them. Immutable: a decision adds what it assumed by making a new one."""

    nodes: tuple[Node, ...]
    pods: tuple[Pod, ...] = ()
    by_name: Mapping[str, Node] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {node.name: node for node in self.nodes})


@dataclass(frozen=True, slots=True)
class Move:
    """One replica changes node: what the marks on its pods tell."""

    id: str
    source: str
    """The node that it leaves."""
    target: str
    """The node that it goes to."""
    variant: str
    """Of the replacement."""
    client_site: str | None
    """Of the replacement."""
    reason: str
    saving_per_hour: Decimal | None
    """US dollars, latency counted as the objective does; None for a move that is forced."""
    started_at: datetime
    strategy: MoveStrategy = MoveStrategy.SURGE
    """Whether the replacement is Ready before the old replica goes, or comes after it."""


@dataclass(frozen=True, slots=True)
class Replica:
    """A pod of ours: what it serves, how far it is in its life, and what a write to it must prove."""

    namespace: str
    name: str
    uid: str
    resource_version: str
    created_at: datetime
    model: ModelKey
    variant: str
    template: str
    """Hash of the pod template that it was made from."""
    client_site: str | None
    requests: Amounts
    """As in `Pod.requests`."""
    gates: tuple[str, ...]
    annotations: Mapping[str, str]
    affinity_terms: int
    """Required node selector terms; the pin must go into each."""
    node: str | None
    """Where it is bound, else the node of its pin, else None."""
    bound: bool
    terminating: bool
    failure: str | None
    """Why it ended for good (phase Failed), with the kubelet's text."""
    ready: bool
    readiness_since: datetime | None
    """Since when it is Ready, or is not; None while the kubelet has said nothing of that."""
    fetched: bool
    """The artifact is there."""
    trouble: str | None
    """Why a container does not start: the fetcher's sentence, a missing image, a crash loop."""
    refused_since: datetime | None
    """Since when kube-scheduler says Unschedulable; None when it does not."""
    refusal: str
    """Why kube-scheduler says so; empty when it does not."""
    decided_at: datetime | None
    leaves_by: Move | None = None
    """The move that it is the victim of."""
    came_by: Move | None = None
    """The last move that brought a replica to where this one is."""
    replaces: str | None = None
    """uid of the victim that it replaces; None once its move is in the status."""
    stands_in_for: str | None = None
    """uid of the replica beyond a cut link that it was placed to stand in for."""

    @property
    def alive(self) -> bool:
        """Whether it serves or may come to serve."""
        return not self.terminating and self.failure is None
