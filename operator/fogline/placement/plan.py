"""The decision for many ModelDeployments: by priority, then by age."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from fogline.names import ModelKey
from fogline.placement.decide import Decision, decide
from fogline.placement.demand import Demand
from fogline.placement.usage import Usage
from fogline.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Plan:
    """One decision for each ModelDeployment, in the order in which they were made."""

    decisions: tuple[Decision, ...]


def turn(demand: Demand) -> tuple[int, datetime, ModelKey]:
    """Sort key of ModelDeployments that compete: higher priority first, then the older, then the name."""
    return -demand.priority, demand.created, demand.model


def plan(demands: Iterable[Demand], snapshot: Snapshot) -> Plan:
    """Decide for each ModelDeployment in turn; each sees what those before it hold and were assigned."""
    usage = Usage(snapshot)
    return Plan(tuple(decide(demand, usage) for demand in sorted(demands, key=turn)))
