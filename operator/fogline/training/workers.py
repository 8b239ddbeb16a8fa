"""What a status says of the workers of a run."""

from fogline.api import ModelTrainingStatus, TrainingProgress, WorkerStatus
from fogline.training.answers import read_answer
from fogline.training.progress import read_trained
from fogline.training.seen import Seen, SeenJob


def progress_of(own: SeenJob | None, before: ModelTrainingStatus, seen: Seen) -> TrainingProgress | None:
    """Tell how far the first worker is, or was at its end."""
    done = next((pod for pod in seen.pods_of(own) if pod.is_done and pod.index == 0), None) if own else None
    said = read_trained(read_answer(done.message).result) if done else seen.progress.get(0)
    if said is None:
        return before.progress
    return TrainingProgress(
        epoch=said.epoch,
        epochs=said.epochs,
        samples_per_second=said.samples_per_second,
        loss=said.loss,
        metric=said.metric,
    )


def workers_of(own: SeenJob | None, seen: Seen) -> tuple[WorkerStatus, ...]:
    """Describe the latest pod of each worker."""
    latest = (
        {pod.index: pod for pod in sorted(seen.pods_of(own), key=lambda one: one.restarts)} if own else {}
    )
    return tuple(
        WorkerStatus(
            index=index,
            node=pod.node,
            epoch=said.epoch if (said := seen.progress.get(index)) else None,
            samples_per_second=said.samples_per_second if said else None,
            loss=said.loss if said else None,
            restarts=pod.restarts,
        )
        for index, pod in sorted(latest.items())
    )
