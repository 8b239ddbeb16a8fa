"""The objects of a training: what its steps are made of, and the Service that workers meet by."""

from fogline.api import ModelTraining, TrainingEngine
from fogline.config import Settings
from fogline.names import STEP_LABEL, TRAINING_LABEL, workers_name
from fogline.objects.metadata import Document
from fogline.objects.train_job import train_job, training_runtime
from fogline.objects.training_job import job, metadata_of
from fogline.objects.training_pod import WORKER_PORT, Step


def step_documents(training: ModelTraining, step: Step, run: int, settings: Settings) -> list[Document]:
    """Build what a step is made of, in the order in which it is created."""
    if step is not Step.TRAIN:
        return [job(training, step, run, settings)]
    if training.spec.workers.engine is TrainingEngine.TRAIN_JOB:
        runtime, made = training_runtime(training, run, settings), train_job(training, run)
        return [workers_service(training), runtime, made]
    return [workers_service(training), job(training, step, run, settings)]


def workers_service(training: ModelTraining) -> Document:
    """Build the Service that gives each worker a name; workers look for each other before they are Ready."""
    name = training.metadata.name
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata_of(training, workers_name(name), {TRAINING_LABEL: name}),
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": {TRAINING_LABEL: name, STEP_LABEL: Step.TRAIN.value},
            "ports": [{"name": "workers", "port": WORKER_PORT, "targetPort": "workers", "protocol": "TCP"}],
        },
    }
