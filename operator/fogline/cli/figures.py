"""What a cluster costs, holds and reaches: in all, by tier, by site and by model."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple, TypeVar

from fogline.names import ModelKey
from fogline.placement import Demand, Usage
from fogline.placement.objective import latency_penalty
from fogline.placement.requirements import Option
from fogline.snapshot import Node, Pod, ReplicaOf, Snapshot

RESOURCES = ("cpu", "memory")

K = TypeVar("K", str, ModelKey)


@dataclass(slots=True)
class Use:
    """How much of one resource is requested, in the unit of `fogline.units.Amounts`."""

    by_us: int = 0
    by_all: int = 0
    """Pods of other people included."""
    allocatable: int = 0
    """0 for a model, which has no nodes of its own."""


@dataclass(slots=True)
class Latency:
    """Round trips between replicas and their client sites, in milliseconds."""

    known: int = 0
    """Replicas of which it is known."""
    total: int = 0
    """Sum over them."""
    worst: int | None = None
    with_target: int = 0
    """Replicas of models that have a target."""
    above_target: int = 0
    """Those of them that miss it; one of unknown latency does."""

    @property
    def mean(self) -> float | None:
        """Mean of the known ones; None when none is known."""
        return self.total / self.known if self.known else None

    @property
    def share_above_target(self) -> float | None:
        """Share of the replicas with a target that miss it, from 0 to 1; None when none has a target."""
        return self.above_target / self.with_target if self.with_target else None

    def count(self, milliseconds: int | None, target: int | None) -> None:
        """Count one replica."""
        if milliseconds is not None:
            self.known += 1
            self.total += milliseconds
            self.worst = milliseconds if self.worst is None else max(self.worst, milliseconds)
        if target is not None:
            self.with_target += 1
            self.above_target += milliseconds is None or milliseconds > target


@dataclass(slots=True)
class Figures:
    """Sums over a part of the cluster."""

    nodes: int = 0
    """Of a model: those that its replicas are on."""
    replicas: int = 0
    cost_per_hour: Decimal = Decimal(0)
    """US dollars: what the replicas pay of their nodes."""
    latency_penalty: Decimal = Decimal(0)
    """US dollars per hour that latency above the targets counts for; nobody is billed for it."""
    latency: Latency = field(default_factory=Latency)
    use: Mapping[str, Use] = field(default_factory=lambda: {name: Use() for name in RESOURCES})


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of a cluster."""

    total: Figures
    tiers: Mapping[str, Figures]
    sites: Mapping[str, Figures]
    models: Mapping[ModelKey, Figures]


def measure(snapshot: Snapshot, demands: Iterable[Demand], namespace: str | None = None) -> Measured:
    """Add up what the replicas of a snapshot cost, hold and reach.

    Parameters
    ----------
    demands
        Of the models, for what they say of latency. Replicas of other models have no target.
    namespace
        Whose replicas count as replicas; None for those of all namespaces.
    """
    usage = Usage(snapshot)
    by_model = {demand.model: demand for demand in demands}
    total = Figures()
    tiers: defaultdict[str, Figures] = defaultdict(Figures)
    sites: defaultdict[str, Figures] = defaultdict(Figures)
    models: defaultdict[ModelKey, Figures] = defaultdict(Figures)
    for node in usage.nodes:
        for part in (total, tiers[node.tier.value], sites[node.zone]):
            _count_node(part, node)
    for pod in snapshot.pods:
        if not usage.knows(pod.node):  # it is gone, and its pods with it
            continue
        node = usage.node(pod.node)
        parts = [total, tiers[node.tier.value], sites[node.zone]]
        replica = pod.replica if namespace in {None, pod.namespace} else None
        if replica:
            model = replica.model
            parts.append(models[model])
            one = _replica(pod, replica, node, usage, by_model.get(model))
            for part in parts:
                _count_replica(part, one)
        for part in parts:
            _count_requests(part, pod, is_ours=replica is not None)
    for model, part in models.items():
        part.nodes = len({pod.node for pod, _ in usage.replicas_of(model)})
    return Measured(total, _sorted(tiers), _sorted(sites), _sorted(models))


def _count_node(part: Figures, node: Node) -> None:
    part.nodes += 1
    for name, use in part.use.items():
        use.allocatable += node.allocatable.get(name, 0)


class _Replica(NamedTuple):
    cost_per_hour: Decimal
    latency_penalty: Decimal
    latency_milliseconds: int | None
    target_milliseconds: int | None


def _replica(pod: Pod, serves: ReplicaOf, node: Node, usage: Usage, demand: Demand | None) -> _Replica:
    cost, latency = usage.replica_cost(pod), node.latency_from(serves.client_site)
    if demand is None:
        return _Replica(cost, Decimal(0), latency, None)
    option = Option(demand, demand.variants[0], serves.client_site, node)
    return _Replica(cost, latency_penalty(option, usage), latency, demand.latency.target_milliseconds)


def _count_replica(part: Figures, one: _Replica) -> None:
    part.replicas += 1
    part.cost_per_hour += one.cost_per_hour
    part.latency_penalty += one.latency_penalty
    part.latency.count(one.latency_milliseconds, one.target_milliseconds)


def _count_requests(part: Figures, pod: Pod, *, is_ours: bool) -> None:
    for name, use in part.use.items():
        amount = pod.requests.get(name, 0)
        use.by_all += amount
        use.by_us += amount if is_ours else 0


def _sorted(parts: Mapping[K, Figures]) -> dict[K, Figures]:
    return {key: parts[key] for key in sorted(parts)}
