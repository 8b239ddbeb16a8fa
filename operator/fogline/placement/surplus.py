"""Which replicas should go when a ModelDeployment has more than it wants."""

from dataclasses import dataclass
from decimal import Decimal
from heapq import heapify, heappop, heappush

from fogline.placement.demand import Demand
from fogline.placement.holdings import Holdings
from fogline.placement.objective import latency_penalty
from fogline.placement.requirements import STATE, Option, refusals
from fogline.placement.sites import split_by_site
from fogline.placement.usage import Usage
from fogline.snapshot import Node, Pod, ReplicaOf


def drop_surplus(demand: Demand, usage: Usage) -> tuple[Pod, ...]:
    """Release replicas until no more are left than wanted, and return them in the order in which they go.

    No tier falls below its minimum while another has more than its own. Then go, in this order: replicas on
    nodes that take nothing new or hold more of the model than the limits allow, those of client sites with
    more than their share, the costliest, and the highest names.
    """
    surplus = len(usage.of(demand.model).replicas) - demand.replicas
    if surplus <= 0:
        return ()
    replicas, wanted = usage.replicas_of(demand.model), split_by_site(demand)
    standing = [
        _standing(demand, pod, replica, usage, number) for number, (pod, replica) in enumerate(replicas)
    ]

    def urgency(one: _Standing) -> tuple[bool, bool, bool, Decimal, int]:
        """Sort key, the most urgent first. While others go, a replica only becomes less urgent."""
        tier, site, held = one.node.tier, one.client_site, usage.of(demand.model)
        return (
            held.per_tier[tier] <= demand.tier_minima.get(tier, 0),
            not (one.is_unfit or _is_over_limit(demand, one.node, held)),
            held.per_client_site[site] <= wanted.get(site, 0),
            -one.cost_per_hour,
            -one.number,
        )

    dropped: list[Pod] = []
    queue = [(urgency(one), one.number) for one in standing]
    heapify(queue)
    while len(dropped) < surplus:
        believed, number = heappop(queue)
        one = standing[number]
        if (now := urgency(one)) != believed:
            heappush(queue, (now, number))
            continue
        usage.release(one.pod)
        dropped.append(one.pod)
    return tuple(dropped)


@dataclass(frozen=True, slots=True, eq=False)
class _Standing:
    """What speaks for and against keeping a replica, whatever becomes of the others."""

    pod: Pod
    number: int
    """Its place by namespace and name."""
    node: Node
    client_site: str | None
    is_unfit: bool
    """Its node takes nothing new."""
    cost_per_hour: Decimal
    """US dollars, as the objective counts them."""


def _standing(demand: Demand, pod: Pod, replica: ReplicaOf, usage: Usage, number: int) -> _Standing:
    node = usage.node(pod.node)
    variant = next(one for one in demand.variants if one.name == replica.variant)
    option = Option(demand, variant, replica.client_site, node)
    return _Standing(
        pod=pod,
        number=number,
        node=node,
        client_site=replica.client_site,
        is_unfit=bool(refusals(option, usage, STATE)),
        cost_per_hour=usage.replica_cost(pod) + latency_penalty(option, usage),
    )


def _is_over_limit(demand: Demand, node: Node, held: Holdings) -> bool:
    return any(
        limit is not None and count > limit
        for count, limit in (
            (held.per_node[node.name], demand.max_per_node),
            (held.per_zone[node.zone], demand.max_per_zone),
            (held.per_tier[node.tier], demand.tier_maxima.get(node.tier)),
        )
    )
