"""The rules of placement once more, as plainly as can be: slow, without an index, straight from the API.

It decides for one replica by trying everything, to check the real decision against.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from fogline.api import Billing, ModelDeployment, Objective, Tier, Variant
from fogline.names import ModelKey
from fogline.snapshot import Node, Pod, ReplicaOf
from fogline.units import Amounts, resource_amounts

PENALTIES = {
    Objective.LOWEST_COST: Fraction(0),
    Objective.BALANCED: Fraction("0.002"),
    Objective.LOWEST_LATENCY: Fraction(100),
}
LEVELS = ["Public", "Internal", "Confidential", "Restricted"]
FETCHING = {"cpu": 50, "memory": 64 * 1024**2}


@dataclass(frozen=True)
class World:
    """A model and all that is there."""

    model: ModelDeployment
    nodes: tuple[Node, ...]
    pods: tuple[Pod, ...]
    leaving: tuple[Pod, ...] = ()
    """Replicas on their way out: they only take room until they are gone."""

    @property
    def replicas(self) -> list[Pod]:
        """Replicas of the model."""
        key = model_key(self.model)
        return [pod for pod in self.pods if pod.replica and pod.replica.model == key]

    def node(self, name: str) -> Node:
        """Find a node."""
        return next(node for node in self.nodes if node.name == name)


def model_key(model: ModelDeployment) -> ModelKey:
    """Give namespace and name of a model."""
    return ModelKey(model.metadata.namespace or "default", model.metadata.name)


def requests(variant: Variant) -> dict[str, int]:
    """Sum up what a replica takes."""
    given = resource_amounts((variant.resources and variant.resources.requests) or {})
    names = {*given, *FETCHING}
    return {name: max(given.get(name, 0), FETCHING.get(name, 0)) for name in names} | {"pods": 1}


def broken(world: World, variant: Variant, node: Node, site: str | None) -> set[str]:
    """Name the rules that one more replica on a node would break."""
    rules = world.model.spec.placement
    wanted = world.model.spec.replicas
    latency = node.client_site_latency_milliseconds.get(site or "", node.latency_milliseconds)
    maximum = rules.latency.max_milliseconds if rules.latency else None
    on_node = [pod for pod in world.replicas if pod.node == node.name]
    in_zone = [pod for pod in world.replicas if world.node(pod.node).zone == node.zone]
    there = [pod for pod in (*world.pods, *world.leaving) if pod.node == node.name]
    ours = [pod for pod in there if pod.replica]
    in_tier = {
        tier: sum(world.node(pod.node).tier is tier for pod in world.replicas)
        for tier in (Tier.CLOUD, Tier.EDGE)
    }
    bounds = {Tier.CLOUD: rules.cloud, Tier.EDGE: rules.edge}
    owed = {tier: max(0, bounds[tier].min_replicas - in_tier[tier]) for tier in bounds}
    left = max(0, wanted - len(world.replicas))
    spread = rules.spread
    most = bounds[node.tier].max_replicas
    limit = rules.cost.max_per_hour if rules.cost else None
    checks = {
        "tier": variant.tier is node.tier,
        "artifact": variant.artifact is not None,
        "clearance": LEVELS.index(node.clearance.value) >= LEVELS.index(rules.data_sensitivity.value),
        "region": rules.allowed_regions is None or node.region in rules.allowed_regions,
        "architecture": node.architecture in variant.architectures
        if variant.architectures
        else node.architecture != "arm64" or variant.runtime == "LiteRT" or variant.image is not None,
        "accelerator": variant.accelerator_types is None
        or node.accelerator_type in variant.accelerator_types,
        "selector": rules.node_selector.items() <= node.labels.items(),
        "latency": maximum is None or (latency is not None and latency <= maximum),
        "state": node.ready and not node.cordoned and not node.taints,
        "room": all(
            amount + sum(pod.requests.get(resource, 0) for pod in there) <= node.allocatable.get(resource, 0)
            for resource, amount in requests(variant).items()
        ),
        "capacity share": all(
            amount + sum(pod.requests.get(resource, 0) for pod in ours) <= _part(node, resource)
            for resource, amount in requests(variant).items()
        ),
        "node share": not (spread and spread.max_per_node) or len(on_node) < spread.max_per_node,
        "zone share": not (spread and spread.max_per_zone_percent)
        or len(in_zone) < ceil(Fraction(spread.max_per_zone_percent * wanted, 100)),
        "tier maximum": most is None or in_tier[node.tier] < most,
        "tier minimum": owed[node.tier] > 0 or not any(owed.values()) or left > sum(owed.values()),
        "cost": limit is None
        or bill(world, [*world.pods, _pod(world, variant, node, site)]) <= Fraction(limit),
    }
    return {name for name, holds in checks.items() if not holds}


def _part(node: Node, resource: str) -> Fraction:
    """Give how much of a resource our replicas may use."""
    return Fraction(node.capacity_share) * node.allocatable.get(resource, 0)


def bill(world: World, pods: Iterable[Pod]) -> Fraction:
    """Add up what the model costs: its part of each node that it uses."""
    total, pods = Fraction(0), list(pods)
    for node in world.nodes:
        ours = [pod for pod in pods if pod.node == node.name and pod.replica]
        own = [pod for pod in ours if pod.replica and pod.replica.model == model_key(world.model)]
        if node.billing is Billing.NODE and own:
            total += Fraction(node.cost_per_hour) * len(own) / len(ours)
        if node.billing is Billing.SHARE:
            total += sum(share(node, pod.requests) for pod in own)
    return total


def share(node: Node, amounts: Amounts) -> Fraction:
    """Give the price of the largest share of any resource."""
    return Fraction(node.cost_per_hour) * max(
        Fraction(amount, node.allocatable[resource]) for resource, amount in amounts.items() if amount
    )


def price(world: World, variant: Variant, node: Node, site: str | None) -> Fraction:
    """Give what the objective counts for one more replica, in US dollars per hour."""
    rules = world.model.spec.placement
    used = any(pod.replica for pod in world.pods if pod.node == node.name)
    money = Fraction(0) if used else Fraction(node.cost_per_hour)
    if node.billing is Billing.SHARE:
        money = share(node, requests(variant))
    penalty = rules.latency_penalty_per_millisecond
    target = rules.latency.target_milliseconds if rules.latency else None
    if target is None:
        if penalty is None and rules.objective is not Objective.LOWEST_LATENCY:
            return money
        target = 0
    known = [one.latency_from(site) for one in world.nodes]
    worst = max([2 * target, *(one for one in known if one is not None)])
    latency = node.latency_from(site)
    above = max(0, (worst if latency is None else latency) - target)
    return money + above * (PENALTIES[rules.objective] if penalty is None else Fraction(penalty))


def best(world: World, site: str | None) -> tuple[str, str] | None:
    """Give node and variant of the cheapest allowed choice; None when nothing is allowed."""
    offers = [
        (price(world, variant, node, site), node.name, position, variant.name)
        for node in world.nodes
        for position, variant in enumerate(world.model.spec.variants)
        if not broken(world, variant, node, site)
    ]
    if not offers:
        return None
    _, node, _, name = min(offers)
    return node, name


def _pod(world: World, variant: Variant, node: Node, site: str | None) -> Pod:
    replica = ReplicaOf(model_key(world.model), variant.name, site)
    return Pod(replica.model.namespace, "new", node.name, requests(variant), replica)
