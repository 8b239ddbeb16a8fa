"""The variants of a model: tier, runtime, artifact and resources."""

from typing import Annotated

from msgspec import Meta

from fogline.api.enums import Architecture, Runtime, Tier
from fogline.api.fields import (
    AS_SET,
    ApiObject,
    ArtifactUri,
    Image,
    LabelValue,
    ObjectName,
    Quantities,
    Sha256,
    VariantName,
    WireName,
)


class ModelName(ApiObject, frozen=True, kw_only=True):
    """Name of the model in requests."""

    name: WireName
    """Model name that clients send in requests of the TensorFlow Serving API. Immutable."""


class Artifact(ApiObject, frozen=True, kw_only=True):
    """The model's files."""

    uri: ArtifactUri
    """Where the files are: s3://bucket/path, gs://bucket/path, https://host/file, pvc://claim/path
    (PersistentVolumeClaim of the same namespace) or oci://image (image volume, needs Kubernetes 1.35). A last
    part, of an image a tag, that is a number is the version of the model, else it is version 1."""
    sha256: Sha256 | None = None
    """SHA-256 of the file, or of the sorted file list of a directory, as 64 hexadecimal digits; files that
    differ are not served. Absent: not checked."""
    secret_name: ObjectName | None = None
    """Secret of the same namespace with the credentials for the URI; for an image, the one to pull it with.
    The operator never reads it. Absent: no credentials."""


class Resources(ApiObject, frozen=True, kw_only=True):
    """Room that one replica takes."""

    requests: Quantities | None = None
    """Resources that placement and kube-scheduler reserve for one replica: resource name to quantity, such as
    cpu: 500m, memory: 1Gi. A resource that only limits name is reserved up to its limit. Absent: nothing is
    reserved."""
    limits: Quantities | None = None
    """Resources that one replica may use at most: resource name to quantity. Must not be below the request;
    of resources with a domain, such as nvidia.com/gpu, and of hugepages-<size> it must be the same. Absent:
    no limit."""


class Variant(ApiObject, frozen=True, kw_only=True):
    """One way to run the model."""

    name: VariantName
    """Name of the variant, unique in the list. Its Deployment is called <ModelDeployment>-<variant>, which
    must fit in 63 characters."""
    tier: Tier
    """Nodes that this variant runs on: those of the cloud or of the edge."""
    runtime: Runtime
    """Server program: TensorFlowServing serves a SavedModel and takes the flags and API of
    tensorflow_model_server; LiteRT serves a .tflite file over the same API."""
    image: Image | None = None
    """Container image of the server program. Absent: the one that the operator's settings name for the
    runtime; for TensorFlowServing there is another one if architectures name arm64."""
    architectures: Annotated[tuple[Architecture, ...], Meta(min_length=1, max_length=4), AS_SET] | None = None
    """Processor architectures that the image runs on. Absent: any; with the runtime TensorFlowServing and
    without an image any but arm64, for which the operator has another image."""
    accelerator_types: Annotated[tuple[LabelValue, ...], Meta(min_length=1, max_length=16), AS_SET] | None = (
        None
    )
    """Kinds of accelerators that the model runs on, such as NVIDIA-A100-SXM4-40GB, matched on the node label
    that the operator's setting acceleratorLabel names (nvidia.com/gpu.product if not set). How many of them
    one replica takes is said in resources. Absent: any node, with or without an accelerator."""
    artifact: Artifact | None = None
    """The model's files. Absent: a ModelTraining publishes them, or somebody sets them later; until then the
    variant takes no replica."""
    resources: Resources | None = None
    """Room that one replica takes. Absent: nothing is reserved and nothing limited."""

    @property
    def excluded_architectures(self) -> tuple[Architecture, ...]:
        """Those that it does not run on although it names none: its image is the operator's default.

        There is no image of TensorFlow Serving for arm64; a variant that names arm64 gets another one.
        """
        names_its_own = self.image is not None or self.architectures is not None
        is_for_all = self.runtime is not Runtime.TENSORFLOW_SERVING or names_its_own
        return () if is_for_all else (Architecture.ARM64,)
