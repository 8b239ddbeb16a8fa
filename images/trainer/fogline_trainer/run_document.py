"""The run document: what one run of a ModelTraining is asked for, with all defaults filled in."""

import hashlib
from typing import Literal

import msgspec

from fogline_trainer.errors import Reason, RefusedError

Format = Literal["Npz", "Csv", "TFRecord"]
Level = Literal["Public", "Internal", "Confidential", "Restricted"]
FormName = Literal["SavedModel", "TFLiteFloat32", "TFLiteFloat16", "TFLiteDynamicRange", "TFLiteInt8"]

MAX_DOCUMENT_BYTES = 1024 * 1024  # of a ConfigMap


class Part(msgspec.Struct, frozen=True, rename="camel"):
    """A part of the document; what this program has no use for is left out."""


class Features(Part, frozen=True):
    """What the model is given."""

    name: str
    """Input of the model, in its signature."""
    shape: tuple[int, ...]
    """Of one sample."""
    field: str | None = None
    """Array, feature or column; None: all columns of a CSV file but the label."""
    scale: str = "1"
    """Each value is multiplied by it; decimal."""


class Label(Part, frozen=True):
    """What the model is to name."""

    field: str
    classes: int
    """Labels are whole numbers from 0 to one less."""
    scores: str = "scores"
    """Output of the model, in its signature."""


class Split(Part, frozen=True):
    """Shares of the samples, in percent, and the seed that draws them."""

    validation_percent: int = 10
    test_percent: int = 25
    seed: int = 7


class Data(Part, frozen=True):
    """Where the samples lie, and how they are read."""

    uri: str
    features: Features
    label: Label
    format: Format | None = None
    """None: by the ending of the file's name."""
    sha256: str | None = None
    duplicates: Literal["Reject", "Remove", "Keep"] = "Remove"
    split: Split = Split()


class Place(Part, frozen=True):
    """A folder in a bucket or a claim."""

    uri: str


class Dense(Part, frozen=True):
    """Sizes of the layers before the last one."""

    units: tuple[int, ...] = (64, 32)


class KerasFile(Part, frozen=True):
    """A network in a ``.keras`` file."""

    uri: str
    sha256: str | None = None


class Module(Part, frozen=True):
    """A Python module with ``build_model()``: a file of a ConfigMap, or by its name in the image."""

    config_map_name: str | None = None
    key: str | None = None
    name: str | None = None


class Model(Part, frozen=True):
    """The network; at most one is set."""

    dense: Dense | None = None
    keras: KerasFile | None = None
    module: Module | None = None


class Fit(Part, frozen=True):
    """How the network is trained."""

    optimizer: Literal["Adam", "SGD", "RMSprop"] = "Adam"
    learning_rate: str = "0.001"
    loss: Literal["SparseCategoricalCrossentropy"] = "SparseCategoricalCrossentropy"
    epochs: int = 40
    batch_size: int = 64
    """Of all workers together."""
    seed: int = 7


class Workers(Part, frozen=True):
    """How many train at once."""

    count: int = 1


class Placement(Part, frozen=True):
    """Where the data may be."""

    data_sensitivity: Level = "Public"
    allowed_regions: tuple[str, ...] = ()
    """Empty: any."""


class Checkpoint(Part, frozen=True):
    """How often the state is kept."""

    every_epochs: int = 5


class Evaluation(Part, frozen=True):
    """What the network must reach on the test split."""

    metric: Literal["Accuracy"] = "Accuracy"
    minimum: str | None = None


class Parity(Part, frozen=True):
    """How far an exported form may be from the network."""

    min_agreement_percent: str = "99"
    max_metric_loss: str = "0.01"


class Export(Part, frozen=True):
    """The forms to export."""

    forms: tuple[FormName, ...] = ("SavedModel", "TFLiteFloat32")
    calibration_samples: int = 200
    parity: Parity = Parity()


class Spec(Part, frozen=True):
    """What the resource asks for."""

    data: Data
    workspace: Place
    publish: Place
    model: Model = Model()
    fit: Fit = Fit()
    workers: Workers = Workers()
    placement: Placement = Placement()
    checkpoint: Checkpoint = Checkpoint()
    evaluation: Evaluation = Evaluation()
    export: Export = Export()
    history_limit: int = 5


class RunDocument(Part, frozen=True):
    """One run."""

    training: str
    namespace: str
    uid: str
    run: int
    key: str
    spec: Spec

    @property
    def folder(self) -> str:
        """Where the run keeps its own things, below the workspace."""
        return f"runs/{self.uid}/{self.run}"


def parse(content: bytes) -> RunDocument:
    """Read a run document.

    Raises
    ------
    RefusedError
        It is none.
    """
    if len(content) > MAX_DOCUMENT_BYTES:
        raise RefusedError(Reason.FAILED, f"the run document has more than {MAX_DOCUMENT_BYTES} bytes")
    try:
        return msgspec.json.decode(content, type=RunDocument)
    except msgspec.DecodeError as error:
        raise RefusedError(Reason.FAILED, f"the run document cannot be used: {error}") from None


def data_key(source_sha256: str, spec: Spec) -> str:
    """Name the prepared data: the same source, prepared in the same way for as many workers.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    data = spec.data
    parts = (source_sha256, data.features, data.label, data.duplicates, data.split, spec.workers.count)
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:16]
