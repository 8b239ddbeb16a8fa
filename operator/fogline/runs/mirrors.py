"""Mirrors of what belongs to trainings: the trainings, and the Jobs, TrainJobs and pods of their runs."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fogline.api import TrainingEngine
from fogline.cluster import objects
from fogline.cluster.client import Client
from fogline.cluster.kinds import JOBS, MODEL_TRAININGS, PODS, TRAIN_JOBS
from fogline.cluster.reflector import Reflector
from fogline.config import Settings
from fogline.names import TRAINING_LABEL, ModelKey
from fogline.runs.reading import jobs_of_train_jobs, seen_job, seen_pod, training_key
from fogline.training import SeenJob, SeenPod

Owned = objects.Job | objects.Pod

NOT_USED = (
    "this operator does not use Kubeflow Trainer: set kubeflowTrainer.enabled of the chart to true, or"
    " workers.engine to Job"
)
NOT_INSTALLED = (
    "this cluster has no TrainJobs (trainer.kubeflow.org/v1alpha1): install Kubeflow Trainer 2, or set"
    " workers.engine to Job"
)


class Mirrors:
    """What is seen of all trainings.

    Parameters
    ----------
    touched
        Called with a training when it changes, or what belongs to it.
    """

    def __init__(
        self, client: Client, settings: Settings, touched: Callable[[Iterable[ModelKey]], None]
    ) -> None:
        self._touched = touched
        self._jobs: dict[ModelKey, dict[str, objects.Job]] = {}
        self._train_jobs: dict[ModelKey, dict[str, objects.Job]] = {}
        self._pods: dict[ModelKey, dict[str, objects.Pod]] = {}
        options: dict[str, Any] = {
            "compare_seconds": settings.resync_seconds,
            "confirm_seconds": settings.confirm_seconds,
        }
        self._trainings: Reflector[objects.ModelTraining] = Reflector(
            client, MODEL_TRAININGS, objects.ModelTraining, self._training_changed, **options
        )
        options_of_owned = {"label_selector": TRAINING_LABEL, **options}
        self._trainer: Reflector[objects.Job] | None = None
        """None without Kubeflow Trainer in the settings."""
        if settings.kubeflow_trainer:
            self._trainer = Reflector(
                client,
                TRAIN_JOBS,
                objects.Job,
                lambda old, new: self._changed(self._train_jobs, old, new),
                may_be_missing=True,
                **options_of_owned,
            )
        self.sources: tuple[Reflector[Any], ...] = (
            self._trainings,
            Reflector(
                client,
                JOBS,
                objects.Job,
                lambda old, new: self._changed(self._jobs, old, new),
                **options_of_owned,
            ),
            Reflector(
                client,
                PODS,
                objects.Pod,
                lambda old, new: self._changed(self._pods, old, new),
                **options_of_owned,
            ),
            *([self._trainer] if self._trainer else []),
        )

    def __iter__(self) -> Iterator[ModelKey]:
        return iter([ModelKey(*key) for key in self._trainings.store])

    def training(self, key: ModelKey) -> objects.ModelTraining | None:
        """Give a training; None if there is none."""
        return self._trainings.store.get(key)

    def jobs(self, key: ModelKey, uid: str) -> tuple[SeenJob, ...]:
        """Give the Jobs and TrainJobs that a training owns; those of a deleted namesake are left out."""
        by_engine = {TrainingEngine.JOB: self._jobs, TrainingEngine.TRAIN_JOB: self._train_jobs}
        return tuple(
            seen
            for engine, held in by_engine.items()
            for one in held.get(key, {}).values()
            if one.metadata.controller and one.metadata.controller.uid == uid
            if (seen := seen_job(one, engine))
        )

    def pods(self, key: ModelKey) -> tuple[SeenPod, ...]:
        """Give the pods that carry the label of a training."""
        made_for = jobs_of_train_jobs(
            self._jobs.get(key, {}).values(), self._train_jobs.get(key, {}).values()
        )
        return tuple(seen for one in self._pods.get(key, {}).values() if (seen := seen_pod(one, made_for)))

    def engine_gap(self) -> str | None:
        """Say why no TrainJob can be made; None when one can."""
        if self._trainer is None:
            return NOT_USED
        return NOT_INSTALLED if self._trainer.is_missing else None

    def trouble(self, stale_seconds: float) -> bool:
        """Tell whether what is seen may be wrong."""
        return any(
            not one.synced.is_set() or one.doubt or one.silent_seconds > stale_seconds for one in self.sources
        )

    def _training_changed(self, old: objects.ModelTraining | None, new: objects.ModelTraining | None) -> None:
        self._touched({ModelKey(*one.metadata.key) for one in (old, new) if one})

    def _changed(self, held: dict[ModelKey, dict[str, Any]], old: Owned | None, new: Owned | None) -> None:
        if old is not None:
            held.get(training_key(old), {}).pop(old.metadata.uid, None)
        if new is not None:
            held.setdefault(training_key(new), {})[new.metadata.uid] = new
        self._touched({training_key(one) for one in (old, new) if one})
