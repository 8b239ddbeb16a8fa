"""The words that the objects of the API may use: each enum value is the token on the wire."""

from enum import Enum, StrEnum
from functools import total_ordering


@total_ordering
class DataSensitivity(Enum):
    """What a model needs, and what a node may hold: Public < Internal < Confidential < Restricted."""

    PUBLIC = "Public"
    INTERNAL = "Internal"
    CONFIDENTIAL = "Confidential"
    RESTRICTED = "Restricted"

    @property
    def rank(self) -> int:
        """Position in the order, from 0 for Public."""
        return _RANKS[self.value]

    def __lt__(self, other: "DataSensitivity") -> bool:
        return self.rank < other.rank

    def __str__(self) -> str:
        return self.value


_RANKS = {level.value: rank for rank, level in enumerate(DataSensitivity)}


class Tier(StrEnum):
    """Where a node stands."""

    CLOUD = "Cloud"
    EDGE = "Edge"


class Billing(StrEnum):
    """How a node is paid for."""

    NODE = "Node"
    """Its price is paid while anything of ours runs there."""
    SHARE = "Share"
    """Each replica pays the share of the node that it uses."""


class Runtime(StrEnum):
    """The server program of a variant."""

    TENSORFLOW_SERVING = "TensorFlowServing"
    LITERT = "LiteRT"


class Architecture(StrEnum):
    """Processor architectures, as the label ``kubernetes.io/arch`` writes them."""

    AMD64 = "amd64"
    ARM64 = "arm64"


class Objective(StrEnum):
    """How latency above the target is weighed against money."""

    LOWEST_COST = "LowestCost"
    BALANCED = "Balanced"
    LOWEST_LATENCY = "LowestLatency"


class OnNoFit(StrEnum):
    """What happens to a replica when no node has room for it."""

    SCHEDULE_WITHOUT_PIN = "ScheduleWithoutPin"
    WAIT = "Wait"


class RebalancingMode(StrEnum):
    """Who decides that a better assignment is carried out."""

    AUTOMATIC = "Automatic"
    DRY_RUN = "DryRun"
    DISABLED = "Disabled"


class MoveStrategy(StrEnum):
    """How a replica changes node."""

    SURGE = "Surge"
    EVICT = "Evict"


class MoveResult(StrEnum):
    """How a move ended."""

    COMPLETED = "Completed"
    ABORTED = "Aborted"


class MoveReason(StrEnum):
    """Why a replica changes node. Each is a reason of conditions and Events too."""

    CLEARANCE_TOO_LOW = "ClearanceTooLow"
    REGION_NOT_ALLOWED = "RegionNotAllowed"
    NODE_OVER_COMMITTED = "NodeOverCommitted"
    CAPACITY_SHARE_REACHED = "CapacityShareReached"
    NODE_UNDER_PRESSURE = "NodeUnderPressure"
    NODE_CORDONED = "NodeCordoned"
    NODE_LEAVING = "NodeLeaving"
    VARIANT_LEFT = "VariantLeft"
    TIER_NOT_SERVED = "TierNotServed"
    ARCHITECTURE_NOT_SUPPORTED = "ArchitectureNotSupported"
    ACCELERATOR_NOT_SUPPORTED = "AcceleratorNotSupported"
    NODE_SELECTOR_MISMATCH = "NodeSelectorMismatch"
    LATENCY_UNKNOWN = "LatencyUnknown"
    LATENCY_ABOVE_MAXIMUM = "LatencyAboveMaximum"
    MAX_PER_NODE_REACHED = "MaxPerNodeReached"
    MAX_PER_ZONE_REACHED = "MaxPerZoneReached"
    TIER_MAXIMUM_REACHED = "TierMaximumReached"
    TIER_MINIMUM_MISSED = "TierMinimumMissed"
    REQUESTED = "Requested"
    BETTER_NODE = "BetterNode"
    BETTER_PLAN = "BetterPlan"


class OnEdgeUnreachable(StrEnum):
    """What happens to the replicas of an edge node that is cut off."""

    KEEP_RUNNING = "KeepRunning"
    REPLACE = "Replace"


class RolloutState(StrEnum):
    """How far a new version of a variant is."""

    CANARY = "Canary"
    """Some replicas serve it, and are watched."""
    PROMOTING = "Promoting"
    """It goes to the others."""
    INTERRUPTED = "Interrupted"
    """The old version is back for now, because replicas have to leave their nodes; then it begins anew."""
    ROLLED_BACK = "RolledBack"
    """The old version is back for good, until the spec says another one."""


class TrafficDistribution(StrEnum):
    """Which of the Ready replicas a client inside the cluster reaches."""

    PREFER_SAME_ZONE = "PreferSameZone"
    PREFER_SAME_NODE = "PreferSameNode"


class DataFormat(StrEnum):
    """How the data of a training is written."""

    NPZ = "Npz"
    CSV = "Csv"
    TFRECORD = "TFRecord"


class Duplicates(StrEnum):
    """What happens to samples that are there more than once."""

    REJECT = "Reject"
    REMOVE = "Remove"
    KEEP = "Keep"


class TrainingEngine(StrEnum):
    """What makes the workers of a training."""

    JOB = "Job"
    TRAIN_JOB = "TrainJob"


class Optimizer(StrEnum):
    """What follows the gradients."""

    ADAM = "Adam"
    SGD = "SGD"
    RMSPROP = "RMSprop"


class Loss(StrEnum):
    """What training minimises."""

    SPARSE_CATEGORICAL_CROSSENTROPY = "SparseCategoricalCrossentropy"


class Metric(StrEnum):
    """What a model is judged by."""

    ACCURACY = "Accuracy"


class ModelForm(StrEnum):
    """A form that a trained model is exported in."""

    SAVED_MODEL = "SavedModel"
    TFLITE_FLOAT32 = "TFLiteFloat32"
    TFLITE_FLOAT16 = "TFLiteFloat16"
    TFLITE_DYNAMIC_RANGE = "TFLiteDynamicRange"
    TFLITE_INT8 = "TFLiteInt8"


class ConditionStatus(StrEnum):
    """Status of a condition."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"
