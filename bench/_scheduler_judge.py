"""What became of the models, by one arithmetic for whoever placed them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bench._scheduler_sites import sited
from fogline import observe
from fogline.cluster import objects
from fogline.conditions import Reason
from fogline.config import Settings
from fogline.placement import Demand, Usage, policy_refusals
from fogline.snapshot import Node


@dataclass(frozen=True, slots=True)
class Verdict:
    """Cost, rejections, latency and broken rules of a cluster."""

    cost_per_hour: Decimal
    """Bill, in US dollars."""
    latency_penalty_per_hour: Decimal
    """What the latency above the targets counts for, in US dollars."""
    nodes: int
    """Nodes with a replica."""
    placed: int
    missing: int
    within_target: int
    """Of the placed ones."""
    broken: Counter[Reason]
    """Requirements that do not hold, by reason."""

    @property
    def within_target_percent(self) -> float:
        """Share of the placed replicas within the latency target."""
        return 100 * self.within_target / max(self.placed, 1)


def judge(demands: Sequence[Demand], nodes: Iterable[objects.Node], pods: Iterable[objects.Pod]) -> Verdict:
    """Judge where pods are bound to, by the namespace that the demands name."""
    serving = [
        replace(held, replica=replace(held.replica, client_site=site))
        for pod, site in sited(demands, (pod for pod in pods if pod.spec.node_name))
        if (held := observe.to_pod(pod)) and held.replica
    ]
    usage = Usage(observe.snapshot([observe.to_node(node, Settings()) for node in nodes], serving))
    broken: Counter[Reason] = Counter(_over_committed(usage))
    excess = Decimal(0)
    placed = within = 0
    for demand in demands:
        broken.update(_broken(demand, usage))
        for pod, replica in usage.replicas_of(demand.model):
            above = _above_target(demand, replica.client_site, usage.node(pod.node))
            excess += above * demand.latency.penalty_per_millisecond
            within += above == 0
            placed += 1
    return Verdict(
        cost_per_hour=sum((usage.cost_of(demand.model) for demand in demands), Decimal(0)),
        latency_penalty_per_hour=excess,
        nodes=int((usage.replicas() > 0).sum()),
        placed=placed,
        missing=sum(demand.replicas for demand in demands) - placed,
        within_target=within,
        broken=broken,
    )


def _above_target(demand: Demand, client_site: str | None, node: Node) -> int:
    """Give the milliseconds above the latency target."""
    target, has = demand.latency.target_milliseconds, node.latency_from(client_site)
    assert target is not None
    assert has is not None, f"{node.name} has no latency from {client_site}"
    return max(0, has - target)


def _broken(demand: Demand, usage: Usage) -> Iterator[Reason]:
    held = usage.of(demand.model)
    for pod, replica in usage.replicas_of(demand.model):
        for rejection in policy_refusals(demand, replica, usage.node(pod.node), usage):
            yield rejection.reason
    for counts, limit, reason in (
        (held.per_node, demand.max_per_node, Reason.MAX_PER_NODE_REACHED),
        (held.per_zone, demand.max_per_zone, Reason.MAX_PER_ZONE_REACHED),
    ):
        for count in counts.values():
            yield from [reason] * max(0, count - (count if limit is None else limit))


def _over_committed(usage: Usage) -> Iterator[Reason]:
    for resource in {name for node in usage.nodes for name in node.allocatable}:
        yield from [Reason.INSUFFICIENT_RESOURCE] * int((usage.free(resource) < 0).sum())
