"""What the last pass over one model found out, for sums over all of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from fogline.api import Condition, Tier


class LatencyOutcome(StrEnum):
    """How a replica of a model with a latency target fares."""

    MET = "met"
    MISSED = "missed"
    UNKNOWN = "unknown"
    """Nothing is known of the latency from its client site to its node."""


Judged = tuple[str, str, str]
"""A condition: its type, its status, its reason."""


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """Figures of one ModelDeployment."""

    cost_per_hour: Mapping[Tier, Decimal] = field(default_factory=dict)
    """US dollars, by the tier of the nodes; together what ``status.costPerHour`` says."""
    desired: Mapping[Tier, int] = field(default_factory=dict)
    ready: Mapping[Tier, int] = field(default_factory=dict)
    gated: int = 0
    """Replicas that wait with a scheduling gate."""
    latency: Mapping[LatencyOutcome, int] = field(default_factory=dict)
    """Replicas; none without a target."""
    conditions: tuple[Judged, ...] = ()


def judged(conditions: Iterable[Condition]) -> tuple[Judged, ...]:
    """Give what is counted of conditions."""
    return tuple((one.type, one.status.value, one.reason) for one in conditions)
