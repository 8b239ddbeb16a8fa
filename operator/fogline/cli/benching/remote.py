"""Sending load from nodes: a Job on each, one after the other, that leaves nothing behind."""

import asyncio
import secrets
from contextlib import suppress

from fogline.cli.benching.client_job import APP, START_SECONDS, client_files, client_job
from fogline.cluster.client import Client
from fogline.cluster.documents import Document
from fogline.cluster.kinds import JOBS, PODS
from fogline.cluster.objects import Pod
from fogline.cluster.transport import Call
from fogline.errors import FoglineError, NotFoundError
from fogline.load.job import Job, Outcome, from_json, pack

POLL_SECONDS = 0.5
_ENDED = frozenset({"Succeeded", "Failed"})


class ClientError(FoglineError):
    """The pod that sends load did not start, or did not end well."""


async def send_from(client: Client, namespace: str, node: str, image: str, job: Job) -> tuple[Outcome, ...]:
    """Let a pod on a node carry out a job; whatever happens, Job, pod and ConfigMap go.

    Killed in between they go as well: the Job has a deadline, and the cluster deletes it when it has ended.

    Raises
    ------
    BadInputError
        The inputs are too large.
    ClientError
        The pod does not start, or does not end well.
    ApiError
        The API server refuses.
    """
    name, packed = f"{APP}-{secrets.token_hex(4)}", pack(job)
    created = await client.create(client_job(namespace, name, node, image, job.seconds))
    try:
        await client.create(client_files(created, packed))
        pod = await _ended(client, namespace, name, job.seconds)
        said = (await client.through(Call("GET", PODS.path(namespace, pod.metadata.name, "log")))).decode()
        if pod.status.phase != "Succeeded":
            raise ClientError(f"the load from {node} ended badly: {_last(said)}")
        return from_json(_last(said))
    finally:
        await _delete(client, created)


async def _ended(client: Client, namespace: str, name: str, seconds: float) -> Pod:
    """Wait for the pod of a Job."""
    pod = None
    try:
        async with asyncio.timeout(START_SECONDS + seconds):
            while True:
                pods = await client.list(PODS, Pod, namespace=namespace, label_selector=f"job-name={name}")
                pod = next(iter(pods.items), None)
                if pod and pod.status.phase in _ENDED:
                    return pod
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError as error:
        raise ClientError(
            f"Job {namespace}/{name} did not end within {START_SECONDS + seconds:.0f} s: {_why(pod)}"
        ) from error


def _why(pod: Pod | None) -> str:
    if pod is None:
        return "it got no pod: its Events say why"
    waiting = next((one.state.waiting for one in pod.status.container_statuses if one.state.waiting), None)
    unmet = next((one.message for one in pod.status.conditions if one.status == "False" and one.message), "")
    return f"{waiting.reason}: {waiting.message}" if waiting else unmet or f"its pod is {pod.status.phase}"


def _last(said: str) -> str:
    return next(reversed(said.strip().splitlines()), "it said nothing")


async def _delete(client: Client, job: Document) -> None:
    meta = job["metadata"]
    with suppress(NotFoundError):
        await client.delete(JOBS, meta["namespace"], meta["name"], uid=meta["uid"])
