"""How many moves may run at once, and when."""

import re
from datetime import UTC, datetime
from typing import Annotated

from cronsim import CronSim, CronSimError
from msgspec import Meta

from fogline.api.enums import MoveReason
from fogline.api.fields import AS_SET, ApiObject, Percentage, Replicas, schema_pattern
from fogline.api.rule import Rule

_FIELDS = (
    "[0-5]?[0-9]",
    "([01]?[0-9]|2[0-3])",
    "(0?[1-9]|[12][0-9]|3[01])",
    "(0?[1-9]|1[0-2]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
    "([0-7]|sun|mon|tue|wed|thu|fri|sat)",
)
"""Values in each field of a cron expression: minute, hour, day of the month, month, day of the week."""
_SOME_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)


def _field(value: str) -> str:
    """Write the pattern of one field: all or some values, perhaps only each so many, with commas between."""
    part = rf"([*]|{value}(-{value})?)(/[1-9][0-9]?)?"
    return f"{part}(,{part})*"


_CRON = rf"^{' '.join(map(_field, _FIELDS))}\Z"


class ClockWindow(ApiObject, frozen=True, kw_only=True):
    """A time that comes again and again."""

    schedule: Annotated[str, Meta(max_length=100)]
    """When it begins, as a cron expression in UTC such as 0 1 * * *."""
    duration_seconds: Annotated[int, Meta(ge=60, le=604_800)]
    """How long it lasts, in seconds."""


class MoveBudget(ApiObject, frozen=True, kw_only=True):
    """So many moves may run at the same time; of several budgets the tightest counts."""

    moves: Replicas | Percentage
    """Moves that may run at once: a number, or a percentage of the replicas such as 20%, rounded up. 0 allows
    none."""
    reasons: Annotated[tuple[MoveReason, ...], Meta(min_length=1, max_length=32), AS_SET] | None = None
    """The reasons of the moves that it is about. Absent: all."""
    schedule: Annotated[str, Meta(max_length=100)] | None = None
    """When it begins to count, as a cron expression in UTC such as 0 9 * * mon-fri. Absent: it always counts.
    Needs durationSeconds."""
    duration_seconds: Annotated[int, Meta(ge=60, le=604_800)] | None = None
    """For how long it counts then, in seconds. Absent: it always counts. Needs schedule."""


def _has_both_or_none(budget: MoveBudget) -> bool:
    return (budget.schedule is None) == (budget.duration_seconds is None)


def _is_cron(budget: MoveBudget | ClockWindow) -> bool:
    """Tell whether the schedule can be followed; days that no month has, such as 30 February, cannot."""
    if budget.schedule is None:
        return True
    try:
        CronSim(budget.schedule, _SOME_MOMENT)
    except CronSimError:
        return False
    return bool(re.match(_CRON, budget.schedule.lower()))


_CRON_MESSAGE = (
    "schedule is a cron expression of five fields, such as 0 9 * * mon-fri: minute, hour, day of the month, "
    "month, day of the week"
)
# in one match: to split it first would cost more than the API server allows a rule
_CRON_CEL = f"self.schedule.lowerAscii().matches('{schema_pattern(_CRON)}')"

BUDGET_RULES = (
    Rule(
        on=MoveBudget,
        field="schedule",
        message="schedule and durationSeconds go together",
        cel="has(self.schedule) == has(self.durationSeconds)",
        holds=_has_both_or_none,
    ),
    Rule(
        on=MoveBudget,
        field="schedule",
        message=_CRON_MESSAGE,
        cel=f"!has(self.schedule) ||\n  {_CRON_CEL}",
        holds=_is_cron,
    ),
    Rule(on=ClockWindow, field="schedule", message=_CRON_MESSAGE, cel=_CRON_CEL, holds=_is_cron),
)
