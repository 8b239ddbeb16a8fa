"""Moves that save only together: the nodes that they empty are paid until the last replica has gone."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from fogline.api import Billing
from fogline.conditions import Reason
from fogline.disruption.limits import PodKey
from fogline.disruption.proposals import Proposal
from fogline.names import ModelKey
from fogline.placement import (
    MOVE_COST,
    Assignment,
    Demand,
    Option,
    Usage,
    assume,
    refusals,
)
from fogline.placement.alternatives import leaving
from fogline.placement.objective import latency_penalty, offer
from fogline.placement.optimised import OptimisedPlan
from fogline.placement.usage import share_cost
from fogline.snapshot import Node, Pod, Replica


@dataclass(frozen=True, slots=True)
class Step:
    """One replica and where it should be."""

    model: ModelKey
    pod: str
    """Name of the replica."""
    source: str
    target: str
    variant: str
    client_site: str | None

    @property
    def key(self) -> PodKey:
        """Namespace and name of the replica."""
        return self.model.namespace, self.pod


@dataclass(frozen=True, slots=True)
class Bundle:
    """Moves that belong together, because they share nodes."""

    steps: tuple[Step, ...]
    """Those that have not begun."""
    begun: tuple[Step, ...] = ()
    """Those that have."""

    @property
    def models(self) -> frozenset[ModelKey]:
        """Name the models that it is about."""
        return frozenset(step.model for step in (*self.steps, *self.begun))


@dataclass(frozen=True, slots=True)
class Worth:
    """What steps save together."""

    saving: Decimal
    """US dollars per hour, less what the moves have to save anyhow."""
    now: Decimal
    """US dollars per hour that the replicas count for where they are."""

    def is_enough(self, min_saving_percent: int) -> bool:
        """Tell whether they are worth it."""
        return self.saving > 0 and self.saving * 100 >= self.now * min_saving_percent


def bundles_of(plan: OptimisedPlan) -> tuple[Bundle, ...]:
    """Make a bundle of each group of moves that empties nodes, those with the fewest replicas to go first."""
    bundles = []
    for group in plan.consolidations:
        steps = [
            Step(one.model, one.pod.name, one.pod.node, one.node, one.variant, one.client_site)
            for one in group
            if one.pod
        ]
        leave = Counter(step.source for step in steps)
        steps.sort(key=lambda one: (leave[one.source], one.source, one.model, one.pod))
        bundles.append(Bundle(tuple(steps)))
    return tuple(bundles)


def judge(
    steps: Iterable[Step], pods: Mapping[PodKey, Pod], demands: Mapping[ModelKey, Demand], usage: Usage
) -> Worth:
    """Tell what steps save together, as the objective counts it. `usage` is only read.

    Parameters
    ----------
    pods
        The pod of each step.
    """
    asked = list(steps)
    names = {name for one in asked for name in (one.source, one.target)}
    nodes = [usage.node(name) for name in sorted(names)]
    after = usage.fork()
    cost_now, cost_then, part = _opened(nodes, usage), Decimal(0), Decimal(0)
    for step in asked:
        demand, pod = demands[step.model], pods[step.key]
        here = _own(demand, pod, usage.node(step.source), usage)
        cost_now += here
        part += _part(pod, usage) + here
        after.remove(pod)
        moved = assume(_assignment(demand, step, usage), demand, after)
        cost_then += _own(demand, moved, usage.node(step.target), usage)
    cost_then += _opened(nodes, after)
    return Worth(cost_now - cost_then - MOVE_COST * len(asked), part)


def propose(step: Step, replica: Replica, demand: Demand, usage: Usage, saving: Decimal) -> Proposal:
    """Propose a step, whether its target has room by now or not."""
    return Proposal(replica, Reason.BETTER_PLAN, _assignment(demand, step, usage), saving_per_hour=saving)


def has_room(step: Step, pod: Pod, demand: Demand, usage: Usage) -> bool:
    """Tell whether the target takes the replica while that still holds its room."""
    return not refusals(_option(demand, step, usage), leaving(usage, pod))


def _option(demand: Demand, step: Step, usage: Usage) -> Option:
    variant = next(one for one in demand.variants if one.name == step.variant)
    return Option(demand, variant, step.client_site, usage.node(step.target))


def _assignment(demand: Demand, step: Step, usage: Usage) -> Assignment:
    option = _option(demand, step, usage)
    return Assignment(
        model=step.model,
        client_site=step.client_site,
        tier=option.variant.tier,
        offer=offer(option, usage),
        runner_up=None,
        feasible=1,
        refused=(),
        counterfactual=None,
    )


def _opened(nodes: Iterable[Node], usage: Usage) -> Decimal:
    """Add up the prices of the nodes that are paid as a whole, because something of ours is on them."""
    paid = (one for one in nodes if one.billing is Billing.NODE and not usage.is_unused(one))
    return sum((one.cost_per_hour for one in paid), Decimal(0))


def _part(pod: Pod, usage: Usage) -> Decimal:
    """Give the part of its node's price that a replica pays, where that is paid as a whole."""
    by_share = usage.node(pod.node).billing is Billing.SHARE
    return Decimal(0) if by_share else usage.replica_cost(pod)


def _own(demand: Demand, pod: Pod, node: Node, usage: Usage) -> Decimal:
    """Give what a replica counts for by itself: its share of a node paid by shares, and its latency."""
    variant = demand.variant(pod.replica.variant) if pod.replica else None
    if pod.replica is None or variant is None:
        return Decimal(0)
    share = share_cost(node, variant.requests) if node.billing is Billing.SHARE else Decimal(0)
    return share + latency_penalty(Option(demand, variant, pod.replica.client_site, node), usage)
