"""Requirements: each looks at one way to place a replica and returns a rejection or None."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from fogline.api import Architecture, Tier
from fogline.conditions import Reason
from fogline.placement.answers import Rejection
from fogline.placement.demand import Demand, VariantDemand
from fogline.placement.usage import Usage
from fogline.snapshot import Node

COST_ROUNDING = Decimal("1e-9")
"""Far below any price, far above what the rounding of divisions can add up to."""


@dataclass(frozen=True, slots=True)
class Option:
    """One way to place one replica."""

    demand: Demand
    variant: VariantDemand
    client_site: str | None
    node: Node


def artifact(option: Option, _: Usage) -> Rejection | None:
    """Refuse every node while there is nothing to run."""
    if not option.variant.is_awaited:
        return None
    return Rejection(option.node.name, Reason.ARTIFACT_AWAITED, option.variant.name)


def clearance(option: Option, _: Usage) -> Rejection | None:
    """Refuse a node that may not hold the data of the model."""
    needs, has = option.demand.data_sensitivity, option.node.clearance
    if has is needs or has > needs:
        return None
    return Rejection(option.node.name, Reason.CLEARANCE_TOO_LOW, needs=str(needs), has=str(has))


def region(option: Option, _: Usage) -> Rejection | None:
    """Refuse a node outside the allowed regions, or of unknown region when regions matter."""
    allowed, has = option.demand.allowed_regions, option.node.region
    if allowed is None or has in allowed:
        return None
    return Rejection(option.node.name, Reason.REGION_NOT_ALLOWED, needs=" or ".join(sorted(allowed)), has=has)


def architecture(option: Option, _: Usage) -> Rejection | None:
    """Refuse a node whose processor the image does not run on."""
    runs_on, has = option.variant.architectures, option.node.architecture
    if has in runs_on:
        return None
    needs = " or ".join(one for one in Architecture if one in runs_on)
    return Rejection(option.node.name, Reason.ARCHITECTURE_NOT_SUPPORTED, needs=needs, has=has)


def accelerator(option: Option, _: Usage) -> Rejection | None:
    """Refuse a node without an accelerator of a kind that the variant is made for."""
    made_for, has = option.variant.accelerator_types, option.node.accelerator_type
    if made_for is None or has in made_for:
        return None
    return Rejection(
        option.node.name, Reason.ACCELERATOR_NOT_SUPPORTED, needs=" or ".join(sorted(made_for)), has=has
    )


def node_selector(option: Option, _: Usage) -> Rejection | None:
    """Refuse a node without the labels that the user asks for."""
    labels = option.node.labels
    for label, value in option.demand.node_selector.items():
        if labels.get(label) != value:
            return Rejection(
                option.node.name, Reason.NODE_SELECTOR_MISMATCH, label, needs=value, has=labels.get(label)
            )
    return None


def latency_maximum(option: Option, _: Usage) -> Rejection | None:
    """Refuse a node that is too far from the client site, or that nobody knows the distance to."""
    maximum = option.demand.latency.maximum_milliseconds
    if maximum is None:
        return None
    has = option.node.latency_from(option.client_site)
    if has is not None and has <= maximum:
        return None
    reason = Reason.LATENCY_UNKNOWN if has is None else Reason.LATENCY_ABOVE_MAXIMUM
    return Rejection(option.node.name, reason, needs=maximum, has=has)


def ready(option: Option, _: Usage) -> Rejection | None:
    """Refuse a node that is not Ready."""
    return None if option.node.ready else Rejection(option.node.name, Reason.NODE_NOT_READY)


def not_cordoned(option: Option, _: Usage) -> Rejection | None:
    """Refuse a node that takes no new pods."""
    return Rejection(option.node.name, Reason.NODE_CORDONED) if option.node.cordoned else None


def tolerated(option: Option, _: Usage) -> Rejection | None:
    """Refuse a node with a taint: pods of ours tolerate none that keeps new pods away."""
    for taint in option.node.repelling_taints:
        text = f"{taint.key}={taint.value}" if taint.value else taint.key
        return Rejection(option.node.name, Reason.TAINT_NOT_TOLERATED, f"{text}:{taint.effect}")
    return None


def not_refused(option: Option, usage: Usage) -> Rejection | None:
    """Refuse a node on which kube-scheduler refused a replica of the model lately."""
    if option.node.name not in usage.avoided(option.demand.model):
        return None
    return Rejection(option.node.name, Reason.REFUSED_BY_SCHEDULER)


def capacity(option: Option, usage: Usage) -> Rejection | None:
    """Refuse a node without room, and name the resource that is shortest for its request."""
    return next(iter(_short(option, usage.free_on, Reason.INSUFFICIENT_RESOURCE)), None)


def capacity_share(option: Option, usage: Usage) -> Rejection | None:
    """Refuse a node of which our replicas use as much together as they may."""
    if option.node.capacity_share == 1:
        return None
    return next(iter(_short(option, usage.left_of_share_on, Reason.CAPACITY_SHARE_REACHED)), None)


def _short(option: Option, left: Callable[[Node, str], int], reason: Reason) -> list[Rejection]:
    """Give the resources that are short, the one that is shortest for its request first."""
    found = []
    for resource, needs in option.variant.requests.items():
        has = left(option.node, resource)
        if needs > has and needs:
            rejection = Rejection(option.node.name, reason, resource, needs, has)
            found.append((Decimal(max(has, 0)) / needs, resource, rejection))
    return [rejection for _, _, rejection in sorted(found, key=lambda one: one[:2])]


def max_per_node(option: Option, usage: Usage) -> Rejection | None:
    """Refuse a node that holds as many replicas of the model as the user allows."""
    limit = option.demand.max_per_node
    if limit is None:
        return None
    would_be = usage.of(option.demand.model).per_node[option.node.name] + 1
    if would_be <= limit:
        return None
    return Rejection(option.node.name, Reason.MAX_PER_NODE_REACHED, needs=would_be, has=limit)


def max_per_zone(option: Option, usage: Usage) -> Rejection | None:
    """Refuse a node in a zone that holds its share of the replicas."""
    limit, zone = option.demand.max_per_zone, option.node.zone
    if limit is None:
        return None
    would_be = usage.of(option.demand.model).per_zone[zone] + 1
    if would_be <= limit:
        return None
    return Rejection(option.node.name, Reason.MAX_PER_ZONE_REACHED, zone, would_be, limit)


def tier_maximum(option: Option, usage: Usage) -> Rejection | None:
    """Refuse a tier that holds as many replicas as the user allows."""
    tier = option.node.tier
    limit = option.demand.tier_maxima.get(tier)
    if limit is None:
        return None
    would_be = usage.of(option.demand.model).per_tier[tier] + 1
    if would_be <= limit:
        return None
    return Rejection(option.node.name, Reason.TIER_MAXIMUM_REACHED, tier.value, would_be, limit)


def tier_minima(option: Option, usage: Usage) -> Rejection | None:
    """Refuse a tier that needs no more replicas when all that are left are owed to another tier."""
    if not is_reserved(option.demand, option.node.tier, usage):
        return None
    tier, missing = next(iter(owed_replicas(option.demand, usage).items()))
    left = _left(option.demand, usage)
    return Rejection(option.node.name, Reason.RESERVED_FOR_TIER_MINIMUM, tier.value, missing, left)


def is_reserved(demand: Demand, tier: Tier, usage: Usage) -> bool:
    """Tell whether all replicas that are left are owed to another tier."""
    owed = owed_replicas(demand, usage)
    return bool(owed) and tier not in owed and _left(demand, usage) <= sum(owed.values())


def _left(demand: Demand, usage: Usage) -> int:
    return max(demand.replicas - usage.of(demand.model).per_tier.total(), 0)


def owed_replicas(demand: Demand, usage: Usage) -> dict[Tier, int]:
    """Tell which tiers hold less than their minimum, and how many replicas they lack."""
    if not demand.tier_minima:
        return {}
    held = usage.of(demand.model).per_tier
    return {
        tier: minimum - held[tier] for tier, minimum in demand.tier_minima.items() if minimum > held[tier]
    }


def cost_limit(option: Option, usage: Usage) -> Rejection | None:
    """Refuse a node that would make the model as a whole cost more than the user allows."""
    limit = option.demand.max_cost_per_hour
    if limit is None:
        return None
    would_be = usage.cost_with(option.demand.model, option.node, option.variant.requests)
    if would_be <= limit + COST_ROUNDING:
        return None
    return Rejection(option.node.name, Reason.COST_LIMIT_REACHED, needs=would_be, has=limit)


Requirement = Callable[[Option, Usage], Rejection | None]

POLICY: tuple[Requirement, ...] = (
    clearance,
    region,
    architecture,
    accelerator,
    node_selector,
    latency_maximum,
)
"""What must hold for as long as a replica runs, and so also decides which replicas stay."""

STATE: tuple[Requirement, ...] = (ready, not_cordoned, tolerated)
"""Whether the node takes anything new at present."""

REQUIREMENTS: tuple[Requirement, ...] = (
    artifact,
    *POLICY,
    *STATE,
    not_refused,
    capacity,
    capacity_share,
    max_per_node,
    max_per_zone,
    tier_maximum,
    tier_minima,
    cost_limit,
)
"""In the order in which a user should hear of them: rules, state of the node, room, limits."""


def refusals(
    option: Option, usage: Usage, requirements: Iterable[Requirement] = REQUIREMENTS
) -> tuple[Rejection, ...]:
    """Return every requirement that the option breaks, in the order in which a user should hear of them."""
    found = [requirement(option, usage) for requirement in requirements]
    return tuple([rejection for rejection in found if rejection])


def first_refusal(option: Option, usage: Usage) -> Rejection:
    """Return the first requirement that a refused option breaks."""
    return next(filter(None, (requirement(option, usage) for requirement in REQUIREMENTS)))


def lacks(option: Option, usage: Usage) -> tuple[Rejection, ...]:
    """Return the first requirement that a refused option breaks; each short resource by itself."""
    return _by_resource(first_refusal(option, usage), option, usage)


def in_full(option: Option, usage: Usage) -> tuple[Rejection, ...]:
    """Return every requirement that the option breaks; each short resource by itself."""
    return tuple(part for one in refusals(option, usage) for part in _by_resource(one, option, usage))


def _by_resource(one: Rejection, option: Option, usage: Usage) -> tuple[Rejection, ...]:
    left = {
        Reason.INSUFFICIENT_RESOURCE: usage.free_on,
        Reason.CAPACITY_SHARE_REACHED: usage.left_of_share_on,
    }.get(one.reason)
    return tuple(_short(option, left, one.reason)) if left else (one,)


def tier_not_served(demand: Demand, node: Node) -> Rejection:
    """Refuse a node for whose tier the model has no variant."""
    served = " or ".join(sorted({variant.tier.value for variant in demand.variants}))
    return Rejection(node.name, Reason.TIER_NOT_SERVED, needs=served, has=node.tier.value)
