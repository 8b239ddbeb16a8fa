"""What the replicas of a model use of CPU and memory, by tier, as the collector measured it. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from fogline.api import Tier
from fogline.collector.answer import Answered, Figures
from fogline.collector.answer import Use as Told


@dataclass(frozen=True, slots=True)
class Use:
    """Use of one resource: cores, or bytes."""

    used: float | None
    """None while no server says."""
    requested: float
    """What the pods of the templates whose use is known request."""
    allocatable: float | None
    """Of the nodes that replicas of the tier are on; None while one is unknown."""

    @property
    def of_requested(self) -> float | None:
        """Used / requested; None while either is unknown or 0."""
        return _share(self.used, self.requested)

    @property
    def of_allocatable(self) -> float | None:
        """Used / allocatable; None likewise."""
        return _share(self.used, self.allocatable)


@dataclass(frozen=True, slots=True)
class TierUse:
    """What the replicas of the model in one tier use."""

    tier: Tier
    cpu: Use
    memory: Use


def utilisation(told: Answered, model: str, nodes: Mapping[Tier, Collection[str]]) -> tuple[TierUse, ...]:
    """Add up what the revisions of a model use.

    Parameters
    ----------
    model
        Namespace and name.
    nodes
        Those that its replicas are on.
    """
    of_model = [one for one in told.revisions if f"{one.namespace}/{one.model}" == model]

    def use(tier: Tier, resource: Callable[[Figures], Told]) -> Use:
        known = [
            one
            for one in (resource(revision.figures) for revision in of_model if revision.tier == tier.value)
            if one.used is not None
        ]
        there = [told.nodes[node] for node in nodes[tier] if node in told.nodes]
        return Use(
            used=_sum(one.used for one in known),
            requested=sum(one.requested for one in known),
            allocatable=(
                _sum(resource(one).allocatable for one in there) if len(there) == len(nodes[tier]) else None
            ),
        )

    return tuple(
        TierUse(tier, use(tier, lambda one: one.cpu), use(tier, lambda one: one.memory)) for tier in Tier
    )


def _sum(amounts: Iterable[float | None]) -> float | None:
    found = list(amounts)
    known = [one for one in found if one is not None]
    return sum(known) if known and len(known) == len(found) else None


def _share(used: float | None, of: float | None) -> float | None:
    return None if used is None or not of else used / of
