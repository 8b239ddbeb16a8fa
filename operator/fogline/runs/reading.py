"""Live objects of trainings become what decisions look at."""

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from fogline.api import ModelTraining, TrainingEngine, parse_model_training
from fogline.cluster import objects
from fogline.cluster.kinds import MODEL_TRAININGS
from fogline.names import (
    QUEUE_LABEL,
    RUN_KEY_ANNOTATION,
    RUN_LABEL,
    STEP_LABEL,
    SUSPENDED_ANNOTATION,
    TRAINING_LABEL,
    ModelKey,
)
from fogline.objects import CONTAINER, INDEX_ANNOTATION, Step
from fogline.training import SeenJob, SeenPod

FAILURES_ANNOTATION = "batch.kubernetes.io/job-index-failure-count"
"""On a pod of an indexed Job, by Kubernetes: how many pods of the same index failed before."""
_OVER = frozenset({"Succeeded", "Failed"})


def training_of(live: objects.ModelTraining) -> ModelTraining:
    """Read a training.

    Raises
    ------
    BadInputError
        It cannot be read, such as one stored before a rule was added.
    """
    document: dict[str, Any] = {
        "apiVersion": MODEL_TRAININGS.api_version,
        "kind": MODEL_TRAININGS.kind,
        "metadata": msgspec.to_builtins(live.metadata),
        "spec": live.spec,
        "status": live.status,
    }
    return parse_model_training(document)


def training_key(live: objects.Job | objects.Pod) -> ModelKey:
    """Name the training that an object says it belongs to."""
    return ModelKey(live.metadata.namespace, live.metadata.labels.get(TRAINING_LABEL, ""))


def seen_job(live: objects.Job, engine: TrainingEngine) -> SeenJob | None:
    """Read a Job or a TrainJob; None for one whose labels are not ours."""
    meta, status = live.metadata, live.status
    with contextlib.suppress(ValueError):
        true = {one.type: one for one in status.conditions if one.status == "True"}
        failed = true.get("Failed")
        ended = true.get("Complete") or failed
        return SeenJob(
            name=meta.name,
            uid=meta.uid,
            step=Step(meta.labels.get(STEP_LABEL, "")),
            run=int(meta.labels.get(RUN_LABEL, "")),
            key=meta.annotations.get(RUN_KEY_ANNOTATION, ""),
            is_suspended=live.spec.suspend,
            is_suspended_by_us=SUSPENDED_ANNOTATION in meta.annotations,
            queue=meta.labels.get(QUEUE_LABEL, ""),
            is_complete="Complete" in true,
            failure=f"{failed.reason}: {failed.message}" if failed else None,
            ended_at=ended.last_transition_time if ended else None,
            is_going=meta.deletion_timestamp is not None,
            engine=engine,
        )
    return None


def jobs_of_train_jobs(jobs: Iterable[objects.Job], train_jobs: Iterable[objects.Job]) -> dict[str, str]:
    """Find the Jobs that were made for TrainJobs: the uid of each, and that of its TrainJob.

    A TrainJob owns a JobSet of its name, which owns the Job. One that was made for an earlier TrainJob of the
    name is older than the later one.
    """
    named = {one.metadata.name: one.metadata for one in train_jobs}
    found: dict[str, str] = {}
    for meta in (one.metadata for one in jobs):
        owner = meta.controller
        maker = named.get(owner.name) if owner and owner.kind == "JobSet" else None
        made, asked = meta.creation_timestamp, maker and maker.creation_timestamp
        if maker and made and asked and made >= asked:
            found[meta.uid] = maker.uid
    return found


def seen_pod(live: objects.Pod, made_for: Mapping[str, str]) -> SeenPod | None:
    """Read a pod; None for one that no Job has made.

    Parameters
    ----------
    made_for
        What `jobs_of_train_jobs` found.
    """
    meta, status, owner = live.metadata, live.status, live.metadata.controller
    if owner is None or owner.kind != "Job":
        return None
    trainer = next((one for one in status.container_statuses if one.name == CONTAINER), None)
    ended = trainer.state.terminated if trainer else None
    refused = next((one for one in status.conditions if one.type == "PodScheduled"), None)
    return SeenPod(
        name=meta.name,
        job=made_for.get(owner.uid, owner.uid),
        index=_number(meta.annotations.get(INDEX_ANNOTATION)),
        node=live.spec.node_name or None,
        address=status.pod_ip,
        is_over=status.phase in _OVER,
        is_done=status.phase == "Succeeded",
        ended_at=ended.finished_at if ended else None,
        message=(ended.message if ended else "") or status.message,
        is_out_of_memory=ended is not None and ended.reason == "OOMKilled",
        restarts=_number(meta.annotations.get(FAILURES_ANNOTATION)),
        unscheduled=refused.message if refused and refused.status == "False" else "",
    )


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
