"""The objective: what an option costs, in US dollars per hour."""

from decimal import Decimal

from fogline.api import Billing
from fogline.placement.answers import Offer
from fogline.placement.demand import LatencyDemand
from fogline.placement.requirements import Option
from fogline.placement.usage import Usage, share_cost

MOVE_COST = Decimal("0.001")
"""US dollars per hour that a move has to save: more than rounding, less than any node costs."""


def added_cost(option: Option, usage: Usage) -> Decimal:
    """Money that the replica adds to the bill, in US dollars per hour.

    On a node billed by Share: the share that it uses. On one billed by Node: the whole price when nothing of
    ours runs there yet, else nothing.
    """
    node = option.node
    if node.billing is Billing.SHARE:
        return share_cost(node, option.variant.requests)
    return node.cost_per_hour if usage.is_unused(node) else Decimal(0)


def latency_penalty(option: Option, usage: Usage) -> Decimal:
    """Give what the latency above the target counts for, in US dollars per hour; nobody is billed for it.

    A node of unknown latency counts as the worst known one, and as twice the target at least, so that a
    missing label is never an advantage.
    """
    latency = option.demand.latency
    milliseconds = option.node.latency_from(option.client_site)
    if milliseconds is None and latency.target_milliseconds is not None:
        milliseconds = max(
            usage.columns.worst_latency(option.client_site) or 0, 2 * latency.target_milliseconds
        )
    return _penalty(latency, milliseconds)


def penalty_at_maximum(latency: LatencyDemand) -> Decimal:
    """Give what the largest latency that is allowed counts for, in US dollars per hour."""
    return _penalty(latency, latency.maximum_milliseconds)


def _penalty(latency: LatencyDemand, milliseconds: int | None) -> Decimal:
    if milliseconds is None or latency.target_milliseconds is None:
        return Decimal(0)
    return latency.penalty_per_millisecond * max(0, milliseconds - latency.target_milliseconds)


def offer(option: Option, usage: Usage) -> Offer:
    """Give what the option counts for, to the last digit, whether it breaks requirements or not."""
    return Offer(
        node=option.node.name,
        variant=option.variant.name,
        cost_per_hour=added_cost(option, usage),
        latency_penalty=latency_penalty(option, usage),
        latency_milliseconds=option.node.latency_from(option.client_site),
    )
