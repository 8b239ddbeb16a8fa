"""The answers of a decision: where a replica goes, or why no node is left."""

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from fogline.api import Tier
from fogline.conditions import Reason
from fogline.names import ModelKey

Value = int | Decimal | str | None
"""Milliseconds, replicas and amounts are integers, US dollars are decimal numbers, all else is text."""

REFUSALS: tuple[Reason, ...] = tuple(Reason)[: tuple(Reason).index(Reason.COST_LIMIT_REACHED) + 1]
"""Why a node may be refused, in the order in which a user should hear of it."""
RANKS = {reason: rank for rank, reason in enumerate(REFUSALS)}
"""Place in that order; higher means that more was in order."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why one node is refused. The text is made from it at the very end."""

    node: str
    reason: Reason
    """Token of status, Events and metrics; it also fixes the unit of the numbers."""
    subject: str = ""
    """What it is about where the reason alone does not say: a resource, a label, a taint, a zone, a tier."""
    needs: Value = None
    """What the model needs, or what the count or cost would become."""
    has: Value = None
    """What the node has, or what the limit is."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The nodes whose first broken requirement is the same.

    A node with several variants speaks for the one that comes closest.
    """

    nodes: int
    example: Rejection
    """Of the one with the lowest name."""

    @property
    def reason(self) -> Reason:
        """What they have in common."""
        return self.example.reason


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """A node that breaks one requirement only, and would be chosen if it did not."""

    variant: str
    lacks: tuple[Rejection, ...]
    """That requirement; one for each resource that is short."""
    saving: Decimal | None
    """US dollars per hour against the node that was chosen; None when none was."""

    @property
    def node(self) -> str:
        """The node."""
        return self.lacks[0].node


class Offer(NamedTuple):
    """A node that meets every requirement, and what a replica counts for there."""

    node: str
    variant: str
    cost_per_hour: Decimal
    """US dollars that the replica adds to the bill: nothing on a node billed by Node that is used already."""
    latency_penalty: Decimal
    """US dollars per hour that the latency above the target counts for; nobody is billed for it."""
    latency_milliseconds: int | None
    """Round trip from the client site; None when unknown."""

    @property
    def price(self) -> Decimal:
        """US dollars per hour, as the objective counts them."""
        return self.cost_per_hour + self.latency_penalty


@dataclass(frozen=True, slots=True)
class Assignment:
    """The decision for one replica.

    Of a move nothing is said about the other nodes.
    """

    model: ModelKey
    client_site: str | None
    tier: Tier
    offer: Offer
    """What is taken."""
    runner_up: Offer | None
    """The best of the other nodes that would do."""
    feasible: int
    """How many nodes would do."""
    refused: tuple[Refused, ...]
    """The other nodes by reason; the reason of those that came furthest stands first."""
    counterfactual: Counterfactual | None
    """The refused node that comes closest to being chosen."""

    @property
    def node(self) -> str:
        """The node that is taken."""
        return self.offer.node

    @property
    def variant(self) -> str:
        """The variant that runs there."""
        return self.offer.variant

    @property
    def cost_per_hour(self) -> Decimal:
        """US dollars that the replica adds to the bill."""
        return self.offer.cost_per_hour

    @property
    def latency_milliseconds(self) -> int | None:
        """Round trip from the client site; None when unknown."""
        return self.offer.latency_milliseconds


@dataclass(frozen=True, slots=True)
class Unplaceable:
    """No node is left. An answer, not an error: returned, never raised."""

    model: ModelKey
    variant: str
    """Where to wait: the variant that would be cheapest if there were room, else the first that may come."""
    client_site: str | None
    refused: tuple[Refused, ...]
    """All nodes by reason; the reason of those that came furthest stands first."""
    only_room: bool
    """Whether some node lacks room only, or was refused by kube-scheduler only: an autoscaler, preemption or
    kube-scheduler itself may help there."""
    counterfactual: Counterfactual | None
    """The node that comes closest: what binds."""
    replicas: int = 1
    """How many replicas have this answer."""
