"""Choose the node of one replica: refuse, price, take the cheapest."""

from decimal import Decimal

from fogline.placement.answers import Assignment, Rejection, Unplaceable, is_only_room
from fogline.placement.demand import Demand, VariantDemand
from fogline.placement.objective import added_cost, latency_penalty
from fogline.placement.requirements import Option, owed_replicas, refusals, tier_not_served
from fogline.placement.usage import Usage
from fogline.snapshot import ReplicaOf

_Offer = tuple[Decimal, str, int]
"""Price as the objective counts it, node, position of the variant: the least one wins."""


def place(demand: Demand, usage: Usage, client_site: str | None = None) -> Assignment | Unplaceable:
    """Choose the cheapest node that meets every requirement, and the variant to run there.

    Cheapest by the sum of the money that the replica adds and its latency penalty. Equal costs go to the
    lower node name, then to the variant that the user names first, so the order of nodes and pods never
    changes the answer. `usage` is only read.
    """
    rejections: list[Rejection] = []
    offers: list[_Offer] = []
    short_of_room: list[_Offer] = []
    for node in usage.nodes:
        refused: list[tuple[Rejection, ...]] = []
        for position, variant in enumerate(demand.variants):
            if variant.tier is not node.tier:
                continue
            option = Option(demand, variant, client_site, node)
            broken = refusals(option, usage)
            refused.append(broken)
            if not broken or is_only_room(broken):
                price = added_cost(option, usage) + latency_penalty(option, usage)
                (short_of_room if broken else offers).append((price, node.name, position))
        rejections += _closest(refused) if refused else (tier_not_served(demand, node),)
    if not offers:
        variant = demand.variants[min(short_of_room)[2]] if short_of_room else _may_wait(demand, usage)
        return Unplaceable(demand.model, variant.name, client_site, tuple(rejections))
    _, name, position = min(offers)
    return _assignment(
        Option(demand, demand.variants[position], client_site, usage.by_name[name]), usage, rejections
    )


def assume(assignment: Assignment, demand: Demand, usage: Usage) -> None:
    """Count an assignment of this demand as if its pod were there already."""
    requests = next(one.requests for one in demand.variants if one.name == assignment.variant)
    replica = ReplicaOf(demand.model, assignment.variant, assignment.client_site)
    usage.assume(replica, assignment.node, requests)


def _closest(refused: list[tuple[Rejection, ...]]) -> tuple[Rejection, ...]:
    """Speak for the variant that came closest to this node; nothing is broken when one can run there."""
    return min(refused, key=lambda broken: (len(broken), -broken[0].rank if broken else 0))


def _may_wait(demand: Demand, usage: Usage) -> VariantDemand:
    """Give the first variant whose tier may take one more replica, else the first one."""
    owed, held = owed_replicas(demand, usage), usage.of(demand.model).per_tier
    reserved = bool(owed) and demand.replicas - held.total() <= sum(owed.values())
    for variant in demand.variants:
        full = held[variant.tier] >= demand.tier_maxima.get(variant.tier, demand.replicas)
        if not full and (variant.tier in owed or not reserved):
            return variant
    return demand.variants[0]


def _assignment(option: Option, usage: Usage, rejections: list[Rejection]) -> Assignment:
    return Assignment(
        model=option.demand.model,
        variant=option.variant.name,
        node=option.node.name,
        tier=option.node.tier,
        client_site=option.client_site,
        cost_per_hour=added_cost(option, usage),
        latency_penalty=latency_penalty(option, usage),
        latency_milliseconds=option.node.latency_from(option.client_site),
        rejections=tuple(rejections),
    )
