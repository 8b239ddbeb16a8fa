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

from dev import controlplane
from dev.cluster import simulated_node
from dev.paths import ROOT
from dev.programs import program
from tests.support.faultproxy import FaultProxy
from tests.support.kubectl import Kubectl
from tests.support.operator_process import OperatorProcess
from tests.support.rights import OPERATOR, kubeconfig_of_account
from tests.support.wait import wait_for

from bench.operator.bulk import for_each
from bench.operator.store import Store
from fogline.cluster.client import Client
from fogline.cluster.connection import from_kubeconfig
from fogline.cluster.documents import Document
from fogline.cluster.kinds import NODES
from fogline.cluster.limiter import Rate
from fogline.cluster.objects import Node
from fogline.cluster.transport import Limits

UNTHROTTLED = {"kube-controller-manager": ["kube-api-qps=1000", "kube-api-burst=1000"]}
"""By default the controller manager creates 20 pods a second, after a first 30 or so."""
FAST = 1000
"""Requests a second of those who bring a cluster up: more than two cores can serve."""
_HURRY = {
    "requests_per_second": FAST,
    "pins_per_second": FAST,
    "resync_seconds": 60,
    "plan_idle_seconds": 10,
    "plan_every_seconds": 60,
}
_PASSES = re.compile(r"^fogline_reconcile_seconds_count (\S+)$", re.MULTILINE)
_TOLD = 3000
"""Letters of a log that are worth reading."""
_READY_SECONDS = 300.0
_BULK_LIMIT_SECONDS = 1800.0
"""For one command of kubectl: all models of the largest cluster take many minutes to get ready."""
_LOOK_SECONDS = 2.0
_COMMON = {
    "etcd": ["unsafe-no-fsync=true"],
    "kube-apiserver": ["service-cluster-ip-range=10.0.0.0/16"],
    "kwok-controller": ["node-lease-duration-seconds=40000"],
    "kube-controller-manager": ["node-monitor-grace-period=40000s"],
}
"""No disk is measured; there are more Services than the 254 addresses of the default; and simulated nodes
renew no Lease every 10 s, which for hundreds of them would load the cores measured."""


@dataclass(frozen=True, slots=True)
class Bench:
    """All that a measurement needs."""

    client: Client
    """As administrator, without a limit of its own."""
    kubectl: Kubectl
    operator: OperatorProcess
    """As users have it by default; not started yet."""
    standby: OperatorProcess
    """A second one, not started yet, either."""
    builder: OperatorProcess
    """One in a hurry, which brings a large cluster up before the measurement; not started yet."""
    proxy: FaultProxy
    store: Store

    async def create(self, what: str, documents: Iterable[Document]) -> None:
        """Make many objects."""
        await for_each(what, list(documents), self.client.create)

    async def cordon(self, node: str, *, is_cordoned: bool = True) -> None:
        """Cordon a node, or let it take pods again."""
        await self.client.merge_patch(NODES, None, node, {"spec": {"unschedulable": is_cordoned}})

    async def until_ready(self, limit_seconds: float) -> None:
        """Wait for all models with one process that watches: asking again would load the cores measured."""
        wanted = ("wait", "--for=condition=Ready", "modeldeployments", "--all", "--namespace=default")
        await asyncio.to_thread(self.kubectl, *wanted, f"--timeout={limit_seconds:.0f}s")

    async def settled(self, quiet_seconds: float = 5, limit_seconds: float = 900) -> None:
        """Wait until no operator has written anything for a while.

        Raises
        ------
        TimeoutError
            It went on writing.
        """
        async with asyncio.timeout(limit_seconds):
            count = -1
            while count != len(self.proxy.writes):
                count = len(self.proxy.writes)
                await asyncio.sleep(quiet_seconds)

    async def passed(self, operator: OperatorProcess, models: int, limit_seconds: float = 600) -> None:
        """Wait until an operator has passed as often as there are models.

        Raises
        ------
        AssertionError
            The time is up.
        """

        async def is_through() -> bool:
            assert operator.is_running(), f"the operator has ended:\n{operator.log()[-_TOLD:]}"
            found = _PASSES.search(await operator.metrics())
            return found is not None and float(found[1]) >= models

        await wait_for(is_through, "every model has been passed", limit_seconds, every_seconds=0.25)


@asynccontextmanager
async def bench(
    nodes: Sequence[Document],
    extra_args: Mapping[str, list[str]] | None = None,
) -> AsyncIterator[Bench]:
    """Start a control plane with nodes, and make operators that are not started yet."""
    name = f"bench-{os.getpid()}-{time.monotonic_ns()}"
    plane = await asyncio.to_thread(controlplane.start, name, extra_args=_arguments(extra_args or {}))
    try:
        with tempfile.TemporaryDirectory() as folder:
            cache = Path(folder) / "cache"
            kubectl = Kubectl(program("kubectl"), plane.kubeconfig, cache, _BULK_LIMIT_SECONDS)
            kubectl("apply", "--server-side", f"--filename={ROOT / 'crds'}")
            kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
            rights = kubeconfig_of_account(kubectl, OPERATOR, Path(folder) / "account.yaml")
            fast = Rate(per_second=FAST, burst=FAST)
            limits = Limits(decisions=fast, other=fast)
            async with (
                FaultProxy(from_kubeconfig(rights)) as proxy,
                Client(from_kubeconfig(plane.kubeconfig), limits, manager="bench") as client,
                Store(plane.etcd) as store,
            ):
                await for_each("nodes", nodes, client.create)
                await _until_nodes_ready(client)
                kubeconfig = proxy.kubeconfig(Path(folder) / "kubeconfig")
                operator, standby = (OperatorProcess(kubeconfig, Path(folder) / f"log-{n}") for n in (1, 2))
                builder = OperatorProcess(kubeconfig, Path(folder) / "log-builder", **_HURRY)
                try:
                    yield Bench(client, kubectl, operator, standby, builder, proxy, store)
                finally:
                    for process in (operator, standby, builder):
                        if process.is_running():
                            await process.stop()
    finally:
        await asyncio.to_thread(controlplane.stop, plane)


def _arguments(extra_args: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Add to the arguments of the components what all measurements want."""
    return {
        name: [*_COMMON.get(name, ()), *extra_args.get(name, ())] for name in sorted({*_COMMON, *extra_args})
    }


async def _until_nodes_ready(client: Client) -> None:
    """Look seldom: to list thousands of nodes keeps an API server busy for a while."""

    async def are_ready() -> bool:
        nodes = (await client.list(NODES, Node)).items
        return all(
            any(one.type == "Ready" and one.status == "True" for one in node.status.conditions)
            for node in nodes
        )

    await wait_for(are_ready, "all nodes are Ready", _READY_SECONDS, every_seconds=_LOOK_SECONDS)


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
