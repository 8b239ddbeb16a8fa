"""The texts of answers: the one place that status, Events and the CLI take them from."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from fogline.conditions import Reason
from fogline.placement.answers import Assignment, Offer, Rejection, Value, by_node
from fogline.units import format_amount, format_usd


@dataclass(frozen=True, slots=True)
class Summary:
    """How many nodes are refused for a reason, with one of them as the example."""

    reason: Reason
    nodes: int
    example: str


def describe(rejection: Rejection) -> str:
    """Say in one sentence why a node is refused, such as ``edge-2: needs 128Mi memory, has 96Mi free``."""
    return f"{rejection.node}: {why(rejection)}"


def why(rejection: Rejection) -> str:
    """Say the same without the name of the node."""
    return _TEXTS[rejection.reason](rejection)


def summarise(rejections: Iterable[Rejection]) -> tuple[Summary, ...]:
    """Count nodes by the first requirement that they break.

    The reason of the nodes that came furthest stands first: there the least has to change. The example is the
    node with the lowest name.
    """
    heard = sorted((broken[0] for broken in by_node(rejections)), key=lambda one: (-one.rank, one.node))
    counts = Counter(rejection.reason for rejection in heard)
    examples: dict[Reason, Rejection] = {}
    for rejection in heard:
        examples.setdefault(rejection.reason, rejection)
    return tuple(Summary(reason, counts[reason], describe(one)) for reason, one in examples.items())


def say(rejections: Iterable[Rejection]) -> str:
    """Say in one line why no node is left, the most telling reason first."""
    parts = [f"{_nodes(one.nodes)} {one.reason} ({one.example})" for one in summarise(rejections)]
    return "; ".join(parts) if parts else "the cluster has no nodes"


def outbid(assignment: Assignment) -> Iterator[tuple[str, str]]:
    """Go through the nodes that would do but cost more than the chosen one, each with the sentence why."""
    best, told = assignment.offers[0], {assignment.node}
    for offer in assignment.offers:
        if offer.node not in told:
            told.add(offer.node)
            yield offer.node, _comparison(offer, best)


def _comparison(offer: Offer, best: Offer) -> str:
    if offer.price == best.price:
        return f"costs as much as {best.node}, which has the lower name"
    return f"costs {_price(offer)} an hour, {best.node} {_price(best)}"


def _price(offer: Offer) -> str:
    penalty = offer.latency_penalty
    return format_usd(offer.cost_per_hour) + (f" + {format_usd(penalty)} for latency" if penalty else "")


def _nodes(count: int) -> str:
    return f"{count} node{'' if count == 1 else 's'}"


def _insufficient(one: Rejection) -> str:
    needs, has = _amount(one.subject, one.needs), _amount(one.subject, one.has)
    if needs == has:  # too close to tell apart when rounded
        needs, has = str(one.needs), str(one.has)
    return f"needs {needs} {one.subject}, has {has} free"


def _amount(resource: str, value: Value) -> str:
    return format_amount(resource, max(value, 0)) if isinstance(value, int) else str(value)


def _node_selector(one: Rejection) -> str:
    found = "no such label" if one.has is None else f"{one.subject}={one.has}"
    return f"needs label {one.subject}={one.needs}, has {found}"


def _usd(value: Value) -> str:
    return format_usd(value) if isinstance(value, Decimal) else str(value)


_TEXTS: Mapping[Reason, Callable[[Rejection], str]] = {
    Reason.TIER_NOT_SERVED: lambda one: f"needs tier {one.needs}, has {one.has}",
    Reason.CLEARANCE_TOO_LOW: lambda one: f"needs clearance {one.needs}, has {one.has}",
    Reason.REGION_NOT_ALLOWED: lambda one: f"needs region {one.needs}, has {one.has or 'none'}",
    Reason.ARCHITECTURE_NOT_SUPPORTED: lambda one: f"needs architecture {one.needs}, has {one.has or 'none'}",
    Reason.ACCELERATOR_NOT_SUPPORTED: lambda one: f"needs accelerator {one.needs}, has {one.has or 'none'}",
    Reason.NODE_SELECTOR_MISMATCH: _node_selector,
    Reason.LATENCY_UNKNOWN: lambda one: f"needs at most {one.needs} ms, its latency is unknown",
    Reason.LATENCY_ABOVE_MAXIMUM: lambda one: f"needs at most {one.needs} ms, has {one.has} ms",
    Reason.NODE_NOT_READY: lambda _: "is not Ready",
    Reason.NODE_CORDONED: lambda _: "is cordoned",
    Reason.TAINT_NOT_TOLERATED: lambda one: f"has taint {one.subject}",
    Reason.INSUFFICIENT_RESOURCE: _insufficient,
    Reason.CAPACITY_SHARE_REACHED: lambda one: f"{_insufficient(one)} of the share that Fogline may use",
    Reason.MAX_PER_NODE_REACHED: lambda one: f"would hold {one.needs}, maxPerNode is {one.has}",
    Reason.MAX_PER_ZONE_REACHED: (
        lambda one: f"zone {one.subject} would hold {one.needs}, maxPerZonePercent allows {one.has}"
    ),
    Reason.TIER_MAXIMUM_REACHED: (
        lambda one: f"tier {one.subject} would hold {one.needs}, its maxReplicas is {one.has}"
    ),
    Reason.RESERVED_FOR_TIER_MINIMUM: (
        lambda one: f"tier {one.subject} lacks {one.needs} of its minReplicas, {one.has} left"
    ),
    Reason.COST_LIMIT_REACHED: (
        lambda one: f"would cost {_usd(one.needs)} an hour in all, maxPerHour is {_usd(one.has)}"
    ),
}
