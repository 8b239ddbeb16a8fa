"""Builders of the objects of models and trainings, and of the patch that places a pod. All are pure."""

from fogline.objects.budget import budget, min_available
from fogline.objects.children import Children, children
from fogline.objects.deployment import deployment
from fogline.objects.marks import mark_victim, settle_replacement, unmark_victim
from fogline.objects.pin import PinnedPlace, open_gate, pin
from fogline.objects.run_document import key_of, run_document
from fogline.objects.service import service_url, services
from fogline.objects.train_job import train_job, training_runtime
from fogline.objects.training import step_documents, workers_service
from fogline.objects.training_job import job
from fogline.objects.training_pod import CONTAINER, INDEX_ANNOTATION, PROGRESS_PORT, Step

__all__ = [
    "CONTAINER",
    "INDEX_ANNOTATION",
    "PROGRESS_PORT",
    "Children",
    "PinnedPlace",
    "Step",
    "budget",
    "children",
    "deployment",
    "job",
    "key_of",
    "mark_victim",
    "min_available",
    "open_gate",
    "pin",
    "run_document",
    "service_url",
    "services",
    "settle_replacement",
    "step_documents",
    "train_job",
    "training_runtime",
    "unmark_victim",
    "workers_service",
]
