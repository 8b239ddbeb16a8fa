"""The status of a NodeProfile: how many nodes it is about, and whether its facts count."""

from datetime import datetime

from fogline.api import ConditionStatus, NodeProfileStatus
from fogline.conditions import ProfileConditionType, Reason, Verdict
from fogline.observe import KnownProfile, Standing
from fogline.reconcile.conditions import conditions


def profile_status(known: KnownProfile, standing: Standing | None, now: datetime) -> NodeProfileStatus:
    """Describe one NodeProfile. Nothing in it changes while nothing happens.

    Parameters
    ----------
    standing
        None for a profile that cannot be read.
    """
    if standing is None:
        unread = Verdict(ConditionStatus.FALSE, Reason.INVALID, f"{known.content}; the profile is ignored")
        judged = dict.fromkeys(ProfileConditionType, unread)
    else:
        reason, message = standing.verdict
        status = ConditionStatus.TRUE if reason is Reason.IN_EFFECT else ConditionStatus.FALSE
        judged = {
            ProfileConditionType.ACCEPTED: Verdict(ConditionStatus.TRUE, Reason.VALID),
            ProfileConditionType.EFFECTIVE: Verdict(status, reason, message),
        }
    before = known.status.conditions if known.status else ()
    return NodeProfileStatus(
        observed_generation=known.metadata.generation,
        nodes=standing.nodes if standing else None,
        conditions=conditions(before, judged, known.metadata.generation, now),
    )


def new_conflict(before: NodeProfileStatus | None, after: NodeProfileStatus) -> str | None:
    """Say with whom a profile is in conflict, if that is news."""
    told, found = (
        {one.message for one in status.conditions if one.reason == Reason.CONFLICTING} if status else set()
        for status in (before, after)
    )
    return next(iter(found - told), None)
