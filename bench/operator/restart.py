"""From the start of an operator until it has passed over every model of a large cluster."""

import os
import time

from dev.cluster import simulated_node
from tests.support.wait import wait_for

from bench.operator.figures import tell
from bench.operator.plane import FAST, Bench, bench, model
from fogline.cluster.documents import Document
from fogline.names import COST_LABEL, MODEL_LABEL, VARIANT_LABEL

_NODES = int(os.environ.get("BIG_NODES", "5000"))
_PODS = int(os.environ.get("BIG_PODS", "28000"))
_PODS_OF_A_MODEL = 70
_LIMIT_SECONDS = 300.0
_NO_PODS = {"kube-controller-manager": ["controllers=*,-deployment-controller,-replicaset-controller"]}
"""The pods are made by hand, already bound, so that nobody waits for a scheduler."""


async def measure() -> None:
    """Let one operator write all objects, and measure the start of the next one."""
    settings = {"requests_per_second": FAST, "pins_per_second": FAST}
    nodes = [simulated_node(f"node-{number:04}", {COST_LABEL: "0.1"}) for number in range(_NODES)]
    async with bench(nodes, _NO_PODS, **settings) as one:
        models = -(-_PODS // _PODS_OF_A_MODEL)
        await one.create(model(f"model-{number:03}", _PODS_OF_A_MODEL) for number in range(models))
        await one.create(_pod(number) for number in range(_PODS))
        await one.operator.start()
        await _passed(one, models)
        await one.settled()
        await one.operator.stop()
        began, before = time.monotonic(), len(one.proxy.writes)
        await one.operator.start()
        await _passed(one, models)
        seconds, memory = time.monotonic() - began, one.operator.resident_bytes() / 1e6
        await one.settled()
        writes = len(one.proxy.writes) - before
    tell(
        f"restart to in sync, {_NODES} nodes, {_PODS} pods of {models} models",
        f"{seconds:.1f} s, {memory:.0f} MB resident, {writes} writes",
        "30 s, 300 MB",
    )


async def _passed(one: Bench, models: int) -> None:
    """Wait until there were as many passes as there are models."""

    async def is_through() -> bool:
        return await one.metric("fogline_reconcile_seconds_count") >= models

    await wait_for(is_through, "every model has been passed", _LIMIT_SECONDS, every_seconds=0.25)


def _pod(number: int) -> Document:
    """Write a replica that is bound already."""
    name = f"model-{number // _PODS_OF_A_MODEL:03}"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{name}-cloud-{number:05}",
            "namespace": "default",
            "labels": {MODEL_LABEL: name, VARIANT_LABEL: "cloud"},
        },
        "spec": {
            "nodeName": f"node-{number % _NODES:04}",
            "containers": [
                {
                    "name": "server",
                    "image": "server",
                    "resources": {"requests": {"cpu": "500m", "memory": "256Mi"}},
                }
            ],
        },
    }
