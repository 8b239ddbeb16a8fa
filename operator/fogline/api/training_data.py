"""What a model is trained on: where the data is, what it holds, and how it is split."""

from typing import Annotated

from msgspec import Meta

from fogline.api.enums import DataFormat, Duplicates
from fogline.api.fields import (
    AS_ATOMIC,
    ApiObject,
    DecimalText,
    FieldName,
    FileUri,
    ObjectName,
    Seed,
    Sha256,
    TensorName,
)


class Features(ApiObject, frozen=True, kw_only=True):
    """The input of the model."""

    name: TensorName
    """Name of the model's input in requests, as the signature of the SavedModel and of the .tflite file has
    it."""
    field: FieldName | None = None
    """Where the input is: the array of an .npz file, or the feature in the tf.train.Example of a TFRecord
    file. Absent: all columns of a CSV file but that of the label, in the order of its header line."""
    shape: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=1_000_000)], ...], AS_ATOMIC, Meta(min_length=1, max_length=6)
    ]
    """Shape of one sample, such as [64] or [28, 28, 1]; for CSV the product is the number of columns."""
    scale: DecimalText = "1"
    """Each value is multiplied by it, as a decimal string such as "0.0625"; must be above 0. The model then
    sees float32, and so must clients send it."""


class Label(ApiObject, frozen=True, kw_only=True):
    """What the model is to say."""

    field: FieldName
    """Where the class of a sample is: the array, the feature or the column."""
    classes: Annotated[int, Meta(ge=2, le=10_000)]
    """Number of classes; labels are the integers from 0 to one less, and each class must occur."""
    scores: TensorName = "scores"
    """Name of the model's output: one score for each class, which add up to 1."""


class Split(ApiObject, frozen=True, kw_only=True):
    """Which samples are kept back from training. Each class is split by itself, so that its share stays."""

    validation_percent: Annotated[int, Meta(ge=1, le=80)] = 10
    """Share of the samples that progress is measured on, in percent."""
    test_percent: Annotated[int, Meta(ge=1, le=80)] = 20
    """Share of the samples that the finished model is judged on, in percent."""
    seed: Seed = 0
    """Number that the choice of samples follows from: the same seed and data, the same split."""


class TrainingData(ApiObject, frozen=True, kw_only=True):
    """The data that the model is trained, validated and tested on."""

    uri: FileUri
    """Where the one file is: s3://bucket/key, gs://bucket/key, https://host/file or pvc://claim/path
    (PersistentVolumeClaim of the same namespace)."""
    format: DataFormat | None = None
    """How the file is written: Npz (NumPy), Csv with a header line, or TFRecord of tf.train.Example. Absent:
    by the ending of its name, .npz, .csv or .tfrecord."""
    sha256: Sha256 | None = None
    """SHA-256 of the file, as 64 hexadecimal digits; another file is refused. Absent: not checked."""
    secret_name: ObjectName | None = None
    """Secret of the same namespace with the credentials for the URI. The operator never reads it. Absent: no
    credentials."""
    features: Features
    """The input of the model."""
    label: Label
    """What the model is to say."""
    duplicates: Duplicates = Duplicates.REMOVE
    """What happens to samples that are there more than once. Reject: they end the run. Remove: one of them
    stays. Keep: all of them stay, and may stand in training and test at once. Equal samples with different
    labels always end the run."""
    split: Split = Split()
    """Which samples are kept back from training."""
