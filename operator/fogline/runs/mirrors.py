"""Mirrors of what belongs to trainings: the trainings, and the Jobs and pods of their runs."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fogline.cluster import objects
from fogline.cluster.client import Client
from fogline.cluster.kinds import JOBS, MODEL_TRAININGS, PODS
from fogline.cluster.reflector import Reflector
from fogline.config import Settings
from fogline.names import TRAINING_LABEL, ModelKey
from fogline.runs.reading import seen_job, seen_pod, training_key
from fogline.training import SeenJob, SeenPod

Owned = objects.Job | objects.Pod


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
        self._pods: dict[ModelKey, dict[str, objects.Pod]] = {}
        options: dict[str, Any] = {
            "compare_seconds": settings.resync_seconds,
            "confirm_seconds": settings.confirm_seconds,
        }
        self._trainings: Reflector[objects.ModelTraining] = Reflector(
            client, MODEL_TRAININGS, objects.ModelTraining, self._training_changed, **options
        )
        self.sources: tuple[Reflector[Any], ...] = (
            self._trainings,
            Reflector(
                client,
                JOBS,
                objects.Job,
                lambda old, new: self._changed(self._jobs, old, new),
                label_selector=TRAINING_LABEL,
                **options,
            ),
            Reflector(
                client,
                PODS,
                objects.Pod,
                lambda old, new: self._changed(self._pods, old, new),
                label_selector=TRAINING_LABEL,
                **options,
            ),
        )

    def __iter__(self) -> Iterator[ModelKey]:
        return iter([ModelKey(*key) for key in self._trainings.store])

    def training(self, key: ModelKey) -> objects.ModelTraining | None:
        """Give a training; None if there is none."""
        return self._trainings.store.get(key)

    def jobs(self, key: ModelKey, uid: str) -> tuple[SeenJob, ...]:
        """Give the Jobs that a training owns; those of a namesake that was deleted are left out."""
        found = self._jobs.get(key, {}).values()
        owned = [one for one in found if one.metadata.controller and one.metadata.controller.uid == uid]
        return tuple(seen for one in owned if (seen := seen_job(one)))

    def pods(self, key: ModelKey) -> tuple[SeenPod, ...]:
        """Give the pods that carry the label of a training."""
        return tuple(seen for one in self._pods.get(key, {}).values() if (seen := seen_pod(one)))

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
