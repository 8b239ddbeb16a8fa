"""What a replica that runs counts for, and what the nodes elsewhere would ask."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce

import numpy as np

from fogline.api import Billing
from fogline.memo import Memo
from fogline.placement.alternatives import leaving
from fogline.placement.answers import Assignment, Unplaceable
from fogline.placement.demand import Demand
from fogline.placement.objective import latency_penalty
from fogline.placement.place import place
from fogline.placement.requirements import Option
from fogline.placement.sweep import sweep
from fogline.placement.usage import Usage, share_cost
from fogline.snapshot import Pod


@dataclass(frozen=True, slots=True)
class Bargain:
    """A node that has room for one more replica, and what that would count for there at least."""

    node: str
    price: float
    """US dollars per hour, as `lasting_price` counts it."""


def price_in_place(demand: Demand, usage: Usage, pod: Pod) -> Decimal | None:
    """Give what a replica counts for where it is, in US dollars per hour: what would be spared without it.

    It is the price of `fogline.placement.offer_in_place`, made without a copy of the usage. None when its
    variant or node is gone.
    """
    variant = demand.variant(pod.replica.variant) if pod.replica else None
    if pod.replica is None or variant is None or not usage.knows(pod.node):
        return None
    node = usage.node(pod.node)
    if node.billing is Billing.SHARE:
        cost = share_cost(node, variant.requests)
    else:
        cost = node.cost_per_hour if usage.is_alone(node) else Decimal(0)
    return cost + latency_penalty(Option(demand, variant, pod.replica.client_site, node), usage)


def bargains(demand: Demand, usage: Usage, client_site: str | None) -> tuple[Bargain, ...]:
    """Find the two cheapest nodes for one more replica, the cheaper one first.

    Limits of the model as a whole are left aside: whatever a replica may really get costs no less. So one
    look at all nodes rules out most moves of a model.
    """
    loose = _LOOSE.get(demand, _loose)
    swept = [sweep(loose, variant, client_site, usage) for variant in demand.variants]
    prices = reduce(np.minimum, [np.where(one.is_feasible, one.lasting_price, np.inf) for one in swept])
    rows = np.argsort(prices, kind="stable")[:2].tolist()
    return tuple(Bargain(usage.nodes[row].name, float(prices[row])) for row in rows if prices[row] < np.inf)


def _loose(demand: Demand) -> Demand:
    return replace(
        demand, max_per_node=None, max_per_zone=None, tier_maxima={}, tier_minima={}, max_cost_per_hour=None
    )


_LOOSE: Memo[Demand, Demand] = Memo(most=4096)


def lasting_price(demand: Demand, usage: Usage, place: Assignment) -> Decimal:
    """Give what a place counts for to a replica that need not go there, in US dollars per hour.

    As in its offer, but a node that is paid anyway counts for the share of it that the replica uses. Its room
    is free only as long as others pay for the node. If it counted for nothing, replicas would leave nodes
    billed by Share for it one by one, and no node that was opened once would ever be empty again.
    """
    requests = next(one.requests for one in demand.variants if one.name == place.variant)
    share = share_cost(usage.node(place.node), requests)
    return max(place.offer.cost_per_hour, share) + place.offer.latency_penalty


def place_elsewhere(
    demand: Demand, usage: Usage, pod: Pod, without: Collection[str] = (), *, is_lasting: bool = False
) -> Assignment | Unplaceable:
    """Choose another node for a replica, which holds its room until it has gone.

    Parameters
    ----------
    without
        Further nodes that are out of the question.
    is_lasting
        Whether it is the cheapest by `lasting_price`, not by what it adds to the bill now.
    """
    site = pod.replica.client_site if pod.replica else None
    return place(
        demand,
        leaving(usage, pod),
        site,
        {pod.node, *without},
        is_explained=False,
        is_lasting=is_lasting,
    )
