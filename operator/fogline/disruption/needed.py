"""Whether what forced a move still holds."""

from fogline.conditions import Reason
from fogline.disruption.health import why_leave
from fogline.placement import Demand, Usage, policy_refusals
from fogline.snapshot import Move, Replica, ReplicaOf

_STATES = frozenset(
    {
        Reason.VARIANT_LEFT,
        Reason.TIER_NOT_SERVED,
        Reason.CLEARANCE_TOO_LOW,
        Reason.REGION_NOT_ALLOWED,
        Reason.ARCHITECTURE_NOT_SUPPORTED,
        Reason.ACCELERATOR_NOT_SUPPORTED,
        Reason.NODE_SELECTOR_MISMATCH,
        Reason.LATENCY_UNKNOWN,
        Reason.LATENCY_ABOVE_MAXIMUM,
        Reason.NODE_CORDONED,
        Reason.NODE_UNDER_PRESSURE,
        Reason.NODE_LEAVING,
    }
)
"""Reasons that one look at a replica and its node can confirm."""


def no_longer_forced(move: Move, victim: Replica, demand: Demand, usage: Usage) -> str:
    """Say that the reason of a forced move is gone; empty while it holds, or where that cannot be told."""
    if move.saving_per_hour is not None or move.reason not in _STATES or not usage.knows(move.source):
        return ""
    node, replica = usage.node(move.source), ReplicaOf(victim.model, victim.variant, victim.client_site)
    if why_leave(node) or policy_refusals(demand, replica, node, usage):
        return ""
    return f"no longer called for: {move.reason} does not hold of {move.source} any more"
