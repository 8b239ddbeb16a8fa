"""Passes over a training step by step, with what they write and what they see."""

from datetime import timedelta
from typing import Any

import msgspec
from tests.support.live import NOW, SETTINGS
from tests.support.training_world import DATA, answer, finished
from tests.support.trainings import make_training

from fogline.api import ModelTraining, ModelTrainingStatus
from fogline.conditions import TrainingConditionType
from fogline.objects import Step, key_of
from fogline.reconcile.conditions import conditions
from fogline.training import Intent, Seen, SeenJob, SeenPod, intend

KEY = key_of(make_training())
BY_TRAIN_JOB = {"count": 2, "engine": "TrainJob"}
"""Workers that Kubeflow Trainer makes."""


def passed(training: ModelTraining, seen: Seen = Seen(), at: timedelta = timedelta()) -> Intent:  # noqa: B008  frozen
    """Make one pass."""
    return intend(training, seen, None, SETTINGS, NOW + at)


def written(training: ModelTraining, intent: Intent) -> ModelTraining:
    """Give the training as it is seen once a pass has written its status."""
    before = intent.training.status.conditions if intent.training.status else ()
    status = msgspec.structs.replace(intent.status, conditions=conditions(before, intent.verdicts, 1, NOW))
    read = msgspec.json.decode(msgspec.json.encode(status), type=ModelTrainingStatus)
    return msgspec.structs.replace(training, status=read)


def begun(**spec: Any) -> ModelTraining:
    """Give a training whose first run is begun."""
    training = make_training(**spec)
    return written(training, passed(training))


def a_job(step: Step, run: int = 1, **fields: Any) -> SeenJob:
    """Make the Job of a step, as it is seen."""
    return SeenJob(f"digits-{step}-{run}", f"uid-{step}-{run}", step, run, KEY, **fields)


def ended(job: SeenJob, message: str, *, is_done: bool = True, **fields: Any) -> SeenPod:
    """Make a pod of a Job that has ended, with its last words."""
    return SeenPod("p", job.uid, is_over=True, is_done=is_done, ended_at=NOW, message=message, **fields)


def complete(step: Step, message: str) -> Seen:
    """Let a step be done."""
    job = a_job(step, is_complete=True, ended_at=NOW)
    return Seen((job,), (ended(job, message),))


def failed(step: Step, *messages: str, **fields: Any) -> Seen:
    """Let a step have failed, with the last words of its pods."""
    job = a_job(step, failure="PodFailurePolicy: exit code 2", ended_at=NOW)
    return Seen((job,), tuple(ended(job, one, is_done=False, **fields) for one in messages))


def prepared(**spec: Any) -> ModelTraining:
    """Give a training whose data are prepared."""
    training = begun(**spec)
    return written(training, passed(training, complete(Step.PREPARE, answer(DATA))))


def trained(**spec: Any) -> ModelTraining:
    """Give a training whose workers are done."""
    training = prepared(**spec)
    return written(training, passed(training, complete(Step.TRAIN, answer())))


def published(result: dict[str, Any] | None = None, **spec: Any) -> ModelTraining:
    """Give a training whose first version is published."""
    training = trained(**spec)
    return written(training, passed(training, complete(Step.FINISH, answer(result or finished()))))


def created(intent: Intent) -> list[str]:
    """Name what a pass makes."""
    return [f"{one['kind']} {one['metadata']['name']}" for one in intent.create]


def verdict(intent: Intent, kind: TrainingConditionType) -> tuple[str, str]:
    """Give status and reason of a condition."""
    return intent.verdicts[kind].status.value, intent.verdicts[kind].reason.value
