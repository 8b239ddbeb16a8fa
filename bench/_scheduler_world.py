"""The control plane of the comparison with kube-scheduler: throttled by nobody, with a generated cluster."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import yaml
from dev import controlplane
from dev.cluster import add_nodes
from dev.controlplane import ControlPlane
from dev.instances import Instance, documents
from dev.instances.models import MANY_SMALL, make_models
from dev.instances.nodes import make_nodes
from dev.programs import program
from tests.support.kubectl import Kubectl
from tests.support.wait import wait_for

from fogline.api import ModelDeployment
from fogline.cluster import objects
from fogline.cluster.client import Client
from fogline.cluster.kinds import NAMESPACES, NODES
from fogline.snapshot import Snapshot

CLIENT_QPS = 2000
"""Requests a second that the controller manager and kube-scheduler may send: more than two cores can serve.
By default they are limited to 20 and 50, and a benchmark would measure these limits."""
PACKING = "packing-scheduler"
"""Profile of kube-scheduler that fills a node before it takes the next one."""

CRDS = Path(__file__).parent.parent / "crds"
_READY_LIMIT_SECONDS = 300
_POLL_SECONDS = 1.0
_GONE_LIMIT_SECONDS = 900


def make_instance(nodes: int, replicas: int) -> Instance:
    """Make a cluster, and models that want so many replicas of it.

    Raises
    ------
    ValueError
        There are not enough models for so many replicas.
    """
    random = Random(f"scheduler/{nodes}")  # noqa: S311  a cluster is no secret
    made = tuple(make_nodes(nodes, random))
    models = tuple(_first(make_models(made, MANY_SMALL, random), replicas))
    wanted = sum(model.spec.replicas for model in models)
    if wanted < replicas:
        raise ValueError(f"{nodes} nodes come with {wanted} replicas; ask for no more, not for {replicas}")
    return Instance("scheduler", models, Snapshot(made))


@asynccontextmanager
async def namespace(client: Client, name: str) -> AsyncIterator[str]:
    """Make a namespace and remove it with all that is in it."""
    made = await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    try:
        yield name
    finally:
        await client.delete(NAMESPACES, None, name, uid=made["metadata"]["uid"])

        async def is_gone() -> bool:
            await asyncio.sleep(_POLL_SECONDS)
            return all(one["metadata"]["name"] != name for one in (await client.list(NAMESPACES)).items)

        await wait_for(is_gone, f"namespace {name} is gone", _GONE_LIMIT_SECONDS)


def start(name: str, folder: Path) -> ControlPlane:
    """Start the control plane. `folder` must outlive it."""
    qps = [f"kube-api-qps={CLIENT_QPS}", f"kube-api-burst={CLIENT_QPS}"]
    kubeconfig = controlplane.WORK / "clusters" / name / "kubeconfig.yaml"
    configuration = folder / "kube-scheduler.yaml"
    configuration.write_text(yaml.safe_dump(_scheduler(kubeconfig)))
    return controlplane.start(
        name,
        extra_args={
            "kube-controller-manager": qps,
            "kube-scheduler": [f"config={configuration}"],
        },
    )


def furnish(plane: ControlPlane, instance: Instance, folder: Path) -> Kubectl:
    """Bring our CRDs and the nodes."""
    kubectl = Kubectl(program("kubectl"), plane.kubeconfig, folder / "cache")
    kubectl("apply", "--server-side", f"--filename={CRDS}")
    kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    nodes = (one for one in documents(instance)["items"] if one["kind"] == "Node")
    add_nodes(plane.kubeconfig, map(_simulated, nodes), ready_limit_seconds=_READY_LIMIT_SECONDS)
    return kubectl


async def untainted(client: Client) -> None:
    """Wait until no node is tainted any more for having been not Ready when it came."""

    async def are_clean() -> bool:
        await asyncio.sleep(_POLL_SECONDS)
        return not any(node.spec.taints for node in (await client.list(NODES, objects.Node)).items)

    await wait_for(are_clean, "nodes have no taints", _READY_LIMIT_SECONDS)


def model_document(model: ModelDeployment, namespace: str) -> dict[str, Any]:
    """Write a ModelDeployment as a user would, for one namespace."""
    found = next(iter(documents(Instance("one", (model,), Snapshot(())))["items"]))
    return {**found, "metadata": {"namespace": namespace, "name": model.metadata.name}}


def _first(models: Iterable[ModelDeployment], replicas: int) -> Iterator[ModelDeployment]:
    """Take models until they want so many replicas; the last one wants what is left."""
    left = replicas
    for model in models:
        wanted = min(model.spec.replicas, left)
        yield msgspec.structs.replace(model, spec=msgspec.structs.replace(model.spec, replicas=wanted))
        left -= wanted
        if not left:
            return


def _simulated(node: dict[str, Any]) -> dict[str, Any]:
    """Let kwok look after a node."""
    meta = node["metadata"]
    labels = {**meta["labels"], "kubernetes.io/os": "linux", "type": "kwok"}
    return {
        **node,
        "metadata": {**meta, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}},
    }


def _scheduler(kubeconfig: Path) -> dict[str, Any]:
    """Configure kube-scheduler: as it is, and with a second profile that packs."""
    packing = {
        "schedulerName": PACKING,
        "pluginConfig": [
            {
                "name": "NodeResourcesFit",
                "args": {
                    "scoringStrategy": {
                        "type": "MostAllocated",
                        "resources": [{"name": "cpu", "weight": 1}, {"name": "memory", "weight": 1}],
                    }
                },
            }
        ],
    }
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": {"kubeconfig": str(kubeconfig), "qps": CLIENT_QPS, "burst": CLIENT_QPS},
        "leaderElection": {"leaderElect": False},
        "profiles": [{"schedulerName": "default-scheduler"}, packing],
    }
