"""Writes what a pass over a training wants. Each write carries its precondition."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from fogline.api import (
    Condition,
    ConditionStatus,
    ModelTraining,
    ModelTrainingStatus,
    ObjectMeta,
    TrainingEngine,
)
from fogline.cluster import objects
from fogline.cluster.client import Client
from fogline.cluster.kinds import JOBS, MODEL_TRAININGS, TRAIN_JOBS, TRAINING_RUNTIMES, Kind, kind_of
from fogline.conditions import Reason, TrainingConditionType, Verdict
from fogline.errors import ApiError, ConflictError, NotFoundError, UnavailableError
from fogline.names import SUSPENDED_ANNOTATION, TRAINING_FIELD_MANAGER
from fogline.objects.metadata import path_of_annotation
from fogline.reconcile.conditions import conditions
from fogline.recorder import Recorder
from fogline.training import Intent, News, Refusal, SeenJob

_CONFLICT_WORDS = "conflict with"
"""In what the API server says when another manager owns a field; not when the object is another one."""

_KINDS: Mapping[TrainingEngine, Kind] = {TrainingEngine.JOB: JOBS, TrainingEngine.TRAIN_JOB: TRAIN_JOBS}

logger = logging.getLogger(__name__)


class RunWriter:
    """Carries out intents."""

    def __init__(self, client: Client, recorder: Recorder) -> None:
        self._client = client
        self._recorder = recorder

    async def write(self, intent: Intent, now: datetime) -> Refusal | None:
        """Carry an intent out; return what the API server refused.

        Raises
        ------
        ApiError
            The view was too old, or the API server is not there: look again.
        """
        before = intent.training.status or ModelTrainingStatus()
        await self.write_status(intent.training, before, intent.status, intent.verdicts, now)
        for news in intent.news:
            await self._recorder.training_news(intent.training, news)
        for one in intent.remove:
            await self._remove(intent.training, one)
        for one, is_suspended in intent.suspend:
            await self._suspend(intent.training, one, is_suspended=is_suspended)
        for document in intent.create:
            if refusal := await self._create(intent.training, document):
                return refusal
        return await self._publish(intent) if intent.publish else None

    async def write_status(
        self,
        training: ModelTraining,
        before: ModelTrainingStatus,
        status: ModelTrainingStatus,
        verdicts: Mapping[TrainingConditionType, Verdict],
        now: datetime,
    ) -> None:
        """Write a status if it is news, and only onto the object that was seen."""
        meta = training.metadata
        judged = {kind: verdicts[kind] for kind in TrainingConditionType if kind in verdicts}
        told = conditions(before.conditions, judged, meta.generation, now)
        after = msgspec.structs.replace(status, conditions=told)
        if after == before:
            return
        await self._apply_status(meta, msgspec.to_builtins(after))

    async def write_doubt(self, live: objects.ModelTraining, reason: Reason, why: str, now: datetime) -> None:
        """Say in every condition why nothing is known of a training; all else of its status stays."""
        meta, status = live.metadata, live.status if isinstance(live.status, dict) else {}
        try:
            before = msgspec.convert(status.get("conditions", ()), tuple[Condition, ...])
        except msgspec.ValidationError:
            before = ()
        judged = dict.fromkeys(TrainingConditionType, Verdict(ConditionStatus.UNKNOWN, reason, why))
        told = conditions(before, judged, meta.generation, now)
        if told != before:
            whole = {**status, "conditions": msgspec.to_builtins(told)}
            await self._apply_status(meta, whole)

    async def _apply_status(self, meta: ObjectMeta | objects.ObjectMeta, status: Mapping[str, Any]) -> None:
        identity = {
            "name": meta.name,
            "namespace": meta.namespace,
            "uid": meta.uid,
            "resourceVersion": meta.resource_version,
        }
        await self._client.apply(
            {
                "apiVersion": MODEL_TRAININGS.api_version,
                "kind": MODEL_TRAININGS.kind,
                "metadata": identity,
                "status": status,
            },
            subresource="status",
        )

    async def _remove(self, training: ModelTraining, job: SeenJob) -> None:
        if job.engine is TrainingEngine.TRAIN_JOB:
            await self._remove_runtime(training, job.name)  # before what tells that it is to be removed
        try:
            await self._client.delete(_KINDS[job.engine], training.metadata.namespace, job.name, uid=job.uid)
        except (NotFoundError, ConflictError):
            logger.debug("a Job is gone already", extra={"job": job.name})

    async def _remove_runtime(self, training: ModelTraining, name: str) -> None:
        """Remove what a TrainJob was made from, unless it is of somebody else."""
        namespace = training.metadata.namespace
        try:
            there = await self._client.get(TRAINING_RUNTIMES, namespace, name, objects.AnyObject)
            if _is_of(there, training):
                await self._client.delete(TRAINING_RUNTIMES, namespace, name, uid=there.metadata.uid)
        except (NotFoundError, ConflictError):
            logger.debug("a TrainingRuntime is gone already", extra={"runtime": name})

    async def _suspend(self, training: ModelTraining, job: SeenJob, *, is_suspended: bool) -> None:
        mark = path_of_annotation(SUSPENDED_ANNOTATION)
        patch: list[dict[str, Any]] = [
            {"op": "test", "path": "/metadata/uid", "value": job.uid},
            {"op": "test", "path": "/spec/suspend", "value": job.is_suspended},
            {"op": "add", "path": "/spec/suspend", "value": is_suspended},
            {"op": "add", "path": mark, "value": "true"} if is_suspended else {"op": "remove", "path": mark},
        ]
        await self._client.json_patch(_KINDS[job.engine], training.metadata.namespace, job.name, patch)

    async def _create(self, training: ModelTraining, document: dict[str, Any]) -> Refusal | None:
        """Create an object unless the training has it; one of somebody else is left alone."""
        try:
            await self._client.create(document)
        except ConflictError:
            kind, meta = kind_of(document), document["metadata"]
            there = await self._client.get(kind, meta["namespace"], meta["name"], objects.AnyObject)
            if _is_of(there, training):
                return None
            text = f"{kind.kind} {meta['name']} exists and belongs to somebody else; delete or rename it"
            return Refusal(TrainingConditionType.ACCEPTED, Reason.NAME_TAKEN, text)
        except UnavailableError:
            raise
        except ApiError as error:
            return Refusal(TrainingConditionType.ACCEPTED, Reason.APPLY_FAILED, error.message)
        return None

    async def _publish(self, intent: Intent) -> Refusal | None:
        document = intent.publish or {}
        try:
            await self._client.apply(document, force=False, manager=TRAINING_FIELD_MANAGER)
        except UnavailableError:
            raise
        except ConflictError as error:
            if _CONFLICT_WORDS not in error.message:
                raise
            advice = "take artifact of the variant out of what that manager applies, or publish only"
            text = f"{' '.join(error.message.split())}: {advice}"
            return Refusal(TrainingConditionType.PUBLISHED, Reason.FIELD_CONFLICT, text)
        except ApiError as error:
            return Refusal(TrainingConditionType.PUBLISHED, Reason.APPLY_FAILED, error.message)
        name, published = document["metadata"]["name"], intent.status.published
        version = published.version if published else 0
        note = f"the variants of ModelDeployment {name} get version {version}"
        await self._recorder.training_news(intent.training, News(Reason.ARTIFACT_SET, note))
        return None


def _is_of(there: objects.AnyObject, training: ModelTraining) -> bool:
    owner = there.metadata.controller
    return owner is not None and owner.uid == training.metadata.uid
