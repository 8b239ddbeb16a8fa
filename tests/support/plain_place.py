"""The choice of a node as a loop over nodes, one at a time: the obvious way to what the real one must say."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from fogline.conditions import Reason
from fogline.placement import Demand, Rejection, Usage
from fogline.placement.answers import RANKS
from fogline.placement.objective import added_cost, latency_penalty
from fogline.placement.requirements import Option, refusals, tier_not_served


@dataclass(frozen=True)
class Verdict:
    """What one way to place a replica comes to."""

    node: str
    position: int
    price: Decimal
    broken: tuple[Rejection, ...]


def verdicts(demand: Demand, usage: Usage, client_site: str | None) -> dict[str, list[Verdict]]:
    """Judge every variant on every node, by node."""
    found: dict[str, list[Verdict]] = {}
    for node in usage.nodes:
        own = found[node.name] = []
        for position, variant in enumerate(demand.variants):
            if variant.tier is node.tier:
                option = Option(demand, variant, client_site, node)
                price = added_cost(option, usage) + latency_penalty(option, usage)
                own.append(Verdict(node.name, position, price, refusals(option, usage)))
    return found


def ranking(found: dict[str, list[Verdict]]) -> list[Verdict]:
    """Give what meets every requirement: the cheapest first, then the lower name, then the first variant."""
    feasible = [one for own in found.values() for one in own if not one.broken]
    return sorted(feasible, key=lambda one: (one.price, one.node, one.position))


def refused(demand: Demand, usage: Usage, found: dict[str, list[Verdict]]) -> list[tuple[int, Rejection]]:
    """Count nodes by the first requirement that their closest variant breaks, each with an example."""
    heard: dict[str, Rejection] = {}
    for node in usage.nodes:
        closest = min(
            (one.broken for one in found[node.name]),
            key=lambda broken: (len(broken), -RANKS[broken[0].reason] if broken else 0),
            default=(tier_not_served(demand, node),),
        )
        if closest:
            heard[node.name] = closest[0]
    counts = Counter(one.reason for one in heard.values())
    examples: dict[Reason, Rejection] = {}
    for name in sorted(heard):
        examples.setdefault(heard[name].reason, heard[name])
    return [(counts[reason], examples[reason]) for reason in sorted(counts, key=lambda one: -RANKS[one])]
