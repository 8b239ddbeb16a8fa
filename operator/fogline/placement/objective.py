"""The objective: what an option costs, in US dollars per hour."""

from decimal import Decimal

from fogline.api import Billing
from fogline.placement.requirements import Option
from fogline.placement.usage import Usage, share_cost


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
    target = latency.target_milliseconds
    if target is None:
        return Decimal(0)
    milliseconds = option.node.latency_from(option.client_site)
    if milliseconds is None:
        milliseconds = max(usage.worst_latency(option.client_site) or 0, 2 * target)
    return latency.penalty_per_millisecond * max(0, milliseconds - target)
