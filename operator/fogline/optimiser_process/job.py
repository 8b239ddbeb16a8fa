"""What the optimiser is asked, and what it may use."""

from dataclasses import dataclass, field

from fogline.placement import Demand
from fogline.placement.limits import Limits
from fogline.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Job:
    """The models to place together, and the cluster to place them on."""

    demands: tuple[Demand, ...]
    snapshot: Snapshot
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the process may use. The plan does not depend on it, only whether there is one."""

    seconds: float = 300
    """Wall-clock time until it is ended."""
    memory_mebibytes: int = 1024
    """Memory of its own: 5,000 nodes with 28,000 replicas take less than half of it."""
