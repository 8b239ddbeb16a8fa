"""What is seen of the runs of a training."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fogline.api import ModelDeployment, TrainingEngine
from fogline.objects import Step
from fogline.training.progress import Progress


@dataclass(frozen=True, slots=True)
class SeenJob:
    """A Job of a run, or a TrainJob in place of one."""

    name: str
    uid: str
    step: Step
    run: int
    key: str
    """What its run was begun for."""
    is_suspended: bool = False
    is_suspended_by_us: bool = False
    """Whether the operator has suspended it and not let it go on; somebody else may have."""
    queue: str = ""
    """The queue of Kueue that it is in; empty if in none."""
    is_complete: bool = False
    failure: str | None = None
    """Why it failed for good, as Kubernetes says; None if it has not."""
    ended_at: datetime | None = None
    is_going: bool = False
    """Whether it is being deleted."""
    engine: TrainingEngine = TrainingEngine.JOB

    @property
    def is_over(self) -> bool:
        """Whether it has ended, well or not."""
        return self.is_complete or self.failure is not None


@dataclass(frozen=True, slots=True)
class SeenPod:
    """A pod of a Job."""

    name: str
    job: str
    """Uid of its Job or TrainJob."""
    index: int = 0
    """Which worker it is."""
    node: str | None = None
    address: str = ""
    """IP address; empty without one."""
    is_over: bool = False
    """Whether nothing of it runs any more."""
    is_done: bool = False
    """Whether it ended well."""
    ended_at: datetime | None = None
    message: str = ""
    """What its container left when it ended."""
    is_out_of_memory: bool = False
    restarts: int = 0
    """How often the worker was started again before this pod."""
    unscheduled: str = ""
    """What kube-scheduler has against it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """All that one pass looks at."""

    jobs: tuple[SeenJob, ...] = ()
    pods: tuple[SeenPod, ...] = ()
    progress: Mapping[int, Progress] = field(default_factory=dict)
    """What the workers of the run say of themselves, by number."""
    model: ModelDeployment | None = None
    """The ModelDeployment that gets each version; None if it does not exist, or cannot be read."""
    gap: str | None = None
    """Why no Job may start now, because admission policies are missing; None when it may."""
    engine_gap: str | None = None
    """Why no TrainJob can be made now; None when one can."""

    def pods_of(self, job: SeenJob) -> list[SeenPod]:
        """Give the pods of a Job, the one that ended last at the end."""
        pods = [pod for pod in self.pods if pod.job == job.uid]
        return sorted(
            pods, key=lambda pod: (pod.ended_at is not None, pod.ended_at and pod.ended_at.timestamp())
        )
