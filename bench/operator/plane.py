"""An operator behind a counting proxy, on a control plane of its own."""

import asyncio
import os
import re
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from dev import controlplane
from dev.cluster import add_nodes, simulated_node
from dev.paths import ROOT
from dev.programs import program
from tests.support.faultproxy import FaultProxy
from tests.support.kubectl import Kubectl
from tests.support.operator_process import OperatorProcess
from tests.support.rights import OPERATOR, kubeconfig_of_account

from fogline.cluster.client import Client
from fogline.cluster.connection import from_kubeconfig
from fogline.cluster.documents import Document
from fogline.cluster.limiter import Rate
from fogline.cluster.transport import Limits

UNTHROTTLED = {"kube-controller-manager": ["kube-api-qps=1000", "kube-api-burst=1000"]}
"""By default the controller manager creates 20 pods a second, after a first 30 or so."""
FAST = 1000
"""Requests a second of those who bring a cluster up: more than two cores can serve."""
_AT_ONCE = 50
_SETTLED_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Bench:
    """All that a measurement needs."""

    client: Client
    """As administrator, without a limit of its own."""
    kubectl: Kubectl
    operator: OperatorProcess
    standby: OperatorProcess
    """A second one, which nobody has started yet, either."""
    proxy: FaultProxy

    async def create(self, documents: Iterable[Document]) -> None:
        """Make many objects at once."""
        turns = asyncio.Semaphore(_AT_ONCE)

        async def one(document: Document) -> None:
            async with turns:
                await self.client.create(document)

        await asyncio.gather(*map(one, documents))

    async def until_ready(self, limit_seconds: float) -> None:
        """Wait for all models with one process that watches: asking again would load the cores measured."""
        wanted = ("wait", "--for=condition=Ready", "modeldeployments", "--all", "--namespace=default")
        await asyncio.to_thread(self.kubectl, *wanted, f"--timeout={limit_seconds:.0f}s")

    async def settled(self, limit_seconds: float = 600) -> None:
        """Wait until the operator has written nothing for a while.

        Raises
        ------
        TimeoutError
            It went on writing.
        """
        async with asyncio.timeout(limit_seconds):
            count = -1
            while count != len(self.proxy.writes):
                count = len(self.proxy.writes)
                await asyncio.sleep(_SETTLED_SECONDS)

    async def metrics(self) -> str:
        """Read the operator's metrics."""
        async with aiohttp.ClientSession() as session, session.get(self.operator.url("/metrics")) as answer:
            return await answer.text()

    async def metric(self, name: str) -> float:
        """Read one metric without labels."""
        found = re.search(rf"^{name} (\S+)$", await self.metrics(), re.MULTILINE)
        return float(found[1]) if found else 0.0


@asynccontextmanager
async def bench(
    nodes: Sequence[Document],
    extra_args: Mapping[str, list[str]] | None = None,
    **settings: object,
) -> AsyncIterator[Bench]:
    """Start a control plane with nodes, and make operators that are not started yet."""
    name = f"bench-{os.getpid()}-{time.monotonic_ns()}"
    plane = await asyncio.to_thread(controlplane.start, name, extra_args=dict(extra_args or {}))
    try:
        with tempfile.TemporaryDirectory() as folder:
            kubectl = Kubectl(program("kubectl"), plane.kubeconfig, Path(folder) / "cache")
            kubectl("apply", "--server-side", f"--filename={ROOT / 'crds'}")
            kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
            await asyncio.to_thread(add_nodes, plane.kubeconfig, nodes, ready_limit_seconds=600)
            rights = kubeconfig_of_account(kubectl, OPERATOR, Path(folder) / "account.yaml")
            fast = Rate(per_second=FAST, burst=FAST)
            administrator = Client(from_kubeconfig(plane.kubeconfig), Limits(ungate=fast, other=fast))
            async with FaultProxy(from_kubeconfig(rights)) as proxy, administrator as client:
                kubeconfig = proxy.kubeconfig(Path(folder) / "kubeconfig")
                pair = [OperatorProcess(kubeconfig, Path(folder) / f"log-{n}", **settings) for n in (1, 2)]
                try:
                    yield Bench(client, kubectl, pair[0], pair[1], proxy)
                finally:
                    for operator in pair:
                        if operator.is_running():
                            await operator.stop()
    finally:
        await asyncio.to_thread(controlplane.stop, plane)


def cheap_nodes(count: int) -> list[Document]:
    """Make nodes that differ in nothing but their names."""
    labels = {"fogline.dev/cost-per-hour": "0.1", "fogline.dev/latency-ms": "20"}
    return [simulated_node(f"node-{number:04}", labels) for number in range(count)]


def model(name: str, replicas: int, **spec: Any) -> Document:
    """Write a ModelDeployment of one small variant."""
    return {
        "apiVersion": "fogline.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "variants": [
                {
                    "name": "cloud",
                    "tier": "Cloud",
                    "runtime": "LiteRT",
                    "artifact": {"uri": "s3://models/digits/tflite/1"},
                    "resources": {"requests": {"cpu": "500m", "memory": "256Mi"}},
                }
            ],
            "placement": {"latency": {"targetMilliseconds": 20}},
            **spec,
        },
    }
