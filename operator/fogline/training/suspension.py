"""Who suspends the Job of a step.

What somebody else suspends stays suspended: a queue such as Kueue suspends a Job when it is made, and lets it
go on when there is room. The operator lets go on only what it has suspended itself, which a mark on the Job
tells.
"""

from fogline.conditions import Reason, Verdict
from fogline.training.seen import SeenJob
from fogline.training.verdicts import no


def by_somebody_else(own: SeenJob | None) -> Verdict | None:
    """Say that somebody else holds the Job of a step; None if nobody else does."""
    if own is None or own.is_over or not own.is_suspended or own.is_suspended_by_us:
        return None
    queue = f"; it is in the queue {own.queue}" if own.queue else ""
    text = f"{own.engine} {own.name} is suspended, and not by Fogline{queue}"
    return no(Reason.SUSPENDED_BY_OTHER, text)


def change_of(own: SeenJob, *, by_user: bool, may_go_on: bool) -> bool | None:
    """Tell whether to suspend a Job (True), to let it go on (False), or to leave it (None).

    Parameters
    ----------
    by_user
        Whether the training is suspended.
    may_go_on
        Whether nothing of the cluster keeps a Job from going on.
    """
    if own.is_over or is_contested(own, by_user=by_user):
        return None
    if by_user:
        return None if own.is_suspended else True
    return False if own.is_suspended_by_us and may_go_on else None


def is_contested(own: SeenJob, *, by_user: bool) -> bool:
    """Tell whether somebody else lets a Job go on that the operator suspends.

    Kueue does so with whatever it has admitted. Such a Job is deleted, which ends the contest and gives its
    room back. The step is done again when the training goes on; workers resume from their last checkpoint.
    """
    return by_user and own.is_suspended_by_us and not own.is_suspended and not own.is_over
