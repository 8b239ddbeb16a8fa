"""Moves that somebody could start."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from fogline.api import MoveStrategy
from fogline.conditions import Reason
from fogline.placement import Assignment, Unplaceable
from fogline.snapshot import Move, Replica

DATA_RULES: frozenset[Reason] = frozenset({Reason.CLEARANCE_TOO_LOW, Reason.REGION_NOT_ALLOWED})
"""Rules about where data may be. They go before availability: nothing holds back a move that they force."""
_PRESSURE = (Reason.NODE_UNDER_PRESSURE,)
_GOING = (Reason.NODE_CORDONED, Reason.NODE_LEAVING)
_OVERLOAD = (Reason.NODE_OVER_COMMITTED, Reason.CAPACITY_SHARE_REACHED)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A replica that should be elsewhere."""

    replica: Replica
    reason: Reason
    answer: Assignment | Unplaceable
    """Where it should go, or why there is no such place."""
    saving_per_hour: Decimal | None = None
    """US dollars, latency counted as the objective does; None when the move need not save anything."""
    not_before: datetime | None = None
    """When it may go there: it has left that node just now. None: at once."""
    move_id: str | None = None
    """Identity of the move where somebody has named it; None for a new one."""

    @property
    def assignment(self) -> Assignment:
        """Give where it should go.

        Raises
        ------
        ValueError
            There is no such place.
        """
        if isinstance(self.answer, Assignment):
            return self.answer
        raise ValueError(f"{self.replica.name} has no place to go")

    @property
    def is_requested(self) -> bool:
        """Whether a user asks for it."""
        return self.reason is Reason.REQUESTED

    def begun(self, move_id: str, strategy: MoveStrategy, now: datetime) -> Move:
        """Give the move that begins now.

        Parameters
        ----------
        move_id
            Its identity, unless somebody has named it.

        Raises
        ------
        ValueError
            There is no place to go.
        """
        there = self.assignment
        return Move(
            id=self.move_id or move_id,
            source=self.replica.node or "",
            target=there.node,
            variant=there.variant,
            client_site=there.client_site,
            reason=self.reason.value,
            saving_per_hour=self.saving_per_hour,
            started_at=now.replace(microsecond=0),
            strategy=strategy,
        )

    @property
    def needs_no_saving(self) -> bool:
        """Whether it need not save anything: the replica has to leave, or a user asks for it."""
        return self.saving_per_hour is None

    @property
    def is_by_data_rule(self) -> bool:
        """Whether the replica is where its data must not be."""
        return self.reason in DATA_RULES


def urgency(one: Proposal) -> tuple[int, Decimal]:
    """Sort key, the most urgent first; among moves that are not forced the one that saves most."""
    if not one.needs_no_saving:
        return 5, -(one.saving_per_hour or Decimal(0))
    classes = (DATA_RULES, _OVERLOAD, _PRESSURE, _GOING)
    return next((rank for rank, reasons in enumerate(classes) if one.reason in reasons), 4), Decimal(0)
