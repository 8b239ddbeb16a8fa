"""Why a replica is where it is: what each other node would have cost, or why it is refused."""

from dataclasses import dataclass
from decimal import Decimal

from fogline.placement.answers import Rejection
from fogline.placement.demand import Demand
from fogline.placement.objective import added_cost, latency_penalty
from fogline.placement.requirements import Option, refusals, tier_not_served
from fogline.placement.usage import Usage
from fogline.snapshot import Node, Pod


@dataclass(frozen=True, slots=True)
class Alternative:
    """What one node offers a replica."""

    node: str
    price: Decimal | None
    """US dollars per hour as the objective counts them, latency penalty included; None when refused."""
    latency_milliseconds: int | None
    """Round trip from the replica's client site; None when unknown."""
    rejections: tuple[Rejection, ...]


def alternatives(demand: Demand, usage: Usage, pod: Pod) -> tuple[Alternative, ...]:
    """Judge every node but its own for a replica that runs, as if it were to be placed now.

    The cheapest comes first, then the refused ones by name. Its own room is not counted as free: it holds
    that until it has gone.

    Raises
    ------
    ValueError
        The pod is no replica.
    """
    if pod.replica is None:
        raise ValueError(f"{pod.namespace}/{pod.name} is no replica")
    without = usage.fork()
    without.release(pod)
    found = [
        _judge(demand, without, node, pod.replica.client_site)
        for node in without.nodes
        if node.name != pod.node
    ]
    return tuple(sorted(found, key=lambda one: (one.price is None, one.price or 0, one.node)))


def price_in_place(demand: Demand, usage: Usage, pod: Pod) -> Decimal | None:
    """Give what a replica counts for where it is, in US dollars per hour, latency penalty included.

    It is what choosing its node again would cost if it were gone; None when its variant or node is gone.
    """
    variant = demand.variant(pod.replica.variant) if pod.replica else None
    if pod.replica is None or variant is None or not usage.knows(pod.node):
        return None
    without = usage.fork()
    without.remove(pod)
    option = Option(demand, variant, pod.replica.client_site, usage.node(pod.node))
    return added_cost(option, without) + latency_penalty(option, without)


def _judge(demand: Demand, usage: Usage, node: Node, client_site: str | None) -> Alternative:
    latency = node.latency_from(client_site)
    options = [
        Option(demand, variant, client_site, node) for variant in demand.variants if variant.tier is node.tier
    ]
    if not options:
        return Alternative(node.name, None, latency, (tier_not_served(demand, node),))
    refused = [(refusals(option, usage), option) for option in options]
    prices = [
        added_cost(option, usage) + latency_penalty(option, usage) for broken, option in refused if not broken
    ]
    if prices:
        return Alternative(node.name, min(prices), latency, ())
    return Alternative(node.name, None, latency, min((broken for broken, _ in refused), key=len))
