"""What the collector takes at 200 pods: memory, processor time, and how long a round and an answer take."""

import asyncio
import os
import re
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any

from dev import controlplane
from dev.cluster import simulated_node
from dev.paths import ROOT
from dev.programs import program
from tests.support.forks import Running
from tests.support.kubectl import Kubectl
from tests.support.metric_pages import Write, answered, page, serving
from tests.support.operator_process import CollectorProcess
from tests.support.wait import wait_for
from tests.support.world_nodes import UNMANAGED, UNMANAGED_SELECTOR

from bench._collector_process import VARIABLE, to_text
from bench.operator.figures import tell
from fogline.cluster.client import Client
from fogline.cluster.connection import Connection, from_kubeconfig
from fogline.cluster.limiter import Rate
from fogline.cluster.transport import Limits
from fogline.collector.formulas import BUCKETS
from fogline.names import MODEL_LABEL, TIER_LABEL, VARIANT_LABEL

_PODS = int(os.environ.get("PODS", "200"))
_QUICK = {"scrape_seconds": 5, "window_seconds": 100}
"""As many rounds in a window as by default, in a third of the time."""
_SECONDS = float(os.environ.get("SECONDS", "120"))
"""More than the window, so that it is full."""
_NODES, _MODELS = 20, 50
_OTHERS = "".join(f'tensorflow:other_metric{{series="{number}"}} {number}\n' for number in range(500))
"""A page of TensorFlow Serving has much that is not wanted."""
_ROUNDS = re.compile(r"^fogline_collector_round_seconds_(sum|count) (\S+)$", re.MULTILINE)


def main() -> None:
    """Print the figures."""
    asyncio.run(measure())


async def measure() -> None:
    """Let a collector scrape pods that are played by this process."""
    plane = controlplane.start(
        f"bench-collector-{os.getpid()}",
        extra_args={"kwok-controller": [f"disregard-status-with-annotation-selector={UNMANAGED_SELECTOR}"]},
    )
    try:
        with tempfile.TemporaryDirectory() as folder:
            kubectl = Kubectl(program("kubectl"), plane.kubeconfig, Path(folder))
            kubectl("apply", "--server-side", f"--filename={ROOT / 'crds'}")
            kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=120s")
            fast = Rate(per_second=1000, burst=1000)
            async with (
                AsyncExitStack() as stack,
                Client(from_kubeconfig(plane.kubeconfig), Limits(decisions=fast, other=fast)) as client,
            ):
                pages = [await stack.enter_async_context(serving(_busy())) for _ in range(_PODS)]
                await _fill(client, pages)
                where = from_kubeconfig(plane.kubeconfig)
                await _measure(_AsInPod(where, plane.kubeconfig, Path(folder) / "log"))
    finally:
        controlplane.stop(plane)


class _AsInPod(CollectorProcess):
    """Runs it without the library that reads a kubeconfig."""

    module = "bench._collector_process"

    def __init__(self, where: Connection, kubeconfig: Path, log: Path) -> None:
        super().__init__(kubeconfig, log, **_QUICK)
        self._where = where

    def _launch(self, environment: Mapping[str, str]) -> Running:
        path = os.pathsep.join((environment["PYTHONPATH"], str(ROOT)))
        return super()._launch({**environment, "PYTHONPATH": path, VARIABLE: to_text(self._where)})


def _busy() -> Any:
    """Play a server that answers a hundred requests between two scrapes, of all kinds of latency."""
    scrapes = count(1)

    def write() -> Write:
        number = next(scrapes)
        buckets = [float(3 * number + index) for index in range(BUCKETS)]
        text = page(100 * number, number, buckets, cpu_seconds=number, memory_bytes=2**28, started_at=1)
        return answered(f"{_OTHERS}{text}")

    return write


async def _fill(client: Client, addresses: Sequence[str]) -> None:
    for number in range(_NODES):
        await client.create(simulated_node(f"node-{number}", {TIER_LABEL: "Cloud"}))
    for number, address in enumerate(addresses):
        meta = {"name": f"pod-{number:04}", "namespace": "default"}
        labels = {MODEL_LABEL: f"model-{number % _MODELS}", VARIANT_LABEL: "cloud", TIER_LABEL: "Cloud"}
        containers = [{"name": "server", "image": "none", "resources": {"requests": {"cpu": "1"}}}]
        await client.create(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {**meta, "labels": labels, "annotations": UNMANAGED},
                "spec": {"nodeName": f"node-{number % _NODES}", "containers": containers},
            }
        )
        status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}
        await client.apply(
            {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "status": status}, subresource="status"
        )


async def _measure(collector: CollectorProcess) -> None:
    await collector.start()
    try:

        async def answers() -> bool:
            return f'fogline_collector_pods{{state="answering"}} {_PODS}.0' in await collector.metrics()

        await wait_for(answers, "all pods are read", every_seconds=1)
        began, before = time.monotonic(), collector.cpu_seconds()
        while time.monotonic() - began < _SECONDS:
            await collector.figures()
            await asyncio.sleep(15)
        seconds = collector.cpu_seconds() - before
        number = (time.monotonic() - began) / _QUICK["scrape_seconds"]
        asked = time.monotonic()
        size = len(await collector.figures())
        took = time.monotonic() - asked
        rounds = {name: float(value) for name, value in _ROUNDS.findall(await collector.metrics())}
        now, most = collector.memory()
        load = f"{_PODS} pods, {_NODES} nodes, {_MODELS} models"
        tell(f"memory, {load}", f"{now / 1e6:.0f} MB resident, at most {most / 1e6:.0f} MB", "60 MB")
        tell(f"a round of scrapes, {load}", f"{rounds['sum'] / rounds['count']:.2f} s", "15 s")
        tell(f"processor time of a round, {load}", f"{seconds / number:.2f} s", "1.5 s")
        tell(f"an answer, {load}", f"{1000 * took:.0f} ms, {size / 1000:.0f} kB", "1 s")
    finally:
        await collector.stop()
