"""The pods of the runs of a training.

What a run is to do stands in an annotation of its pods, from which the kubelet makes a file: so there is no
other object that could be changed or be missing.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from fogline.api import ModelTraining, TrainingEngine
from fogline.config import Settings
from fogline.names import (
    DATA_SENSITIVITY_LABEL,
    RUN_ANNOTATION,
    RUN_LABEL,
    STEP_LABEL,
    TRAINING_LABEL,
    run_name,
    train_job_name,
    workers_name,
)
from fogline.objects.affinity import training_affinity
from fogline.objects.metadata import Document
from fogline.objects.run_document import module_key, run_document
from fogline.objects.security import restricted, unprivileged


class Step(StrEnum):
    """What is done in a run, one after the other; each is one Job."""

    PREPARE = "prepare"
    TRAIN = "train"
    FINISH = "finish"


class Role(StrEnum):
    """What a place of files is for."""

    DATA = "data"
    WORKSPACE = "workspace"
    MODEL = "model"
    PUBLISH = "publish"


ROLES = {
    Step.PREPARE: (Role.DATA, Role.WORKSPACE),
    Step.TRAIN: (Role.WORKSPACE, Role.MODEL),
    Step.FINISH: (Role.WORKSPACE, Role.MODEL, Role.PUBLISH),
}
"""The places that each step has to do with; it gets no Secret and no volume of another."""
WRITTEN = frozenset({Role.WORKSPACE, Role.PUBLISH})

CONTAINER = "trainer"
WORKER_PORT = 2222
PROGRESS_PORT = 8080
GRACE_SECONDS = 30
_RUN_FOLDER = "/etc/fogline/run"
_MODEL_FOLDER = "/etc/fogline/model"
INDEX_ANNOTATION = "batch.kubernetes.io/job-completion-index"
"""On a pod of an indexed Job, by Kubernetes: which worker it is."""
RUN_FILE = "run.json"
WORKERS_JOB = Step.TRAIN.value
"""What the one Job of a TrainJob is called in it."""


@dataclass(frozen=True, slots=True)
class _Place:
    role: Role
    uri: str
    secret_name: str | None


def labels_of(training: ModelTraining, step: Step, run: int) -> dict[str, str]:
    """Give the labels that tell which step of which run an object is for."""
    return {TRAINING_LABEL: training.metadata.name, RUN_LABEL: str(run), STEP_LABEL: step.value}


def pod_template(training: ModelTraining, step: Step, run: int, settings: Settings) -> Document:
    """Build what the pods of a step are made from."""
    level = training.spec.placement.data_sensitivity.value
    return {
        "metadata": {
            "labels": {**labels_of(training, step, run), DATA_SENSITIVITY_LABEL: level},
            "annotations": {RUN_ANNOTATION: _json(run_document(training, run))},
        },
        "spec": _pod_spec(training, step, run, settings),
    }


def _json(document: Document) -> str:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def _pod_spec(training: ModelTraining, step: Step, run: int, settings: Settings) -> Document:
    places = [place for place in _places(training) if place.role in ROLES[step]]
    document = {"path": RUN_FILE, "fieldRef": _annotation(RUN_ANNOTATION)}
    mounts: list[Document] = [
        {"name": "run", "mountPath": _RUN_FOLDER, "readOnly": True},
        {"name": "work", "mountPath": "/work"},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  a volume of the pod, not of this host
    ]
    volumes: list[Document] = [
        {"name": "run", "downwardAPI": {"items": [document]}},
        {"name": "work", "emptyDir": {}},
        {"name": "tmp", "emptyDir": {}},
    ]
    for place in places:
        volumes += _volumes(place)
        mounts += _mounts(place)
    module = training.spec.model.module
    if module and module.config_map_name and Role.MODEL in ROLES[step]:
        key = module_key(training.spec)
        items = [{"key": key, "path": key}]
        volumes.append({"name": "module", "configMap": {"name": module.config_map_name, "items": items}})
        mounts.append({"name": "module", "mountPath": _MODEL_FOLDER, "readOnly": True})
    spec: Document = {
        "affinity": training_affinity(training.spec.placement, settings),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": unprivileged(),
        "containers": [_container(training, step, run, settings, mounts)],
        "volumes": volumes,
    }
    return spec | ({"subdomain": workers_name(training.metadata.name)} if step is Step.TRAIN else {})


def _container(
    training: ModelTraining, step: Step, run: int, settings: Settings, mounts: list[Document]
) -> Document:
    ports = [{"name": "progress", "containerPort": PROGRESS_PORT, "protocol": "TCP"}]
    if step is Step.TRAIN:
        ports.append({"name": "workers", "containerPort": WORKER_PORT, "protocol": "TCP"})
    given = training.spec.workers.resources
    room = {"requests": given.requests, "limits": given.limits} if given else {}
    return {
        "name": CONTAINER,
        "image": training.spec.image or settings.trainer_image,
        "imagePullPolicy": "IfNotPresent",
        "args": [step.value],
        **({"env": _environment(training, run)} if step is Step.TRAIN else {}),
        "ports": ports,
        "resources": {kind: dict(quantities) for kind, quantities in room.items() if quantities},
        "securityContext": restricted(),
        # without an answer, the end of the log says what happened
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
    }


def _environment(training: ModelTraining, run: int) -> list[Document]:
    """Tell each worker who the others are. Kubernetes calls the pods of an indexed Job <job>-<index>."""
    name, count = _workers_job(training, run), training.spec.workers.count
    domain = workers_name(training.metadata.name)
    addresses = [f"{name}-{index}.{domain}:{WORKER_PORT}" for index in range(count)]
    return [
        {"name": "FOGLINE_WORKERS", "value": str(count)},
        {"name": "FOGLINE_WORKER_ADDRESSES", "value": ",".join(addresses)},
        {"name": "FOGLINE_WORKER", "valueFrom": {"fieldRef": _annotation(INDEX_ANNOTATION)}},
    ]


def _workers_job(training: ModelTraining, run: int) -> str:
    """Name the Job whose pods are the workers; JobSet numbers the Jobs of each name from 0."""
    name = training.metadata.name
    if training.spec.workers.engine is TrainingEngine.TRAIN_JOB:
        return f"{train_job_name(name, run)}-{WORKERS_JOB}-0"
    return run_name(name, run, Step.TRAIN)


def _annotation(key: str) -> Document:
    return {"fieldPath": f"metadata.annotations['{key}']"}


def _places(training: ModelTraining) -> Iterator[_Place]:
    spec = training.spec
    yield _Place(Role.DATA, spec.data.uri, spec.data.secret_name)
    yield _Place(Role.WORKSPACE, spec.workspace.uri, spec.workspace.secret_name)
    if keras := spec.model.keras:
        yield _Place(Role.MODEL, keras.uri, keras.secret_name)
    yield _Place(Role.PUBLISH, spec.publish.uri, spec.publish.secret_name)


def _volumes(place: _Place) -> Iterator[Document]:
    if place.uri.startswith("pvc://"):
        claim = place.uri.removeprefix("pvc://").partition("/")[0]
        read_only = {} if place.role in WRITTEN else {"readOnly": True}
        yield {"name": f"{place.role}-volume", "persistentVolumeClaim": {"claimName": claim, **read_only}}
    if place.secret_name:
        # Optional, so that it is the trainer who says, where users look, that there is no such Secret.
        secret = {"secretName": place.secret_name, "optional": True}
        yield {"name": f"{place.role}-secret", "secret": secret}


def _mounts(place: _Place) -> Iterator[Document]:
    if place.uri.startswith("pvc://"):
        read_only = {} if place.role in WRITTEN else {"readOnly": True}
        yield {"name": f"{place.role}-volume", "mountPath": f"/volumes/{place.role}", **read_only}
    if place.secret_name:
        yield {
            "name": f"{place.role}-secret",
            "mountPath": f"/secrets/{place.role}",
            "readOnly": True,
        }
