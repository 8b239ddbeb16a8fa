"""What becomes of a trained model: the forms it is exported in, and where they are published."""

from typing import Annotated

from msgspec import Meta

from fogline.api.enums import ModelForm
from fogline.api.fields import (
    AS_SET,
    ApiObject,
    DecimalText,
    FolderUri,
    ModelDeploymentName,
    ObjectName,
    VariantName,
    as_map,
)


class Parity(ApiObject, frozen=True, kw_only=True):
    """How near each exported form must be to the network that was trained, on the test samples."""

    min_agreement_percent: DecimalText = "99"
    """Share of the samples of which both name the same class, at least, in percent; a decimal string."""
    max_metric_loss: DecimalText = "0.01"
    """How far the metric of the form may be below that of the network, as a decimal string."""


class Export(ApiObject, frozen=True, kw_only=True):
    """In which forms the model is exported."""

    forms: Annotated[tuple[ModelForm, ...], AS_SET, Meta(min_length=1, max_length=5)] = (
        ModelForm.SAVED_MODEL,
        ModelForm.TFLITE_FLOAT32,
    )
    """SavedModel for TensorFlow Serving; TFLiteFloat32, TFLiteFloat16 (half the size), TFLiteDynamicRange (a
    quarter; weights in 8 bits) and TFLiteInt8 (a quarter; all in 8 bits) for LiteRT."""
    calibration_samples: Annotated[int, Meta(ge=1, le=10_000)] = 200
    """Training samples that the ranges of TFLiteInt8 are measured on; fewer if there are not as many."""
    parity: Parity = Parity()
    """How near each form must be to the network that was trained; else nothing is published."""


class PublishedVariant(ApiObject, frozen=True, kw_only=True):
    """A variant of a ModelDeployment, and the form that it serves."""

    name: VariantName
    """Name of the variant."""
    form: ModelForm
    """The form that it serves; one of export.forms. A variant with runtime TensorFlowServing takes
    SavedModel, one with runtime LiteRT any of the others."""


class PublishTarget(ApiObject, frozen=True, kw_only=True):
    """The ModelDeployment that gets each new version."""

    name: ModelDeploymentName
    """Name of the ModelDeployment, in the same namespace."""
    variants: Annotated[tuple[PublishedVariant, ...], as_map("name"), Meta(min_length=1, max_length=8)]
    """Its variants whose artifact is set, by server-side apply as field manager fogline-training."""


class Publish(ApiObject, frozen=True, kw_only=True):
    """Where the exported forms go. A version appears there whole or not at all."""

    uri: FolderUri
    """Folder that each form has a folder in, with one folder for each version: s3://bucket/key,
    gs://bucket/key or pvc://claim/path. A version is one more than the highest that is there."""
    secret_name: ObjectName | None = None
    """Secret of the same namespace with the credentials to write there. Absent: no credentials."""
    reader_secret_name: ObjectName | None = None
    """Secret of the same namespace that is set as artifact.secretName of the variants. Absent: none is
    set."""
    model_deployment: PublishTarget | None = None
    """The ModelDeployment that gets each new version. Absent: the model is only published."""
