"""Nodes of which more is requested than they have, or than our replicas may use."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fogline.conditions import Reason
from fogline.placement.usage import Usage


@dataclass(frozen=True, slots=True)
class Overload:
    """One resource of one node."""

    node: str
    reason: Reason
    """Whether the whole node is over-committed, or only the share of it that our replicas may use."""
    resource: str
    excess: int
    """What is requested beyond, in the unit of `fogline.units.Amounts`."""


def overloads(usage: Usage) -> tuple[Overload, ...]:
    """Find them, by node and resource."""
    return tuple(sorted(_found(usage), key=lambda one: (one.node, one.reason, one.resource)))


def _found(usage: Usage) -> Iterator[Overload]:
    shared_out = usage.columns.is_shared_out
    for resource in usage.resources():
        left = usage.free(resource)
        for row in np.flatnonzero(left < 0).tolist():
            yield Overload(usage.nodes[row].name, Reason.NODE_OVER_COMMITTED, resource, -int(left[row]))
        left = usage.left_of_share(resource)
        for row in np.flatnonzero(shared_out & (left < 0)).tolist():
            yield Overload(usage.nodes[row].name, Reason.CAPACITY_SHARE_REACHED, resource, -int(left[row]))
