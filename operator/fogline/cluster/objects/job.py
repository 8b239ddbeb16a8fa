"""Jobs."""

from datetime import datetime

from fogline.cluster.objects.metadata import Condition, ObjectMeta, Slim


class JobSpec(Slim, frozen=True):
    """What was asked of a Job."""

    suspend: bool = False


class JobStatus(Slim, frozen=True):
    """What the Job controller reports."""

    conditions: tuple[Condition, ...] = ()
    completion_time: datetime | None = None


class Job(Slim, frozen=True):
    """A Job of a run of a training, or a TrainJob, which says the same in the same fields."""

    metadata: ObjectMeta
    spec: JobSpec = JobSpec()
    status: JobStatus = JobStatus()
