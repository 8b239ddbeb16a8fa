"""The answers of a decision: where a replica goes, or why no node is left."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from fogline.api import Tier
from fogline.conditions import Reason
from fogline.names import ModelKey

Value = int | Decimal | str | None
"""Milliseconds, replicas and amounts are integers, US dollars are decimal numbers, all else is text."""


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

    @property
    def rank(self) -> int:
        """Place in the order in which a user should hear of it; higher means that more was in order."""
        return _RANKS[self.reason]


_RANKS = {reason: rank for rank, reason in enumerate(Reason)}


class Offer(NamedTuple):
    """A node that meets every requirement. The least one is the best: by price, node, position."""

    price: Decimal
    """US dollars per hour, as the objective counts them: the two amounts below together."""
    node: str
    position: int
    """Of the variant in the spec, from 0."""
    variant: str
    cost_per_hour: Decimal
    """US dollars that the replica adds to the bill: nothing on a node billed by Node that is used already."""
    latency_penalty: Decimal
    """US dollars per hour that the latency above the target counts for; nobody is billed for it."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """The decision for one replica."""

    model: ModelKey
    client_site: str | None
    tier: Tier
    latency_milliseconds: int | None
    """Round trip from the client site; None when unknown."""
    offers: tuple[Offer, ...]
    """Every node that would do, the one that is taken first."""
    rejections: tuple[Rejection, ...]
    """Every requirement that the refused nodes break, by node."""

    @property
    def node(self) -> str:
        """The node that is taken."""
        return self.offers[0].node

    @property
    def variant(self) -> str:
        """The variant that runs there."""
        return self.offers[0].variant

    @property
    def cost_per_hour(self) -> Decimal:
        """US dollars that the replica adds to the bill."""
        return self.offers[0].cost_per_hour


@dataclass(frozen=True, slots=True)
class Unplaceable:
    """No node is left. An answer, not an error: returned, never raised."""

    model: ModelKey
    variant: str
    """Where to wait: the variant that would be cheapest if there were room, else the first that may come."""
    client_site: str | None
    rejections: tuple[Rejection, ...]
    """Every requirement that the nodes break, by node. A node with several variants speaks for the one that
    comes closest."""
    replicas: int = 1
    """How many replicas have this answer."""

    def only_room(self) -> bool:
        """Tell whether room is the only obstacle on some node, so that an autoscaler or preemption helps."""
        return any(is_only_room(broken) for broken in by_node(self.rejections))


def by_node(rejections: Iterable[Rejection]) -> Iterator[tuple[Rejection, ...]]:
    """Go through the rejections node by node."""
    return (tuple(group) for _, group in groupby(rejections, key=lambda rejection: rejection.node))


def is_only_room(broken: tuple[Rejection, ...]) -> bool:
    """Tell whether a node is refused for want of room alone."""
    return len(broken) == 1 and broken[0].reason is Reason.INSUFFICIENT_RESOURCE
