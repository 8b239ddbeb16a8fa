"""Verdicts in the form of Kubernetes' conditions."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from fogline.api import Condition
from fogline.conditions import Verdict

K = TypeVar("K", bound=StrEnum)

MAX_MESSAGE = 1024


def conditions(
    before: tuple[Condition, ...],
    judged: Mapping[K, Verdict],
    generation: int | None,
    now: datetime,
) -> tuple[Condition, ...]:
    """Write one condition for each verdict; the transition time moves only when the status does."""
    known = {condition.type: condition for condition in before}

    def since(kind: K, verdict: Verdict) -> datetime:
        old = known.get(kind)
        return (
            old.last_transition_time if old and old.status is verdict.status else now.replace(microsecond=0)
        )

    return tuple(
        Condition(
            type=kind.value,
            status=verdict.status,
            reason=verdict.reason.value,
            message=verdict.message[:MAX_MESSAGE],
            last_transition_time=since(kind, verdict),
            observed_generation=generation,
        )
        for kind, verdict in judged.items()
    )
