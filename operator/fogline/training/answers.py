"""What the pods of a run leave when they end, and which condition it is about."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from fogline.api import (
    DataStatus,
    EvaluationStatus,
    FormStatus,
    ModelTraining,
    PublishedStatus,
)
from fogline.conditions import Reason, TrainingConditionType
from fogline.guidance import TRAINING_FAULTS
from fogline.objects import Step

T = TypeVar("T")

DONE = "Done"
MOST_CHARACTERS = 512
"""Of what is shown of a message."""

CONDITION_OF_STEP: Mapping[Step, TrainingConditionType] = {
    Step.PREPARE: TrainingConditionType.DATA_READY,
    Step.TRAIN: TrainingConditionType.TRAINED,
    Step.FINISH: TrainingConditionType.EVALUATED,
}
"""Which condition a failed step is about, unless its reason says more."""

_CONDITION_OF_REASON: Mapping[Reason, TrainingConditionType] = {
    Reason.PARITY_REFUSED: TrainingConditionType.EXPORTED,
    Reason.EXPORT_FAILED: TrainingConditionType.EXPORTED,
    Reason.VERSION_TAKEN: TrainingConditionType.PUBLISHED,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a pod says at its end."""

    is_done: bool
    reason: Reason
    """Why it failed; of one that did not, nothing."""
    message: str
    result: Mapping[str, Any] = field(default_factory=dict)


class Finished(msgspec.Struct, frozen=True, rename="camel"):
    """The result of the last step."""

    evaluation: EvaluationStatus
    forms: tuple[FormStatus, ...]
    published: PublishedStatus


def read_answer(message: str, *, is_out_of_memory: bool = False) -> Answer:
    """Read what a pod left. What is no answer is the end of its log."""
    if is_out_of_memory:
        return Answer(
            is_done=False, reason=Reason.OUT_OF_MEMORY, message="a pod used more memory than its limit"
        )
    try:
        said = json.loads(message)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return Answer(is_done=False, reason=Reason.STEP_FAILED, message=_shown(message))
    token, text, result = said.get("reason"), said.get("message"), said.get("result")
    known = next((reason for reason in TRAINING_FAULTS if reason.value == token), Reason.STEP_FAILED)
    return Answer(token == DONE, known, _shown(text), result if isinstance(result, dict) else {})


def condition_of(step: Step, reason: Reason) -> TrainingConditionType:
    """Tell which condition the failure of a step is about."""
    if step is not Step.FINISH:
        return CONDITION_OF_STEP[step]
    return _CONDITION_OF_REASON.get(reason, CONDITION_OF_STEP[step])


def read_data(answer: Answer) -> DataStatus | None:
    """Read the result of the step that prepares; None when it makes no sense."""
    return _converted(answer, DataStatus)


def read_finished(answer: Answer, training: ModelTraining) -> Finished | None:
    """Read the result of the last step; None when it makes no sense.

    A form that is not where the user publishes makes none: the address becomes the artifact of a model.
    """
    found = _converted(answer, Finished)
    if found is None:
        return None
    folder = f"{training.spec.publish.uri.rstrip('/')}/"
    places = [found.published.uri, *(form.uri for form in found.forms)]
    asked = {form.form for form in found.forms} <= set(training.spec.export.forms)
    return (
        found if asked and all(place.startswith(folder) and "/../" not in place for place in places) else None
    )


def _converted(answer: Answer, kind: type[T]) -> T | None:
    plain = _without_nulls(answer.result)
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError:
        return None


def _without_nulls(value: Any) -> Any:
    match value:
        case dict():
            return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
        case list():
            return [_without_nulls(item) for item in value]
        case _:
            return value


def _shown(text: Any) -> str:
    """Give the end of a text, in one line."""
    line = " ".join(str(text or "").split())
    return line if len(line) <= MOST_CHARACTERS else f"...{line[-MOST_CHARACTERS:]}"
