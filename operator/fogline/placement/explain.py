"""The texts of answers: the one place that status, Events and the CLI take them from."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from fogline.conditions import Reason
from fogline.placement.answers import (
    Assignment,
    Counterfactual,
    Offer,
    Refused,
    Rejection,
    Unplaceable,
    Value,
)
from fogline.units import format_amount, format_usd


def describe(rejection: Rejection) -> str:
    """Say in one sentence why a node is refused, such as ``edge-2: needs 128Mi memory, has 96Mi free``."""
    return f"{rejection.node}: {why(rejection)}"


def why(rejection: Rejection) -> str:
    """Say the same without the name of the node."""
    return _TEXTS[rejection.reason](rejection)


def say(refused: Iterable[Refused]) -> str:
    """Say in one line why no node is left, the most telling reason first."""
    parts = [f"{_nodes(one.nodes)} {one.reason} ({describe(one.example)})" for one in refused]
    return "; ".join(parts) if parts else "the cluster has no nodes"


def say_unplaceable(answer: Unplaceable) -> str:
    """Say the same with what would help."""
    closest = answer.counterfactual
    return say(answer.refused) + (f"; {would_be_chosen(closest)}" if closest else "")


def would_be_chosen(one: Counterfactual) -> str:
    """Say what one node lacks, such as ``edge-2 would be chosen with 130Mi more free memory``."""
    saving = f", for {format_usd(one.saving)} an hour less" if one.saving else ""
    return f"{one.node} would be chosen {wish(one.lacks)}{saving}"


def wish(rejections: Iterable[Rejection]) -> str:
    """Say what would have to change, such as ``with clearance Restricted and if it were not cordoned``."""
    return " and ".join(_WISHES[rejection.reason](rejection) for rejection in rejections)


def say_offer(offer: Offer) -> str:
    """Say what a replica counts for, in its parts, such as ``0.1 + 0.02 for latency``."""
    penalty = offer.latency_penalty
    return format_usd(offer.cost_per_hour) + (f" + {format_usd(penalty)} for latency" if penalty else "")


def outbid(assignment: Assignment) -> str | None:
    """Say why the best of the other nodes was not chosen; None when no other would do."""
    best, second = assignment.offer, assignment.runner_up
    if second is None:
        return None
    if format_usd(second.price) == format_usd(best.price):
        return f"{second.node} costs as much as {best.node}, which has the lower name"
    return f"{second.node} costs {say_offer(second)} an hour, {best.node} {say_offer(best)}"


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


def _missing(one: Rejection) -> str:
    """Write the amount that is missing, rounded up so that it is enough."""
    needs, has = (value if isinstance(value, int) else 0 for value in (one.needs, one.has))
    return format_amount(one.subject, needs - has, round_up=True)


def _usd(value: Value) -> str:
    return format_usd(value) if isinstance(value, Decimal) else str(value)


_TEXTS: Mapping[Reason, Callable[[Rejection], str]] = {
    Reason.TIER_NOT_SERVED: lambda one: f"needs tier {one.needs}, has {one.has}",
    Reason.ARTIFACT_AWAITED: lambda one: f"variant {one.subject} has no artifact yet",
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
    Reason.REFUSED_BY_SCHEDULER: lambda _: "refused a replica a moment ago, as kube-scheduler says",
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

_WISHES: Mapping[Reason, Callable[[Rejection], str]] = {
    Reason.TIER_NOT_SERVED: lambda one: f"if the model had a variant for tier {one.has}",
    Reason.ARTIFACT_AWAITED: lambda one: f"if variant {one.subject} had its artifact",
    Reason.CLEARANCE_TOO_LOW: lambda one: f"with clearance {one.needs}",
    Reason.REGION_NOT_ALLOWED: lambda one: f"in region {one.needs}",
    Reason.ARCHITECTURE_NOT_SUPPORTED: lambda one: f"with architecture {one.needs}",
    Reason.ACCELERATOR_NOT_SUPPORTED: lambda one: f"with accelerator {one.needs}",
    Reason.NODE_SELECTOR_MISMATCH: lambda one: f"with label {one.subject}={one.needs}",
    Reason.LATENCY_UNKNOWN: lambda one: f"if its latency were known to be <= {one.needs} ms",
    Reason.LATENCY_ABOVE_MAXIMUM: lambda one: f"if its latency were <= {one.needs} ms",
    Reason.NODE_NOT_READY: lambda _: "if it were Ready",
    Reason.NODE_CORDONED: lambda _: "if it were not cordoned",
    Reason.TAINT_NOT_TOLERATED: lambda one: f"without taint {one.subject}",
    Reason.REFUSED_BY_SCHEDULER: lambda _: "if kube-scheduler had not refused it there",
    Reason.INSUFFICIENT_RESOURCE: lambda one: f"with {_missing(one)} more free {one.subject}",
    Reason.CAPACITY_SHARE_REACHED: lambda one: f"with {_missing(one)} more {one.subject} for Fogline",
    Reason.MAX_PER_NODE_REACHED: lambda one: f"if maxPerNode were {one.needs}",
    Reason.MAX_PER_ZONE_REACHED: lambda one: f"if zone {one.subject} might hold {one.needs}",
    Reason.TIER_MAXIMUM_REACHED: lambda one: f"if maxReplicas of tier {one.subject} were {one.needs}",
    Reason.RESERVED_FOR_TIER_MINIMUM: lambda one: (
        f"if tier {one.subject} did not lack {one.needs} of its minReplicas"
    ),
    Reason.COST_LIMIT_REACHED: lambda one: f"if maxPerHour were {_usd(one.needs)}",
}
