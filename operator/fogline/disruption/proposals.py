"""Moves that somebody could start."""

from dataclasses import dataclass
from decimal import Decimal

from fogline.conditions import Reason
from fogline.placement import Assignment, Unplaceable
from fogline.snapshot import Replica


@dataclass(frozen=True, slots=True)
class Proposal:
    """A replica that should be elsewhere."""

    replica: Replica
    reason: Reason
    answer: Assignment | Unplaceable
    """Where it should go, or why there is no such place."""
    saving_per_hour: Decimal | None = None
    """US dollars, latency counted as the objective does; None when the move is forced."""

    @property
    def is_forced(self) -> bool:
        """Whether the replica has to leave, whatever it costs."""
        return self.saving_per_hour is None
