"""When replicas may move, and how much may be missing meanwhile."""

from typing import Annotated

from msgspec import Meta

from fogline.api.budgets import MoveBudget
from fogline.api.enums import MoveStrategy, OnEdgeUnreachable, RebalancingMode
from fogline.api.fields import AS_ATOMIC, ApiObject, Percent, Percentage, Replicas


class Rebalancing(ApiObject, frozen=True, kw_only=True):
    """When a replica moves to a better node."""

    mode: RebalancingMode = RebalancingMode.AUTOMATIC
    """Automatic: moves that are worth it are carried out. DryRun: all moves are only reported, but for those
    that a rule about data forces (clearance, regions). Disabled: only forced moves happen."""
    strategy: MoveStrategy = MoveStrategy.SURGE
    """How a replica moves. Surge: the replacement is Ready before the old replica stops. Evict: the old one
    is evicted first, as disruption.maxUnavailable allows; for namespaces without room for both."""
    min_saving_percent: Percent = 15
    """A move that is not forced must save at least this share of its cost now, in percent."""
    cooldown_seconds: Annotated[int, Meta(ge=0, le=86_400)] = 600
    """Quiet time in seconds after a replica was placed; within it, it makes no move that is not forced, and
    does not go back to the node just left."""
    ready_timeout_seconds: Annotated[int, Meta(ge=10, le=86_400)] = 600
    """Time in seconds in which a replacement must be Ready, else the move is aborted; also how long a drain
    may be blocked by replicas without a new place."""


class Disruption(ApiObject, frozen=True, kw_only=True):
    """How many replicas may be missing, and what happens at the edge when the link is cut."""

    max_unavailable: Replicas | Percentage = 0
    """Replicas that drains and moves may leave missing at once: a number, or a percentage of spec.replicas
    such as 25%. With 0 a drain waits until the replacement is Ready."""
    budgets: Annotated[tuple[MoveBudget, ...], AS_ATOMIC, Meta(max_length=8)] = ()
    """How many moves of this ModelDeployment may run at once, and when. Moves that a rule about data forces
    (clearance, regions) need no budget. Absent: one at once, as without
    any that always counts and is about all reasons."""
    on_edge_unreachable: OnEdgeUnreachable = OnEdgeUnreachable.KEEP_RUNNING
    """What happens when an edge node is cut off. KeepRunning: its replicas go on serving their site; after
    replaceAfterSeconds those that serve clients elsewhere get a stand-in where all rules allow it, until the
    node is back for rebalancing.cooldownSeconds. Replace: they are replaced elsewhere after
    replaceAfterSeconds, and end when the node is back."""
    replace_after_seconds: Annotated[int, Meta(ge=0, le=604_800)] = 300
    """Time in seconds that an edge node may be cut off before its replicas are replaced, or get stand-ins."""
