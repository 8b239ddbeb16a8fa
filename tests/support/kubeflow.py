"""Kubeflow Trainer in a cluster of tests: its definitions are real, its controllers are played."""

from pathlib import Path
from typing import Any

from dev.gomodule import job_set_crds, kubeflow_trainer_crds
from tests.support.kubectl import Kubectl
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cli.clock import now
from fogline.cluster.documents import Document
from fogline.cluster.kinds import JOBS, TRAIN_JOBS, TRAINING_RUNTIMES, Kind

JOB_SETS = Kind("jobset.x-k8s.io", "v1alpha2", "jobsets", "JobSet")
KINDS = (TRAIN_JOBS, TRAINING_RUNTIMES, JOB_SETS)


def install(kubectl: Kubectl) -> None:
    """Define the kinds as Kubeflow Trainer and JobSet do."""
    for file in _definitions():
        kubectl("apply", "--server-side", f"--filename={file}")
    for kind in KINDS:
        kubectl("wait", "--for=condition=Established", "--timeout=120s", f"crd/{kind.plural}.{kind.group}")


def remove(kubectl: Kubectl) -> None:
    """Take the kinds away, with all objects of them."""
    for file in _definitions():
        kubectl("delete", f"--filename={file}", "--ignore-not-found", "--timeout=120s")


def _definitions() -> list[Path]:
    trainer = kubeflow_trainer_crds()
    files = [trainer / f"{kind.group}_{kind.plural}.yaml" for kind in (TRAIN_JOBS, TRAINING_RUNTIMES)]
    return [*files, job_set_crds() / f"{JOB_SETS.group}_{JOB_SETS.plural}.yaml"]


class PlayedTrainer:
    """The controllers of Kubeflow Trainer and of JobSet for one TrainJob, one step at a time."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self.name = name
        self.job = f"{name}-train-0"
        """The Job whose pods are the workers, as JobSet names it."""

    async def make_job(self) -> None:
        """Make a JobSet from the runtime of the TrainJob, and of that the Job."""
        await wait_for(self.train_job, f"there is a TrainJob {self.name}")
        train_job = await self._live(TRAIN_JOBS)
        runtime = await self._live(TRAINING_RUNTIMES)
        assert train_job["spec"]["runtimeRef"]["name"] == runtime["metadata"]["name"]
        spec = runtime["spec"]["template"]["spec"]
        suspend = train_job["spec"]["suspend"]
        await self._create(JOB_SETS, self.name, train_job, {**spec, "suspend": suspend})
        (workers,) = spec["replicatedJobs"]
        template = workers["template"]
        made = {**template["spec"], "suspend": suspend}
        await self._create(JOBS, self.job, await self._live(JOB_SETS), made, template["metadata"]["labels"])

    async def pass_suspension_on(self) -> None:
        """Suspend the Job, or let it go on, as the TrainJob says."""
        suspend = {"spec": {"suspend": (await self._live(TRAIN_JOBS))["spec"]["suspend"]}}
        await self._world.patch(JOB_SETS, self.name, suspend)
        await self._world.patch(JOBS, self.job, suspend)

    async def report(self, kind: str, reason: str, message: str) -> None:
        """Say in the status of the TrainJob how it ended."""
        condition = {
            "type": kind,
            "status": "True",
            "reason": reason,
            "message": message,
            "lastTransitionTime": now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        counts = dict.fromkeys(("active", "failed", "ready", "succeeded", "suspended"), 0)
        status = {"conditions": [condition], "jobsStatus": [{"name": "train", **counts}]}
        await self._world.patch(TRAIN_JOBS, self.name, {"status": status}, subresource="status")

    async def completed(self) -> None:
        """Report that all workers ended well."""
        await self.report("Complete", "AllJobsCompleted", "jobset completed successfully")

    async def failed(self) -> None:
        """Report that the Job failed for good."""
        await self.report(
            "Failed", "FailedJobs", f"jobset failed due to one or more job failures: {self.job}"
        )

    async def train_job(self) -> Document | None:
        """Read the TrainJob; None when there is none."""
        return await self._world.child(TRAIN_JOBS, self.name)

    async def is_gone(self) -> bool:
        """Tell whether nothing is left of the TrainJob."""
        return not any([await self._world.child(kind, self.name) for kind in KINDS])

    async def _live(self, kind: Kind) -> Document:
        return await self._world.client.get(kind, self._world.namespace, self.name)

    async def _create(self, kind: Kind, name: str, owner: Document, spec: Any, labels: Any = None) -> None:
        reference = {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "controller": True,
        }
        document = {
            "apiVersion": kind.api_version,
            "kind": kind.kind,
            "metadata": {"name": name, "labels": labels or {}, "ownerReferences": [reference]},
            "spec": spec,
        }
        await self._world.create(document, kind)
