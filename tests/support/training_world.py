"""A training in a world, and a kubelet that plays its pods: there is no trainer on simulated nodes."""

import json
from collections.abc import Mapping
from typing import Any

from tests.support.crd_cases import full_manifest
from tests.support.wait import wait_for
from tests.support.world import World

from fogline.cluster.documents import Document
from fogline.cluster.kinds import JOBS, MODEL_DEPLOYMENTS, MODEL_TRAININGS, PODS
from fogline.names import TRAINING_LABEL

NAME = "digits"
AWAITED = [
    {"name": "cloud", "tier": "Cloud", "runtime": "TensorFlowServing"},
    {"name": "edge", "tier": "Edge", "runtime": "LiteRT"},
]
DATA = {
    "samples": 1797,
    "training": 1168,
    "validation": 180,
    "test": 449,
    "classes": 10,
    "duplicatesRemoved": 0,
    "reused": False,
    "shards": [
        {"index": index, "samples": 584, "bytes": 40_000, "sha256": str(index) * 64} for index in range(2)
    ],
}


def finished(version: int = 1, folder: str = "s3://models/digits") -> dict[str, Any]:
    """Give the result of the last step, as the trainer writes it."""
    forms = {
        "SavedModel": f"{folder}/savedmodel/{version}",
        "TFLiteFloat32": f"{folder}/tflite-float32/{version}",
    }
    return {
        "evaluation": {"metric": "Accuracy", "value": "0.9777", "minimum": "0.96"},
        "forms": [
            {
                "form": form,
                "uri": uri,
                "sha256": "a" * 64,
                "bytes": 50_000,
                "value": "0.9777",
                "agreementPercent": "100",
                "maxDifference": "0.000001",
            }
            for form, uri in forms.items()
        ],
        "published": {"version": version, "uri": f"{folder}/versions/{version}.json"},
    }


def answer(result: Mapping[str, Any] | None = None, reason: str = "Done", message: str = "") -> str:
    """Write an answer as the trainer leaves it."""
    return json.dumps({"reason": reason, "message": message, "result": result or {}})


class TrainingWorld:
    """One training in a world."""

    def __init__(self, world: World, name: str = NAME) -> None:
        self.world = world
        self.name = name

    def manifest(self, **spec: Any) -> Document:
        """Give the full training, with fields of its spec replaced; None leaves one out."""
        manifest: Document = full_manifest("ModelTraining")
        manifest["metadata"].update(name=self.name, namespace=self.world.namespace)
        manifest["spec"] = {
            key: value for key, value in {**manifest["spec"], **spec}.items() if value is not None
        }
        return manifest

    async def apply(self, **spec: Any) -> None:
        """Apply the same."""
        await self.world.apply(self.manifest(**spec))

    async def patch(self, change: Mapping[str, Any]) -> None:
        """Change some fields of the training."""
        await self.world.patch(MODEL_TRAININGS, self.name, change)

    async def as_queue(self, kind: str, name: str, change: Mapping[str, Any]) -> None:
        """Change a Job or a TrainJob as Kueue does, which is another field manager."""
        patch = f"--patch={json.dumps(change)}"
        await self.world.kubectl("patch", kind, name, "--type=merge", "--field-manager=kueue", patch)

    async def passed_again(self) -> None:
        """Have the operator look at the training once more, and wait until it has."""
        await self.patch({"spec": {"historyLimit": 7}})

        async def is_seen() -> bool:
            live = await self.world.client.get(MODEL_TRAININGS, self.world.namespace, self.name)
            seen: bool = live["status"].get("observedGeneration") == live["metadata"]["generation"]
            return seen

        await wait_for(is_seen, "the operator has looked again", seen=self.status)

    async def status(self) -> Document:
        """Read its status."""
        live = await self.world.client.get(MODEL_TRAININGS, self.world.namespace, self.name)
        found: Document = live.get("status", {})
        return found

    async def condition(self, kind: str) -> Mapping[str, Any]:
        """Read a condition; all fields empty when there is none."""
        told: list[dict[str, Any]] = (await self.status()).get("conditions", [])
        found = {one["type"]: one for one in told}
        return found.get(kind, {"status": "", "reason": "", "message": ""})

    async def until(self, kind: str, status: str, reason: str) -> str:
        """Wait until a condition has a status and a reason; returns its message."""
        one: Mapping[str, Any] = {}

        async def holds() -> bool:
            nonlocal one
            one = await self.condition(kind)
            return (one["status"], one["reason"]) == (status, reason)

        await wait_for(holds, f"{kind} is {status}: {reason}", seen=self.status)
        return str(one["message"])

    async def job(self, name: str) -> Document | None:
        """Read a Job; None when there is none."""
        return await self.world.child(JOBS, name)

    async def jobs(self) -> list[str]:
        """Name all Jobs of the training."""
        found = await self.world.client.list(
            JOBS, namespace=self.world.namespace, label_selector=f"{TRAINING_LABEL}={self.name}"
        )
        return sorted(one["metadata"]["name"] for one in found.items)

    async def pods_of(self, job: str, count: int = 1) -> list[Document]:
        """Wait for the pods of a Job that have not ended."""
        pods: list[Document] = []

        async def are_there() -> bool:
            listing = await self.world.client.list(
                PODS, namespace=self.world.namespace, label_selector=f"batch.kubernetes.io/job-name={job}"
            )
            pods[:] = [one for one in listing.items if one["status"]["phase"] not in {"Succeeded", "Failed"}]
            return len(pods) == count

        await wait_for(are_there, f"{job} has {count} pods", seen=self.jobs)
        return pods

    async def end(self, pod: Document, message: str, exit_code: int = 0, reason: str = "Completed") -> None:
        """End a pod as the kubelet reports it."""
        ended = {
            "exitCode": exit_code,
            "reason": reason,
            "message": message,
            "finishedAt": "2030-01-01T00:00:00Z",
        }
        container = {
            "name": "trainer",
            "image": "trainer",
            "imageID": "",
            "ready": False,
            "restartCount": 0,
            "state": {"terminated": ended},
        }
        status = {"phase": "Failed" if exit_code else "Succeeded", "containerStatuses": [container]}
        await self.world.patch(PODS, pod["metadata"]["name"], {"status": status}, subresource="status")

    async def prepared(self, run: int = 1) -> None:
        """Let the first step end well."""
        (pod,) = await self.pods_of(f"{self.name}-prepare-{run}")
        await self.end(pod, answer(DATA))

    async def trained(self, run: int = 1) -> None:
        """Let the workers end well."""
        for pod in await self.pods_of(f"{self.name}-train-{run}", 2):
            await self.end(pod, answer({"epochs": 40}))

    async def published(self, run: int = 1, version: int = 1) -> None:
        """Let the last step end well."""
        (pod,) = await self.pods_of(f"{self.name}-finish-{run}")
        await self.end(pod, answer(finished(version)))

    async def artifacts(self) -> dict[str, Any]:
        """Read the artifacts of the variants of the ModelDeployment."""
        live = await self.world.client.get(MODEL_DEPLOYMENTS, self.world.namespace, NAME)
        return {one["name"]: one.get("artifact") for one in live["spec"]["variants"]}
