"""Turn demands and a snapshot into the arrays of a problem."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from fogline.api import Billing, Tier
from fogline.placement.demand import Demand
from fogline.placement.optimiser import masks
from fogline.placement.optimiser.masks import Choice
from fogline.placement.optimiser.problem import NO_LIMIT, Floats, Ints, Limited, Problem, Standing
from fogline.placement.optimiser.survey import Survey, survey
from fogline.placement.plan import turn
from fogline.placement.sites import missing_by_site
from fogline.placement.usage import share_cost
from fogline.snapshot import Node, Pod, Snapshot

TIERS = (Tier.CLOUD, Tier.EDGE)
_SAFETY = 10.0
"""How much more than the dearest place a rejection of the lowest priority counts for."""
_WIDEST = 1e4
"""How much more a rejection of the highest priority counts for than one of the lowest, at most. Beyond that a
solver that works with doubles no longer sees the cents."""


@dataclass(frozen=True, slots=True)
class Built:
    """A problem, and what its numbers stand for."""

    problem: Problem
    demands: tuple[Demand, ...]
    """Those that are not suspended, in turn: one per model."""
    choices: tuple[Choice, ...]
    """One per option."""
    nodes: tuple[Node, ...]
    survey: Survey


def build(demands: Sequence[Demand], snapshot: Snapshot, move_cost: Decimal) -> Built:
    """Turn demands and a snapshot into arrays.

    Parameters
    ----------
    move_cost
        US dollars per hour that a move has to save.
    """
    nodes = tuple(sorted(snapshot.nodes, key=lambda node: node.name))
    seen = survey(sorted(demands, key=turn), snapshot)
    ours = tuple(seen.demands)
    groups = _groups(ours, seen)
    choices = tuple(
        (ours[model], variant, site) for model, site, _ in groups for variant in ours[model].variants
    )
    owner = [group for group, (model, _, _) in enumerate(groups) for _ in ours[model].variants]
    standing = _standing(ours, nodes, choices, seen, snapshot, float(move_cost))
    is_paid = standing.others + standing.replicas.sum(axis=0) > 0
    resources = sorted(
        {name for _, variant, _ in choices for name, amount in variant.requests.items() if amount}
    )
    node_class, examples = _classes(nodes, choices, seen.free, is_paid, resources)
    kinds = [nodes[number] for number in examples]
    requests = [masks.amounts_of(name, [variant.requests for _, variant, _ in choices]) for name in resources]
    room = [masks.amounts_of(name, [seen.free[node.name] for node in kinds]) for name in resources]
    latency_cost = masks.latency_costs(choices, masks.latencies(choices, kinds))
    share_costs = masks.share_costs(choices, kinds)
    price = np.array([_opening_price(node) for node in kinds], dtype=np.float64)
    problem = Problem(
        option_group=np.array(owner, dtype=np.int64),
        group_model=np.array([model for model, _, _ in groups], dtype=np.int64),
        group_replicas=np.array([wanted for _, _, wanted in groups], dtype=np.int64),
        group_penalty=penalties(
            [ours[model].priority for model, _, _ in groups],
            price.max(initial=0) + (latency_cost + share_costs).max(initial=0) + float(move_cost),
        ),
        requests=np.array(requests, dtype=np.float64).reshape(len(resources), len(choices)).T,
        feasible=masks.allowed(choices, kinds),
        share_cost=share_costs,
        latency_cost=latency_cost,
        class_capacity=np.maximum(np.array(room, dtype=np.float64).reshape(len(resources), len(kinds)).T, 0),
        class_price=price,
        class_is_paid=np.array([is_paid[number] for number in examples], dtype=bool),
        class_tier=np.array([TIERS.index(node.tier) for node in kinds], dtype=np.int64),
        node_class=node_class,
        node_zone=_codes([node.zone for node in nodes]),
        limits=_limits(ours),
        standing=standing,
    )
    return Built(problem, ours, choices, nodes, seen)


def penalties(priorities: Sequence[int], dearest: float) -> Floats:
    """Give what a rejection counts for: more than the dearest place, and more the higher the priority.

    Returns
    -------
    Floats
        US dollars per hour.
    """
    ranks = {priority: rank for rank, priority in enumerate(sorted(set(priorities)))}
    step = min(10.0, _WIDEST ** (1 / max(len(ranks) - 1, 1)))
    lowest = _SAFETY * max(dearest, 1.0)
    return np.array([lowest * step ** ranks[priority] for priority in priorities], dtype=np.float64)


def _groups(demands: Sequence[Demand], seen: Survey) -> list[tuple[int, str | None, int]]:
    """Split what each model wants beside its held replicas by client site: model, site, replicas."""
    held: Counter[tuple[object, str | None]] = Counter()
    for pod in seen.held:
        if pod.replica:
            held[pod.replica.model, pod.replica.client_site] += 1
    found = []
    for number, demand in enumerate(demands):
        own = {site: count for (model, site), count in held.items() if model == demand.model}
        missing = max(demand.replicas - sum(own.values()), 0)
        wanted = Counter(missing_by_site(demand, own, missing))
        found += [(number, client.site, wanted[client.site]) for client in demand.clients]
    return found


def _limits(demands: Sequence[Demand]) -> Limited:
    costs = [np.inf if one.max_cost_per_hour is None else float(one.max_cost_per_hour) for one in demands]
    return Limited(
        per_node=np.array([_or_none(one.max_per_node) for one in demands], dtype=np.int64),
        per_zone=np.array([_or_none(one.max_per_zone) for one in demands], dtype=np.int64),
        per_tier=np.array(
            [[_most_on(one, tier) for tier in TIERS] for one in demands], dtype=np.int64
        ).reshape(len(demands), len(TIERS)),
        cost_per_hour=np.array(costs, dtype=np.float64),
    )


def _or_none(limit: int | None) -> int:
    return NO_LIMIT if limit is None else limit


def _most_on(demand: Demand, tier: Tier) -> int:
    """Give the replicas that a tier may hold: its maximum, or what the minimum of the other leaves over."""
    owed = sum(minimum for other, minimum in demand.tier_minima.items() if other is not tier)
    left = max(demand.replicas - owed, demand.tier_minima.get(tier, 0)) if owed else NO_LIMIT
    return min(_or_none(demand.tier_maxima.get(tier)), left)


def _standing(
    demands: Sequence[Demand],
    nodes: Sequence[Node],
    choices: Sequence[Choice],
    seen: Survey,
    snapshot: Snapshot,
    move_cost: float,
) -> Standing:
    model_of = {demand.model: number for number, demand in enumerate(demands)}
    node_of = {node.name: number for number, node in enumerate(nodes)}
    option_of = {(one.model, variant.name, site): row for row, (one, variant, site) in enumerate(choices)}
    replicas = np.zeros((len(demands), len(nodes)), dtype=np.int64)
    shares = np.zeros(len(demands))
    for pod in seen.held:
        if pod.replica:
            model, number = model_of[pod.replica.model], node_of[pod.node]
            replicas[model, number] += 1
            if nodes[number].billing is Billing.SHARE:
                shares[model] += float(share_cost(nodes[number], pod.requests))
    others = np.zeros(len(nodes), dtype=np.int64)
    for pod in snapshot.pods:
        if pod.replica and pod.replica.model not in model_of and pod.node in node_of:
            others[node_of[pod.node]] += 1
    movable = Counter(
        (option_of[key], node_of[pod.node]) for pod in seen.movable if (key := key_of(pod)) in option_of
    )
    rows = [(option, node, count) for (option, node), count in sorted(movable.items())]
    return Standing(replicas, others, shares, np.array(rows, dtype=np.int64).reshape(len(rows), 3), move_cost)


def key_of(pod: Pod) -> tuple[object, str, str | None] | None:
    """Give what a replica serves: model, variant, client site."""
    one = pod.replica
    return None if one is None else (one.model, one.variant, one.client_site)


def _classes(
    nodes: Sequence[Node],
    choices: Sequence[Choice],
    free: Mapping[str, Mapping[str, int]],
    is_paid: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]",
    resources: Sequence[str],
) -> tuple[Ints, list[int]]:
    """Merge nodes that no option can tell apart; give the class of each and an example of each class."""
    sites = list(dict.fromkeys(site for _, _, site in choices))
    labels = sorted({label for demand, _, _ in choices for label in demand.node_selector})
    known: dict[Hashable, int] = {}
    examples: list[int] = []
    classes = np.zeros(len(nodes), dtype=np.int64)
    for number, node in enumerate(nodes):
        by_share = node.billing is Billing.SHARE
        key = (
            (node.tier, node.region, node.clearance, node.architecture, node.accelerator_type),
            masks.takes_new(node),
            (node.billing, node.cost_per_hour, bool(is_paid[number])),
            tuple(node.labels.get(label) for label in labels),
            tuple(node.latency_from(site) for site in sites),
            tuple(free[node.name].get(name, 0) for name in resources),
            tuple(node.allocatable.get(name, 0) for name in resources) if by_share else (),
        )
        if key not in known:
            known[key] = len(examples)
            examples.append(number)
        classes[number] = known[key]
    return classes, examples


def _opening_price(node: Node) -> float:
    return 0.0 if node.billing is Billing.SHARE else float(node.cost_per_hour)


def _codes(values: Sequence[str]) -> Ints:
    codes = {value: code for code, value in enumerate(dict.fromkeys(values))}
    return np.array([codes[value] for value in values], dtype=np.int64)
