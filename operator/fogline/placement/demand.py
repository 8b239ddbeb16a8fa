"""What a ModelDeployment asks of nodes, parsed once and then only read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from fogline.api import (
    DataSensitivity,
    ModelDeployment,
    ModelDeploymentSpec,
    Objective,
    Placement,
    Tier,
    Variant,
)
from fogline.config import FETCHER_REQUESTS
from fogline.memo import Memo
from fogline.names import ModelKey
from fogline.units import Amounts, max_amounts, parse_usd, resource_amounts

PENALTIES: Mapping[Objective, Decimal] = {
    Objective.LOWEST_COST: Decimal(0),
    Objective.BALANCED: Decimal("0.002"),
    Objective.LOWEST_LATENCY: Decimal(100),
}
"""What an objective says one millisecond above the target costs, in US dollars per hour and replica.

LowestCost never pays for latency. Balanced pays up to 0.10 an hour, about a small cloud node, to come 50 ms
nearer. LowestLatency pays more than nearly every node costs for one millisecond, so money only decides
between nodes that are equally near.
"""

_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Architectures:
    """The processor architectures that an image runs on."""

    named: frozenset[str] | None = None
    """None for all that are not excluded."""
    excluded: frozenset[str] = frozenset()

    def __contains__(self, architecture: str) -> bool:
        """Tell whether it runs on one; empty for that of a node that does not say."""
        return (self.named is None or architecture in self.named) and architecture not in self.excluded


@dataclass(frozen=True, slots=True)
class VariantDemand:
    """One way to run the model, as placement sees it."""

    name: str
    tier: Tier
    architectures: Architectures
    requests: Amounts
    """What one replica takes from a node, ``pods: 1`` included."""
    accelerator_types: frozenset[str] | None = None
    """Kinds of accelerators; None for any, or none."""
    is_awaited: bool = False
    """Whether its artifact is not there yet."""


@dataclass(frozen=True, slots=True)
class ClientDemand:
    """A client site and its share of the replicas."""

    site: str | None
    """None for the one unnamed client site."""
    weight: int


@dataclass(frozen=True, slots=True)
class LatencyDemand:
    """What round trips may be, and what they cost."""

    maximum_milliseconds: int | None = None
    """Requirement; None for no maximum."""
    target_milliseconds: int | None = None
    """Preference; None when latency is not weighed."""
    penalty_per_millisecond: Decimal = Decimal(0)
    """US dollars per hour and replica for each millisecond above the target."""


@dataclass(frozen=True, slots=True)
class Demand:
    """All that one decision has to know about a ModelDeployment."""

    model: ModelKey
    replicas: int
    is_suspended: bool
    variants: tuple[VariantDemand, ...]
    clients: tuple[ClientDemand, ...]
    data_sensitivity: DataSensitivity
    allowed_regions: frozenset[str] | None
    """None for any."""
    node_selector: Mapping[str, str]
    latency: LatencyDemand
    max_cost_per_hour: Decimal | None
    """US dollars, of all replicas together; None for no limit."""
    max_per_node: int | None
    max_per_zone: int | None
    """Replicas in one zone: the user's share of the replicas that are wanted, rounded up."""
    tier_minima: Mapping[Tier, int]
    """Tiers without a minimum are absent."""
    tier_maxima: Mapping[Tier, int]
    """Tiers without a maximum are absent."""
    priority: int
    min_saving_percent: int
    """What a move for money has to save, of what the replicas that move count for."""
    created: datetime

    def variant(self, name: str) -> VariantDemand | None:
        """Find a variant; None when the ModelDeployment has it no more."""
        return next((variant for variant in self.variants if variant.name == name), None)

    def narrowed_to(self, variant: str, requests: Amounts | None = None) -> "Demand":
        """Ask for one variant only, for a pod that belongs to it already.

        Parameters
        ----------
        requests
            What the pod really requests, defaults of its namespace and injected containers included.
            None: as the ModelDeployment says.
        """
        kept = tuple(
            replace(one, requests=one.requests if requests is None else requests)
            for one in self.variants
            if one.name == variant
        )
        return replace(self, variants=kept)


