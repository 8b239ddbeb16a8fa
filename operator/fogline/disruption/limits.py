"""Replicas that are too many in one place by a limit of their model."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from fogline.api import Tier
from fogline.conditions import Reason
from fogline.placement import Demand, Usage, price_in_place
from fogline.placement.requirements import owed_replicas
from fogline.snapshot import Node, Pod

PodKey = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True, slots=True)
class _TooMany:
    """So many replicas have to leave a node, a zone or a tier."""

    reason: Reason
    excess: int
    place: str | Tier

    def holds(self, node: Node) -> bool:
        """Tell whether a node is there."""
        return self.place == {
            Reason.MAX_PER_NODE_REACHED: node.name,
            Reason.MAX_PER_ZONE_REACHED: node.zone,
        }.get(self.reason, node.tier)


def over_limits(demand: Demand, usage: Usage) -> dict[PodKey, Reason]:
    """Choose the replicas that have to leave because of a limit, the dearest ones, and say why.

    While a model has more replicas than it wants, none has to: those that go by themselves may settle it.

    Parameters
    ----------
    usage
        In which replicas that leave already do not count for the model.
    """
    found = [one for one in _too_many(demand, usage) if one.excess > 0]
    if not found or len(usage.of(demand.model).replicas) > demand.replicas:
        return {}
    dearest_first = sorted(
        (pod for pod, _ in usage.replicas_of(demand.model)),
        key=lambda pod: (-(price_in_place(demand, usage, pod) or Decimal(0)), pod.name),
    )
    chosen: dict[PodKey, Reason] = {}
    for one in found:
        there = [pod for pod in dearest_first if one.holds(usage.node(pod.node))]
        staying = [pod for pod in there if _key(pod) not in chosen]
        more = one.excess - (len(there) - len(staying))
        chosen |= {_key(pod): one.reason for pod in staying[: max(more, 0)]}
    return chosen


def _too_many(demand: Demand, usage: Usage) -> Iterator[_TooMany]:
    held = usage.of(demand.model)
    if (limit := demand.max_per_node) is not None:
        for node, count in held.per_node.items():
            yield _TooMany(Reason.MAX_PER_NODE_REACHED, count - limit, node)
    if (limit := demand.max_per_zone) is not None:
        for zone, count in held.per_zone.items():
            yield _TooMany(Reason.MAX_PER_ZONE_REACHED, count - limit, zone)
    for tier, limit in demand.tier_maxima.items():
        yield _TooMany(Reason.TIER_MAXIMUM_REACHED, held.per_tier[tier] - limit, tier)
    owed, to_come = owed_replicas(demand, usage), max(0, demand.replicas - held.per_tier.total())
    for tier in (tier for tier in Tier if owed and tier not in owed):
        to_spare = held.per_tier[tier] - demand.tier_minima.get(tier, 0)
        yield _TooMany(Reason.TIER_MINIMUM_MISSED, min(sum(owed.values()) - to_come, to_spare), tier)


def _key(pod: Pod) -> PodKey:
    return pod.namespace, pod.name
