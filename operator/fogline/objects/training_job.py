"""The Jobs of the runs of a training.

A Job is made once and never changed but for ``suspend``: Kubernetes lets nobody change its pods. When it is
made it does not say whether it is suspended, so that a queue may.
"""

from fogline.api import GROUP, MODEL_TRAINING_KIND, VERSION, ModelTraining
from fogline.config import Settings
from fogline.names import QUEUE_LABELS, RUN_KEY_ANNOTATION, run_name
from fogline.objects.metadata import Document
from fogline.objects.run_document import key_of
from fogline.objects.training_pod import CONTAINER, Step, labels_of, pod_template

REFUSED_EXIT_CODE = 2
"""With which the trainer ends when another try would end in the same way."""
RETRIES = 6
"""How often each pod of a run is started again; Kubernetes waits longer each time, up to ten minutes."""


def job(training: ModelTraining, step: Step, run: int, settings: Settings) -> Document:
    """Build the Job of a step."""
    labels = labels_of(training, step, run)
    metadata = metadata_of_run(training, run_name(training.metadata.name, run, step), labels)
    spec = job_spec(training, step, run, settings)
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}


def job_spec(training: ModelTraining, step: Step, run: int, settings: Settings) -> Document:
    """Build what a Job of a step is asked for.

    Pods are not started again in place but replaced, which alone lets exit codes count (Kubernetes, "Pod
    failure policy"). When a worker dies its peers end, too, and all of them are replaced; training resumes
    from the last checkpoint.
    """
    spec: Document = {
        "backoffLimit": RETRIES,
        "podReplacementPolicy": "Failed",
        "podFailurePolicy": {"rules": _failure_rules()},
        "template": pod_template(training, step, run, settings),
    }
    if step is Step.TRAIN:
        count = training.spec.workers.count
        del spec["backoffLimit"]  # Kubernetes counts by worker then, and all of them together without end
        spec |= {
            "completionMode": "Indexed",
            "completions": count,
            "parallelism": count,
            "backoffLimitPerIndex": RETRIES,
            "maxFailedIndexes": 0,
        }
    return spec


def metadata_of_run(training: ModelTraining, name: str, labels: dict[str, str]) -> Document:
    """Give the metadata of a Job or a TrainJob: what its run was begun for, and the queue of the training."""
    asked = training.metadata.labels
    queue = {label: asked[label] for label in QUEUE_LABELS if label in asked}
    annotations = {RUN_KEY_ANNOTATION: key_of(training)}
    return {**metadata_of(training, name, {**labels, **queue}), "annotations": annotations}


def metadata_of(training: ModelTraining, name: str, labels: dict[str, str]) -> Document:
    """Give the metadata of an object that a training owns."""
    meta = training.metadata
    return {
        "name": name,
        "namespace": meta.namespace,
        "labels": {"app.kubernetes.io/managed-by": "fogline", **labels},
        "ownerReferences": [
            {
                "apiVersion": f"{GROUP}/{VERSION}",
                "kind": MODEL_TRAINING_KIND,
                "name": meta.name,
                "uid": meta.uid,
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }


def _failure_rules() -> list[Document]:
    return [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {
            "action": "FailJob",
            "onExitCodes": {"containerName": CONTAINER, "operator": "In", "values": [REFUSED_EXIT_CODE]},
        },
    ]