_DEMANDS: Memo[ModelDeploymentSpec, Demand] = Memo(most=16_384)
"""By spec; enough for every model of a large cluster."""


def demand_of(model: ModelDeployment) -> Demand:
    """Read what a ModelDeployment asks of nodes; as long as its spec stays, that is read once."""
    known = _DEMANDS.get(model.spec, lambda _: _demand(model))
    created = model.metadata.creation_timestamp or _BEGINNING
    if known.model == _key(model) and known.created == created:
        return known
    return replace(known, model=_key(model), created=created)


def _key(model: ModelDeployment) -> ModelKey:
    return ModelKey(model.metadata.namespace or "default", model.metadata.name)


def _demand(model: ModelDeployment) -> Demand:
    spec, rules = model.spec, model.spec.placement
    spread, bounds = rules.spread, {Tier.CLOUD: rules.cloud, Tier.EDGE: rules.edge}
    share = spread.max_per_zone_percent if spread else None
    limit = rules.cost.max_per_hour if rules.cost else None
    return Demand(
        model=_key(model),
        replicas=spec.replicas,
        is_suspended=spec.suspend,
        variants=tuple(_variant(variant) for variant in spec.variants),
        clients=tuple(ClientDemand(client.site, client.weight) for client in rules.clients or ())
        or (ClientDemand(None, 1),),
        data_sensitivity=rules.data_sensitivity,
        allowed_regions=None if rules.allowed_regions is None else frozenset(rules.allowed_regions),
        node_selector=rules.node_selector,
        latency=_latency(rules),
        max_cost_per_hour=None if limit is None else parse_usd(limit),
        max_per_node=spread.max_per_node if spread else None,
        max_per_zone=None if share is None else max(1, -(-share * spec.replicas // 100)),
        tier_minima={tier: bound.min_replicas for tier, bound in bounds.items() if bound.min_replicas},
        tier_maxima={
            tier: bound.max_replicas for tier, bound in bounds.items() if bound.max_replicas is not None
        },
        priority=rules.priority,
        min_saving_percent=spec.rebalancing.min_saving_percent,
        created=model.metadata.creation_timestamp or _BEGINNING,
    )


def _variant(variant: Variant) -> VariantDemand:
    """Count what a pod of the variant takes, as kube-scheduler does.

    A resource with a limit and no request is requested up to its limit, and the init container that brings
    the artifact needs its own room before the server starts.
    """
    given = variant.resources
    server = {**((given and given.limits) or {}), **((given and given.requests) or {})}
    requests = max_amounts((resource_amounts(server), resource_amounts(FETCHER_REQUESTS)))
    named, accelerators = variant.architectures, variant.accelerator_types
    return VariantDemand(
        name=variant.name,
        tier=variant.tier,
        architectures=Architectures(
            named=None if named is None else frozenset(map(str, named)),
            excluded=frozenset(map(str, variant.excluded_architectures)),
        ),
        requests={**requests, "pods": 1},
        accelerator_types=None if accelerators is None else frozenset(accelerators),
        is_awaited=variant.artifact is None,
    )


def _latency(rules: Placement) -> LatencyDemand:
    """Read target, maximum and penalty.

    Without a target latency is not weighed, unless the user asks for it in another way: by the objective
    LowestLatency or by a penalty. Then every millisecond counts, as if the target were 0.
    """
    given, penalty = rules.latency, rules.latency_penalty_per_millisecond
    target = given.target_milliseconds if given else None
    if target is None and (penalty is not None or rules.objective is Objective.LOWEST_LATENCY):
        target = 0
    return LatencyDemand(
        maximum_milliseconds=given.max_milliseconds if given else None,
        target_milliseconds=target,
        penalty_per_millisecond=PENALTIES[rules.objective] if penalty is None else parse_usd(penalty),
    )
