"""What the status tells: every condition has a reason that the documentation explains for it."""

from tests.support.changes import Change

from fogline.cluster.kinds import MODEL_DEPLOYMENTS
from fogline.conditions import ConditionType
from fogline.guidance import CONDITION_REASONS, REASONS_OF_ALL_CONDITIONS


def telling(change: Change) -> list[str]:
    """Find conditions whose reason nobody can look up."""
    if change.kind is not MODEL_DEPLOYMENTS or change.after is None:
        return []
    conditions = change.after.get("status", {}).get("conditions", ())
    return [
        f"condition {one['type']} of {change.after['metadata']['name']} has the reason {one['reason']}"
        for one in conditions
        if one.get("reason") not in known_reasons(one["type"])
    ]


def known_reasons(kind: str) -> set[str]:
    """Give the reasons that the documentation lists for a condition."""
    return {*CONDITION_REASONS[ConditionType(kind)], *REASONS_OF_ALL_CONDITIONS}
