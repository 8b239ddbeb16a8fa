"""What Kubeflow Trainer 2 makes the workers of a training from: a TrainJob and its runtime."""

from fogline.api import ModelTraining
from fogline.config import Settings
from fogline.names import TRAINER_GROUP, TRAINER_VERSION, train_job_name
from fogline.objects.metadata import Document
from fogline.objects.training_job import job_spec, metadata_of, metadata_of_run
from fogline.objects.training_pod import WORKERS_JOB, Step, labels_of

_API_VERSION = f"{TRAINER_GROUP}/{TRAINER_VERSION}"


def training_runtime(training: ModelTraining, run: int, settings: Settings) -> Document:
    """Build the runtime of a run, from which Kubeflow Trainer makes a JobSet with the Job of the workers.

    The Job says all by itself: there is no ``mlPolicy``, and none of the labels by which a TrainJob changes
    containers of its runtime. The workers meet by our Service, whose name their addresses have; without
    ``enableDNSHostnames`` JobSet makes none and leaves the ``subdomain`` of the pods alone.
    """
    labels = labels_of(training, Step.TRAIN, run)
    workers = {
        "name": WORKERS_JOB,
        "replicas": 1,
        "template": {
            "metadata": {"labels": labels},
            "spec": job_spec(training, Step.TRAIN, run, settings),
        },
    }
    job_set = {"network": {"enableDNSHostnames": False}, "replicatedJobs": [workers]}
    return {
        "apiVersion": _API_VERSION,
        "kind": "TrainingRuntime",
        "metadata": metadata_of(training, train_job_name(training.metadata.name, run), labels),
        "spec": {"template": {"spec": job_set}},
    }


def train_job(training: ModelTraining, run: int) -> Document:
    """Build the TrainJob of a run. All of it that matters is in its runtime, which has the same name."""
    name = train_job_name(training.metadata.name, run)
    return {
        "apiVersion": _API_VERSION,
        "kind": "TrainJob",
        "metadata": metadata_of_run(training, name, labels_of(training, Step.TRAIN, run)),
        "spec": {"runtimeRef": {"apiGroup": TRAINER_GROUP, "kind": "TrainingRuntime", "name": name}},
    }
