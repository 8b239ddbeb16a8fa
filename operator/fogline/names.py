"""Names that clusters see: labels, annotations, the gate, and the names of objects that belong to a model."""

from typing import NamedTuple

GATE = "fogline.dev/placement"
"""Scheduling gate of our pods."""

MODEL_LABEL = "fogline.dev/model"
VARIANT_LABEL = "fogline.dev/variant"
DATA_SENSITIVITY_LABEL = "fogline.dev/data-sensitivity"

TRAINING_LABEL = "fogline.dev/training"
STEP_LABEL = "fogline.dev/step"
RUN_LABEL = "fogline.dev/run"
RUN_ANNOTATION = "fogline.dev/run-document"
"""On a pod of a run: what it reads as its run document."""
RUN_KEY_ANNOTATION = "fogline.dev/run-key"
"""On the Jobs of a run: what it was begun for."""
SUSPENDED_ANNOTATION = "fogline.dev/suspended"
"""On a Job or TrainJob of a run: ``true`` while the operator suspends it. What others suspend has none."""
RUN_AGAIN_ANNOTATION = "fogline.dev/run-again"
"""On a ModelTraining: any text; another one begins another run."""
TRAINING_FIELD_MANAGER = "fogline-training"
"""Whose the artifact of a variant is that a training publishes."""

CLIENT_SITE_ANNOTATION = "fogline.dev/client-site"
COST_ANNOTATION = "fogline.dev/cost-per-hour"
LATENCY_ANNOTATION = "fogline.dev/latency-milliseconds"
DECIDED_AT_ANNOTATION = "fogline.dev/decided-at"
DECIDED_AT_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
DELETION_COST_ANNOTATION = "controller.kubernetes.io/pod-deletion-cost"

APPLIED_ANNOTATION = "fogline.dev/applied"
"""On a Deployment, Service or budget: a digest of what it was applied from, but for the replicas."""
SERVES_ANNOTATION = "fogline.dev/serves"
"""On a Deployment: the artifact and the image that its template serves, as JSON."""
ROLLOUT_ANNOTATION = "fogline.dev/rollout"
"""On a Deployment: how far a new version is that not all replicas serve, as JSON."""
MONITORING_ANNOTATION = "fogline.dev/monitoring"
"""On a pod: what its model server reads as its ``--monitoring_config_file``."""
DO_NOT_MOVE_ANNOTATION = "fogline.dev/do-not-move"
"""On a pod or a ModelDeployment: ``true``, or the time until which nothing moves that need not."""
REQUESTED_MOVES_ANNOTATION = "fogline.dev/requested-moves"
"""On a ModelDeployment: ``POD=NODE@TIME``, with commas between: moves that a user asks for until then."""
MOVE_PREFIX = "fogline.dev/move-"
"""Annotations of a victim: ``id``, ``to``, ``variant``, ``client-site``, ``reason``, ``saving-per-hour``,
``started-at``, ``strategy``."""
MOVED_PREFIX = "fogline.dev/moved-"
"""Annotations of a replacement: ``id``, ``from``, ``reason``, ``saving-per-hour``, ``started-at``."""
REPLACES_ANNOTATION = "fogline.dev/replaces"
"""On a replacement until its move is in the status: the uid of the victim."""
STANDS_IN_ANNOTATION = "fogline.dev/stands-in-for"
"""On a stand-in: the uid of the replica beyond a cut link."""

TIER_LABEL = "fogline.dev/tier"
COST_LABEL = "fogline.dev/cost-per-hour"
BILLING_LABEL = "fogline.dev/billing"
LATENCY_LABEL = "fogline.dev/latency-ms"
CLIENT_SITE_LATENCY_PREFIX = "latency.fogline.dev/"
CLEARANCE_LABEL = "fogline.node-restriction.kubernetes.io/clearance"

MEASURED_LABEL = "fogline.dev/measured"
"""On a NodeProfile that the collector writes and looks after."""

ZONE_LABEL = "topology.kubernetes.io/zone"
REGION_LABEL = "topology.kubernetes.io/region"
ACCELERATOR_LABEL = "nvidia.com/gpu.product"
ARCHITECTURE_LABEL = "kubernetes.io/arch"

EDGE_MARKS: tuple[tuple[str, str | None], ...] = (
    ("node.kubernetes.io/instance-type", "k3s"),
    ("node-role.kubernetes.io/edge", None),
    ("openyurt.io/is-edge-worker", "true"),
)
"""How a node without a valid tier label says that it is an edge node: label and value, None for any value.
They come from K3s, KubeEdge and OpenYurt."""

QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
QUEUE_LABELS = (QUEUE_LABEL, "kueue.x-k8s.io/priority-class")
"""By these labels Kueue takes a Job or a TrainJob into a queue. Runs have those of their ModelTraining."""

TRAINER_GROUP = "trainer.kubeflow.org"
TRAINER_VERSION = "v1alpha1"
"""API of Kubeflow Trainer 2."""

FIELD_MANAGER = "fogline"
OPERATOR_LEASE = "fogline-operator"
"""Name of the Lease of the one operator that decides, in the namespace of its pods."""

GRPC_PORT = 8500
REST_PORT = 8501


class ModelKey(NamedTuple):
    """Namespace and name of a ModelDeployment."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def service_name(model: str, part: str) -> str:
    """Name of the Service that leads to the replicas of one tier or site of a model."""
    return f"{model}-{part}"


def workers_name(training: str) -> str:
    """Name of the Service that the workers of a training meet by."""
    return f"{training}-workers"


def run_name(training: str, run: int, step: str) -> str:
    """Name of the Job of a step of a run."""
    return f"{training}-{step}-{run}"


def train_job_name(training: str, run: int) -> str:
    """Name of the TrainJob of a run: short, as the names of its Jobs and pods begin with it."""
    return f"{training}-{run}"


def deployment_name(model: str, variant: str) -> str:
    """Name of the Deployment that runs one variant of a model."""
    return f"{model}-{variant}"
