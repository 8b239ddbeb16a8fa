"""Figures of the operator, on control planes with simulated nodes.

From gate to pin in a burst of 100 pods; writes and memory of an operator that has nothing to do.
``IDLE_SECONDS`` in the environment shortens the quiet time, which is 300 s.
"""

import asyncio
import os
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from dev import controlplane
from dev.cluster import add_nodes, simulated_node
from dev.controlplane import ControlPlane
from dev.programs import program
from tests.support.faultproxy import FaultProxy
from tests.support.kubectl import Kubectl
from tests.support.operator_process import OperatorProcess

from fogline.cluster.connection import from_kubeconfig

NODES = 50
BURST_PODS = 100
IDLE_MODELS = 20
IDLE_SECONDS = float(os.environ.get("IDLE_SECONDS", "300"))
LIMIT_SECONDS = 50
CRDS = Path(__file__).parent.parent / "crds"

UNTHROTTLED = {"kube-controller-manager": ["kube-api-qps=1000", "kube-api-burst=1000"]}
"""By default the controller manager creates 20 pods a second, after a first 30 or so."""


def main() -> None:
    """Measure, and print the figures."""
    asyncio.run(_burst("created at the default 20/s", {}))
    asyncio.run(_burst("created as fast as it goes, on the cores that are measured", UNTHROTTLED))
    asyncio.run(_idle())


async def _burst(how: str, extra_args: dict[str, list[str]]) -> None:
    async with _operator(extra_args) as (kubectl, operator, _):
        kubectl("apply", "--filename=-", manifest=_model("burst", BURST_PODS))
        await asyncio.to_thread(_wait_until_ready, kubectl)
        metrics = await _metrics(operator)
    seconds = {q: _quantile(metrics, "fogline_gate_to_pin_seconds", q) for q in (0.5, 0.99)}
    print(
        f"gate seen to pin written, burst of {BURST_PODS} pods {how}, {NODES} nodes: "
        f"p50 <= {1000 * seconds[0.5]:.0f} ms, p99 <= {1000 * seconds[0.99]:.0f} ms (goal 250 ms)"
    )


async def _idle() -> None:
    async with _operator({}) as (kubectl, operator, proxy):
        for number in range(IDLE_MODELS):
            kubectl("apply", "--filename=-", manifest=_model(f"idle-{number}", 3))
        await asyncio.to_thread(_wait_until_ready, kubectl)
        await _settled(proxy)
        before = len(proxy.writes)
        await asyncio.sleep(IDLE_SECONDS)
        writes, memory = len(proxy.writes) - before, operator.resident_bytes() / 2**20
    print(
        f"idle, {IDLE_MODELS} models, {IDLE_SECONDS:.0f} s: {writes} writes (goal 0), "
        f"{memory:.0f} MiB resident, with the kubeconfig loader that a pod does not need (goal 120 MB)"
    )


@asynccontextmanager
async def _operator(
    extra_args: dict[str, list[str]],
) -> AsyncIterator[tuple[Kubectl, OperatorProcess, FaultProxy]]:
    """Run an operator behind a counting proxy, on a control plane of its own."""
    plane = await asyncio.to_thread(controlplane.start, f"bench-{os.getpid()}", extra_args=extra_args)
    try:
        with tempfile.TemporaryDirectory() as folder:
            kubectl = Kubectl(program("kubectl"), plane.kubeconfig, Path(folder) / "cache")
            await asyncio.to_thread(_furnish, plane, kubectl)
            async with FaultProxy(from_kubeconfig(plane.kubeconfig)) as proxy:
                operator = OperatorProcess(
                    proxy.kubeconfig(Path(folder) / "kubeconfig"), Path(folder) / "log"
                )
                await operator.start()
                try:
                    yield kubectl, operator, proxy
                finally:
                    await operator.stop()
    finally:
        await asyncio.to_thread(controlplane.stop, plane)


def _furnish(plane: ControlPlane, kubectl: Kubectl) -> None:
    kubectl("apply", "--server-side", f"--filename={CRDS}")
    kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    labels = {"fogline.dev/cost-per-hour": "0.1", "fogline.dev/latency-ms": "20"}
    add_nodes(plane.kubeconfig, [simulated_node(f"node-{n}", labels) for n in range(NODES)])


def _model(name: str, replicas: int) -> dict[str, Any]:
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
        },
    }


def _wait_until_ready(kubectl: Kubectl) -> None:
    """Wait with one process that watches: asking again and again would load the cores that are measured."""
    models = ("modeldeployments", "--all", "--namespace=default")
    kubectl("wait", "--for=condition=Ready", *models, f"--timeout={LIMIT_SECONDS}s")


async def _settled(proxy: FaultProxy) -> None:
    """Wait until nothing was written for a while."""
    count = -1
    while count != len(proxy.writes):
        count = len(proxy.writes)
        await asyncio.sleep(5)


async def _metrics(operator: OperatorProcess) -> str:
    async with aiohttp.ClientSession() as session, session.get(operator.url("/metrics")) as answer:
        return await answer.text()


def _quantile(metrics: str, name: str, quantile: float) -> float:
    """Give the upper bound of the bucket that holds a quantile, in seconds."""
    buckets = [
        (float(bound), float(count))
        for bound, count in re.findall(rf'^{name}_bucket{{le="([^"]+)"}} (\S+)$', metrics, re.MULTILINE)
    ]
    total = buckets[-1][1]
    return next(bound for bound, count in buckets if count >= quantile * total)
