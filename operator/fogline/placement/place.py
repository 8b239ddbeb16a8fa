"""Choose the node of one replica: refuse, price, take the cheapest."""

from fogline.placement.answers import Assignment, Offer, Rejection, Unplaceable, is_only_room
from fogline.placement.demand import Demand, VariantDemand
from fogline.placement.objective import added_cost, latency_penalty
from fogline.placement.requirements import Option, owed_replicas, refusals, tier_not_served
from fogline.placement.usage import Usage
from fogline.snapshot import ReplicaOf


def place(demand: Demand, usage: Usage, client_site: str | None = None) -> Assignment | Unplaceable:
    """Choose the cheapest node that meets every requirement, and the variant to run there.

    Cheapest by the sum of the money that the replica adds and its latency penalty. Equal costs go to the
    lower node name, then to the variant that the user names first, so the order of nodes and pods never
    changes the answer. `usage` is only read.
    """
    rejections: list[Rejection] = []
    offers: list[Offer] = []
    short_of_room: list[Offer] = []
    for node in usage.nodes:
        refused: list[tuple[Rejection, ...]] = []
        for position, variant in enumerate(demand.variants):
            if variant.tier is not node.tier:
                continue
            option = Option(demand, variant, client_site, node)
            broken = refusals(option, usage)
            refused.append(broken)
            if not broken:
                offers.append(_offer(option, position, usage))
            elif is_only_room(broken):
                short_of_room.append(_offer(option, position, usage))
        rejections += _closest(refused) if refused else (tier_not_served(demand, node),)
    if not offers:
        waits_in = min(short_of_room).variant if short_of_room else _may_wait(demand, usage).name
        return Unplaceable(demand.model, waits_in, client_site, tuple(rejections))
    offers.sort()
    chosen = usage.by_name[offers[0].node]
    latency = chosen.latency_from(client_site)
    return Assignment(demand.model, client_site, chosen.tier, latency, tuple(offers), tuple(rejections))


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


def _offer(option: Option, position: int, usage: Usage) -> Offer:
    cost, penalty = added_cost(option, usage), latency_penalty(option, usage)
    return Offer(cost + penalty, option.node.name, position, option.variant.name, cost, penalty)
