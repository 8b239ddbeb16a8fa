"""A cluster and what is wanted of it."""

from dataclasses import dataclass
from functools import cached_property

from fogline.api import ModelDeployment
from fogline.placement import Demand, demand_of
from fogline.snapshot import Snapshot

SIZES = {"tiny": 15, "small": 150, "medium": 700, "large": 5000}
"""Number of nodes."""


@dataclass(frozen=True)
class Instance:
    """One problem of placement."""

    name: str
    models: tuple[ModelDeployment, ...]
    snapshot: Snapshot

    @cached_property
    def demands(self) -> tuple[Demand, ...]:
        """What the models ask of nodes."""
        return tuple(map(demand_of, self.models))

    @property
    def replicas(self) -> int:
        """Replicas that are wanted."""
        return sum(model.spec.replicas for model in self.models)
