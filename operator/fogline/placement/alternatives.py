"""Why a replica is where it is: what each other node would offer it, or why it is refused."""

from dataclasses import dataclass
from decimal import Decimal

from fogline.placement.answers import Offer, Rejection
from fogline.placement.demand import Demand
from fogline.placement.objective import offer
from fogline.placement.requirements import Option, in_full, tier_not_served
from fogline.placement.usage import Usage
from fogline.snapshot import Node, Pod


@dataclass(frozen=True, slots=True)
class Alternative:
    """What one node offers a replica."""

    node: str
    offer: Offer | None
    """What the replica would count for there if no requirement were broken; None: its tier has no variant."""
    rejections: tuple[Rejection, ...]
    """Every requirement that is broken; one for each resource that is short. Empty when the node would do."""

    @property
    def price(self) -> Decimal | None:
        """US dollars per hour as the objective counts them; None when the node is refused."""
        return None if self.rejections or self.offer is None else self.offer.price


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
    without = leaving(usage, pod)
    found = (one for one in judge_all(demand, without, pod.replica.client_site) if one.node != pod.node)
    return tuple(found)


def judge_all(demand: Demand, usage: Usage, client_site: str | None) -> tuple[Alternative, ...]:
    """Judge every node for one more replica: the cheapest first, then the refused ones by name."""
    found = (judge(demand, usage, node, client_site) for node in usage.nodes)
    return tuple(sorted(found, key=lambda one: (one.price is None, one.price or 0, one.node)))


def judge(demand: Demand, usage: Usage, node: Node, client_site: str | None) -> Alternative:
    """Judge one node for one more replica; of several variants the one that comes closest counts."""
    options = [
        Option(demand, variant, client_site, node) for variant in demand.variants if variant.tier is node.tier
    ]
    if not options:
        return Alternative(node.name, None, (tier_not_served(demand, node),))
    judged = (Alternative(node.name, offer(one, usage), in_full(one, usage)) for one in options)
    return min(judged, key=_distance)


def leaving(usage: Usage, pod: Pod) -> Usage:
    """Give the usage in which a replica counts for its model no more, but still holds its room."""
    without = usage.fork()
    without.release(pod)
    return without


def gone(usage: Usage, pod: Pod) -> Usage:
    """Give the usage in which a replica is gone."""
    without = usage.fork()
    without.remove(pod)
    return without


def offer_in_place(demand: Demand, usage: Usage, pod: Pod) -> Offer | None:
    """Give what a replica counts for where it is: what choosing its node again would cost if it were gone.

    None when its variant or node is gone.
    """
    variant = demand.variant(pod.replica.variant) if pod.replica else None
    if pod.replica is None or variant is None or not usage.knows(pod.node):
        return None
    option = Option(demand, variant, pod.replica.client_site, usage.node(pod.node))
    return offer(option, gone(usage, pod))


def _distance(one: Alternative) -> tuple[int, Decimal]:
    return len({rejection.reason for rejection in one.rejections}), one.offer.price if one.offer else Decimal(
        0
    )
