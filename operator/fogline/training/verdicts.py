"""What the conditions of a training say."""

from collections.abc import Mapping
from dataclasses import dataclass

from fogline.api import ConditionStatus
from fogline.conditions import Reason, TrainingConditionType, Verdict
from fogline.objects import Step

Type = TrainingConditionType


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the last pass could not write, and why."""

    condition: TrainingConditionType
    """What it is about."""
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run ended without a version."""

    condition: TrainingConditionType
    reason: Reason
    message: str


STEPS: Mapping[Step, tuple[Reason, tuple[TrainingConditionType, ...]]] = {
    Step.PREPARE: (Reason.PREPARING, (Type.DATA_READY,)),
    Step.TRAIN: (Reason.TRAINING, (Type.TRAINED,)),
    Step.FINISH: (Reason.FINISHING, (Type.EVALUATED, Type.EXPORTED, Type.PUBLISHED)),
}
"""What is said while a step is done, and of which conditions."""
DONE: Mapping[TrainingConditionType, Reason] = {
    Type.DATA_READY: Reason.PREPARED,
    Type.TRAINED: Reason.TRAINED,
    Type.EVALUATED: Reason.METRIC_MEASURED,
    Type.EXPORTED: Reason.FORMS_AGREE,
}
ORDER = (Type.DATA_READY, Type.TRAINED, Type.EVALUATED, Type.EXPORTED, Type.PUBLISHED)


def yes(reason: Reason, message: str = "") -> Verdict:
    """Say that a condition holds."""
    return Verdict(ConditionStatus.TRUE, reason, message)


def no(reason: Reason, message: str = "") -> Verdict:
    """Say that a condition does not hold, or not yet."""
    return Verdict(ConditionStatus.FALSE, reason, message)


def underway(step: Step, obstacle: Verdict | None = None) -> dict[TrainingConditionType, Verdict]:
    """Judge the steps of a run of which one is being done, or held up by an obstacle."""
    reason, conditions = STEPS[step]
    said = obstacle or no(reason)
    found: dict[TrainingConditionType, Verdict] = {}
    for kind in ORDER:
        if kind in conditions:
            found[kind] = said
        elif ORDER.index(kind) < ORDER.index(conditions[0]):
            found[kind] = yes(DONE[kind])
        else:
            found[kind] = no(Reason.WAITING_FOR_EARLIER_STEP)
    return found


def failed(failure: Failure) -> dict[TrainingConditionType, Verdict]:
    """Judge the steps of a run that ended without a version."""
    at = ORDER.index(failure.condition)
    return {
        kind: no(failure.reason, failure.message)
        if kind is failure.condition
        else yes(DONE[kind])
        if ORDER.index(kind) < at
        else no(Reason.WAITING_FOR_EARLIER_STEP)
        for kind in ORDER
    }


def finished(published: Verdict) -> dict[TrainingConditionType, Verdict]:
    """Judge the steps of a run that published its version."""
    return {**{kind: yes(reason) for kind, reason in DONE.items()}, Type.PUBLISHED: published}
