"""Which replicas should go when a ModelDeployment has more than it wants."""

from dataclasses import dataclass
from decimal import Decimal

from fogline.placement.demand import Demand
from fogline.placement.objective import latency_penalty
from fogline.placement.requirements import STATE, Option, refusals
from fogline.placement.sites import split_by_site
from fogline.placement.usage import ModelUsage, Usage
from fogline.snapshot import Node, Pod, ReplicaOf


def drop_surplus(demand: Demand, usage: Usage) -> tuple[Pod, ...]:
    """Release replicas until no more are left than wanted, and return them in the order in which they go.

    No tier falls below its minimum while another has more than its own. Then go, in this order: replicas on
    nodes that take nothing new or hold more of the model than the limits allow, those of client sites with
    more than their share, the costliest, and the highest names.
    """
    held, wanted = usage.of(demand.model), split_by_site(demand)

    def urgency(one: _Standing) -> tuple[bool, bool, bool, Decimal, str]:
        tier, site = one.node.tier, one.client_site
        return (
            held.per_tier[tier] > demand.tier_minima.get(tier, 0),
            one.is_unfit or _is_over_limit(demand, one.node, held),
            held.per_client_site[site] > wanted.get(site, 0),
            one.cost_per_hour,
            one.pod.name,
        )

    left = [_standing(demand, pod, replica, usage) for pod, replica in usage.replicas_of(demand.model)]
    dropped: list[Pod] = []
    while len(left) > demand.replicas:
        one = max(left, key=urgency)
        left.remove(one)
        usage.release(one.pod)
        dropped.append(one.pod)
    return tuple(dropped)


@dataclass(frozen=True, slots=True, eq=False)
class _Standing:
    """What speaks for and against keeping a replica, whatever becomes of the others."""

    pod: Pod
    node: Node
    client_site: str | None
    is_unfit: bool
    """Its node takes nothing new."""
    cost_per_hour: Decimal
    """US dollars, as the objective counts them."""


def _standing(demand: Demand, pod: Pod, replica: ReplicaOf, usage: Usage) -> _Standing:
    node = usage.by_name[pod.node]
    variant = next(one for one in demand.variants if one.name == replica.variant)
    option = Option(demand, variant, replica.client_site, node)
    return _Standing(
        pod=pod,
        node=node,
        client_site=replica.client_site,
        is_unfit=bool(refusals(option, usage, STATE)),
        cost_per_hour=usage.replica_cost(pod) + latency_penalty(option, usage),
    )


def _is_over_limit(demand: Demand, node: Node, held: ModelUsage) -> bool:
    return any(
        limit is not None and count > limit
        for count, limit in (
            (held.per_node[node.name], demand.max_per_node),
            (held.per_zone[node.zone], demand.max_per_zone),
            (held.per_tier[node.tier], demand.tier_maxima.get(node.tier)),
        )
    )
