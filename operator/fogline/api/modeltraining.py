"""ModelTraining: data that is sharded, a network that is trained on it, and a new version of a model."""

from typing import Annotated, Literal

from msgspec import Meta

from fogline.api.fields import ApiObject, FolderUri, Image, ModelTrainingName, ObjectName
from fogline.api.metadata import ObjectMeta
from fogline.api.training_data import TrainingData
from fogline.api.training_model import (
    Checkpoint,
    Evaluation,
    Fit,
    TrainingModel,
    TrainingPlacement,
    Workers,
)
from fogline.api.training_output import Export, Publish
from fogline.api.training_status import ModelTrainingStatus

MODEL_TRAINING_PLURAL = "modeltrainings"
MODEL_TRAINING_KIND = "ModelTraining"


class Workspace(ApiObject, frozen=True, kw_only=True):
    """Where shards and checkpoints lie."""

    uri: FolderUri
    """Folder for shards and checkpoints: s3://bucket/key, gs://bucket/key or pvc://claim/path. A claim must
    be ReadWriteMany unless all pods run on one node."""
    secret_name: ObjectName | None = None
    """Secret of the same namespace with the credentials to read and write there. Absent: no credentials."""


class ModelTrainingMeta(ObjectMeta, frozen=True, kw_only=True):
    """Metadata of a ModelTraining, whose name must also do for Jobs and for the host names of their pods."""

    name: ModelTrainingName


class ModelTrainingSpec(ApiObject, frozen=True, kw_only=True):
    """What the user wants.

    A change of anything but suspend, workers.resources, historyLimit and ttlSecondsAfterFinished begins a
    new run.
    """

    suspend: bool = False
    """If true, running Jobs are suspended, and none is started."""
    data: TrainingData
    """The data that the model is trained, validated and tested on."""
    workspace: Workspace
    """Where shards and checkpoints lie."""
    model: TrainingModel = TrainingModel()
    """Which network is trained."""
    image: Image | None = None
    """Container image of the trainer. Absent: the one that the operator's settings name."""
    fit: Fit = Fit()
    """How the network is trained."""
    workers: Workers = Workers()
    """The pods that train together."""
    placement: TrainingPlacement = TrainingPlacement()
    """Requirements on the nodes of all pods of the training."""
    checkpoint: Checkpoint = Checkpoint()
    """How much work is lost at most when a worker dies."""
    evaluation: Evaluation | None = None
    """What the finished model must reach to be exported. Absent: it is measured, and any value passes."""
    export: Export = Export()
    """In which forms the model is exported."""
    publish: Publish
    """Where the exported forms go."""
    history_limit: Annotated[int, Meta(ge=1, le=20)] = 5
    """Runs that the status tells of, the latest included."""
    ttl_seconds_after_finished: Annotated[int, Meta(ge=0, le=31_536_000)] | None = None
    """Time in seconds after which the Jobs of a finished run are deleted. Absent: they stay until the next
    run."""


class ModelTraining(ApiObject, frozen=True, kw_only=True):
    """One model that is trained on several workers, judged, exported for cloud and edge, and published."""

    api_version: Literal["fogline.dev/v1alpha1"] = "fogline.dev/v1alpha1"
    kind: Literal["ModelTraining"] = "ModelTraining"
    metadata: ModelTrainingMeta
    spec: ModelTrainingSpec
    """What the user wants."""
    status: ModelTrainingStatus | None = None
    """What the operator observed. Written by the operator alone."""
