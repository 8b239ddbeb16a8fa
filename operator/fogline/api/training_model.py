"""Which network is trained, how, and by how many workers."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from fogline.api.enums import (
    Architecture,
    DataSensitivity,
    Loss,
    Metric,
    Optimizer,
    Tier,
    TrainingEngine,
)
from fogline.api.fields import (
    AS_ATOMIC,
    AS_SET,
    ApiObject,
    DecimalText,
    FileUri,
    LabelValue,
    LabelValueOrEmpty,
    ModuleFile,
    ModuleName,
    ObjectName,
    Seed,
    Sha256,
)
from fogline.api.variants import Resources


class DenseNetwork(ApiObject, frozen=True, kw_only=True):
    """A network of dense layers with ReLU, and softmax over the classes at the end."""

    units: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=65_536)], ...], AS_ATOMIC, Meta(min_length=1, max_length=16)
    ] = (64, 32)
    """Width of each layer between input and output."""


class KerasFile(ApiObject, frozen=True, kw_only=True):
    """A network in a .keras file; it is loaded in Keras' safe mode, so it cannot bring code along."""

    uri: FileUri
    """Where the file is: s3://bucket/key, gs://bucket/key, https://host/file or pvc://claim/path."""
    sha256: Sha256 | None = None
    """SHA-256 of the file, as 64 hexadecimal digits; another file is refused. Absent: not checked."""
    secret_name: ObjectName | None = None
    """Secret of the same namespace with the credentials for the URI. Absent: no credentials."""


class ModelModule(ApiObject, frozen=True, kw_only=True):
    """A Python module with a function `build_model()` that returns a keras.Model."""

    config_map_name: ObjectName | None = None
    """ConfigMap of the same namespace that holds the module. Absent: the module is in the image, and name
    says which."""
    key: ModuleFile | None = None
    """Key of the ConfigMap that holds the text of the module. Absent: model.py."""
    name: ModuleName | None = None
    """Name of the module in spec.image, such as my.package. Absent: it is in a ConfigMap."""


class TrainingModel(ApiObject, frozen=True, kw_only=True):
    """Which network is trained: one of dense, keras and module."""

    dense: DenseNetwork | None = None
    """A network of dense layers. Absent: if no other network is given either, one with its defaults."""
    keras: KerasFile | None = None
    """A network in a .keras file. Absent: none."""
    module: ModelModule | None = None
    """A network that a Python module builds. Absent: none."""


class Fit(ApiObject, frozen=True, kw_only=True):
    """How the network is trained."""

    optimizer: Optimizer = Optimizer.ADAM
    """What follows the gradients."""
    learning_rate: DecimalText = "0.001"
    """Step of the optimizer, as a decimal string; must be above 0 and at most 10."""
    loss: Loss = Loss.SPARSE_CATEGORICAL_CROSSENTROPY
    """What is minimised."""
    epochs: Annotated[int, Meta(ge=1, le=10_000)] = 10
    """How often the training samples are gone through."""
    batch_size: Annotated[int, Meta(ge=1, le=1_048_576)] = 64
    """Samples in one step, over all workers together; a multiple of workers.count."""
    seed: Seed = 0
    """Number that the first weights and the order of samples follow from."""


class Workers(ApiObject, frozen=True, kw_only=True):
    """The pods that train together."""

    count: Annotated[int, Meta(ge=1, le=64)] = 1
    """Workers that share each step: synchronous, data-parallel training. The result does not depend on how
    many they are, but for rounding."""
    resources: Resources | None = None
    """Room that each worker takes, and also the pods that prepare the data and finish the model. Absent:
    nothing is reserved and nothing limited."""
    engine: TrainingEngine = TrainingEngine.JOB
    """What makes the pods of the workers: Job, an indexed Job of Kubernetes; or TrainJob, the one of Kubeflow
    Trainer 2, which must be installed and be allowed in the settings of the operator."""


class TrainingPlacement(ApiObject, frozen=True, kw_only=True):
    """Requirements on the nodes of all pods of the training; kube-scheduler chooses among those nodes."""

    data_sensitivity: DataSensitivity = DataSensitivity.PUBLIC
    """How sensitive the data is: Public < Internal < Confidential < Restricted. Nodes with a lower clearance
    (label fogline.node-restriction.kubernetes.io/clearance; without it Public) are refused. Shards keep it: a
    later training with a lower one does not get them, nor does a ModelDeployment with a lower one the
    model."""
    allowed_regions: Annotated[tuple[LabelValue, ...], Meta(min_length=1, max_length=32), AS_SET] | None = (
        None
    )
    """Regions that the pods may run in, matched on the node label that the operator's setting regionLabel
    names (topology.kubernetes.io/region if not set). Absent: any."""
    node_selector: Annotated[Mapping[str, LabelValueOrEmpty], Meta(max_length=16)] = msgspec.field(
        default_factory=dict
    )
    """Labels that a node must have, besides all other requirements. Empty: none."""
    tier: Tier = Tier.CLOUD
    """Nodes that the pods run on: those of the cloud or of the edge."""
    architectures: Annotated[tuple[Architecture, ...], Meta(min_length=1, max_length=4), AS_SET] | None = None
    """Processor architectures that the image runs on. Absent: any."""


class Checkpoint(ApiObject, frozen=True, kw_only=True):
    """How much work is lost at most when a worker dies."""

    every_epochs: Annotated[int, Meta(ge=1, le=10_000)] = 1
    """A checkpoint is written after as many epochs; training resumes from the last whole one."""


class Evaluation(ApiObject, frozen=True, kw_only=True):
    """What the finished model must reach on the test samples to be exported."""

    metric: Metric = Metric.ACCURACY
    """What is measured: Accuracy is the share of the samples whose class has the highest score."""
    minimum: DecimalText
    """The least value that passes, as a decimal string from 0 to 1 such as "0.96"."""
