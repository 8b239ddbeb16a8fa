"""What the operator reports about a ModelTraining. Lists that are empty are absent on the wire."""

from typing import Annotated

from msgspec import Meta

from fogline.api.condition import Condition, Time
from fogline.api.enums import Metric, ModelForm
from fogline.api.fields import (
    AS_ATOMIC,
    ApiObject,
    Count,
    DecimalText,
    LongCount,
    Sha256,
    as_map,
)

_Uri = Annotated[str, Meta(max_length=1024)]
_Node = Annotated[str, Meta(max_length=253)]


class RunStatus(ApiObject, frozen=True, kw_only=True):
    """The run that is under way, or the last one."""

    number: Count
    """Number of the run, from 1."""
    key: Annotated[str, Meta(max_length=63)]
    """Digest of what of the spec matters for the result; another one begins another run."""
    started_at: Time | None = None
    """When it began."""
    finished_at: Time | None = None
    """When it ended, well or not."""


class Shard(ApiObject, frozen=True, kw_only=True):
    """The part of the training samples that one worker gets."""

    index: Count
    """Number of the shard and of its worker, from 0."""
    samples: Count | None = None
    """Number of samples in it."""
    bytes: LongCount | None = None
    """Size of its file."""
    sha256: Sha256 | None = None
    """SHA-256 of its file."""


class DataStatus(ApiObject, frozen=True, kw_only=True):
    """What was found in the data, and how it was split."""

    samples: Count | None = None
    """Samples that are used."""
    training: Count | None = None
    """Those that the network is trained on."""
    validation: Count | None = None
    """Those that progress is measured on."""
    test: Count | None = None
    """Those that the finished model is judged on."""
    classes: Count | None = None
    """Number of classes."""
    duplicates_removed: Count | None = None
    """Samples that were there before."""
    reused: bool | None = None
    """Whether the shards of an earlier run were still right."""
    shards: Annotated[tuple[Shard, ...], AS_ATOMIC, Meta(max_length=64)] = ()
    """The parts of the training samples, one for each worker."""


class TrainingProgress(ApiObject, frozen=True, kw_only=True):
    """How far the training is, as the workers say."""

    epoch: Count | None = None
    """Epochs that are done."""
    epochs: Count | None = None
    """Epochs in all."""
    samples_per_second: DecimalText | None = None
    """Samples that all workers together train on in a second."""
    loss: DecimalText | None = None
    """Loss of the last epoch, on training samples."""
    metric: DecimalText | None = None
    """Metric of the last epoch, on validation samples."""


class WorkerStatus(ApiObject, frozen=True, kw_only=True):
    """How far one worker is."""

    index: Count
    """Number of the worker, from 0."""
    node: _Node | None = None
    """Node that it runs on."""
    epoch: Count | None = None
    """Epochs that are done."""
    samples_per_second: DecimalText | None = None
    """Samples that it trains on in a second."""
    loss: DecimalText | None = None
    """Loss of the last epoch."""
    restarts: Count | None = None
    """How often it was started again."""


class EvaluationStatus(ApiObject, frozen=True, kw_only=True):
    """What the finished model reached on the test samples."""

    metric: Metric
    """What was measured."""
    value: DecimalText
    """What it reached."""
    minimum: DecimalText | None = None
    """The least value that passes; absent without a gate."""


class FormStatus(ApiObject, frozen=True, kw_only=True):
    """One exported form."""

    form: ModelForm
    """Which form."""
    uri: _Uri
    """Where it is; what artifact.uri of a variant says."""
    sha256: Sha256
    """Its digest; what artifact.sha256 of a variant says."""
    bytes: LongCount | None = None
    """Size of its files together."""
    value: DecimalText | None = None
    """What it reached on the test samples."""
    agreement_percent: DecimalText | None = None
    """Share of the test samples of which it names the same class as the network, in percent."""
    max_difference: DecimalText | None = None
    """Largest difference of a score from that of the network."""


class PublishedStatus(ApiObject, frozen=True, kw_only=True):
    """The version that was published last."""

    version: Count
    """Number of the version."""
    uri: _Uri
    """Where it is told what belongs to it."""


class PastRun(ApiObject, frozen=True, kw_only=True):
    """A run that has ended."""

    run: Count
    """Number of the run."""
    version: Count | None = None
    """The version that it published; absent if none."""
    value: DecimalText | None = None
    """What the model reached on the test samples; absent if it was not judged."""
    reason: Annotated[str, Meta(max_length=63)]
    """How it ended, in one CamelCase token."""
    started_at: Time | None = None
    """When it began."""
    seconds: Count | None = None
    """How long it took."""


class ModelTrainingStatus(ApiObject, frozen=True, kw_only=True):
    """What the operator observed."""

    observed_generation: LongCount | None = None
    """Generation of the spec that this status is about."""
    run: RunStatus | None = None
    """The run that is under way, or the last one."""
    data: DataStatus | None = None
    """What was found in the data, and how it was split."""
    progress: TrainingProgress | None = None
    """How far the training is, as the workers say; nothing is decided by it."""
    workers: Annotated[tuple[WorkerStatus, ...], AS_ATOMIC, Meta(max_length=64)] = ()
    """How far each worker is."""
    evaluation: EvaluationStatus | None = None
    """What the finished model reached on the test samples."""
    forms: Annotated[tuple[FormStatus, ...], AS_ATOMIC, Meta(max_length=5)] = ()
    """The exported forms."""
    published: PublishedStatus | None = None
    """The version that was published last."""
    history: Annotated[tuple[PastRun, ...], AS_ATOMIC, Meta(max_length=20)] = ()
    """Runs that have ended, the latest first; at most historyLimit."""
    conditions: Annotated[tuple[Condition, ...], as_map("type"), Meta(max_length=16)] = ()
    """State by aspect: Accepted, DataReady, Trained, Evaluated, Exported, Published, Complete and Suspended;
    Complete sums it up."""
