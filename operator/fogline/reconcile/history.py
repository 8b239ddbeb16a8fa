"""Moves in the status: those that run, those that would, and the last ones."""

from datetime import datetime

from fogline.api import ModelDeploymentStatus, MoveResult, Moves, PastMove, PlannedMove, history_of
from fogline.disruption import Ended, Held, Progress, Proposal
from fogline.placement import Assignment
from fogline.units import format_usd

MOST = 20
"""Moves that the status lists; more do not fit the idea of a status."""
MAX_TEXT = 253


def moves_status(before: Moves | None, progress: Progress, planned: tuple[Held, ...], now: datetime) -> Moves:
    """Describe the moves of a ModelDeployment; each that has ended is counted once."""
    told = before or Moves(completed=0, aborted=0)
    known = {one.id for one in told.history}
    ends = {one.move.id: one for one in progress.ended if one.move.id not in known}
    news = tuple(_past(one, now) for one in ends.values())

    answers = [(one, one.proposal.answer) for one in planned]
    possible = [(one, answer) for one, answer in answers if isinstance(answer, Assignment)]

    def ended(result: MoveResult) -> int:
        return sum(one.result is result for one in news)

    return Moves(
        active=len(progress.underway),
        completed=(told.completed or 0) + ended(MoveResult.COMPLETED),
        aborted=(told.aborted or 0) + ended(MoveResult.ABORTED),
        planned=tuple(_planned(one.proposal, answer) for one, answer in possible)[:MOST],
        history=(*news, *told.history)[:MOST],
    )


def is_told(ended: Ended, status: ModelDeploymentStatus | None) -> bool:
    """Tell whether the status, as it is in the cluster, has the move among those that have ended."""
    return any(one.id == ended.move.id for one in history_of(status))


def _past(one: Ended, now: datetime) -> PastMove:
    move = one.move
    return PastMove(
        id=move.id,
        result=one.result,
        source=move.source,
        target=move.target,
        variant=move.variant,
        reason=move.reason,
        message=one.message[:MAX_TEXT] or None,
        saving_per_hour=None if move.saving_per_hour is None else format_usd(move.saving_per_hour),
        started_at=move.started_at,
        seconds=max(0, int((now - move.started_at).total_seconds())),
    )


def _planned(proposal: Proposal, answer: Assignment) -> PlannedMove:
    saving = proposal.saving_per_hour
    return PlannedMove(
        replica=proposal.replica.name,
        source=proposal.replica.node or "",
        target=answer.node,
        variant=answer.variant,
        reason=proposal.reason.value,
        saving_per_hour=None if saving is None else format_usd(saving),
    )
