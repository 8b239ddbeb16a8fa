"""How soon the operator decides after an event among many models, and what it does when nothing happens."""

import asyncio
import os
import time
from collections import Counter

from tests.support.wait import wait_for

from bench.operator.figures import quantile, tell
from bench.operator.plane import UNTHROTTLED, Bench, bench, cheap_nodes, model
from fogline.cluster.kinds import PODS
from fogline.names import MOVE_PREFIX

_NODES = int(os.environ.get("NODES", "500"))
_MODELS = int(os.environ.get("MODELS", "1000"))
_IDLE_SECONDS = float(os.environ.get("IDLE_SECONDS", "600"))
_EVENTS = int(os.environ.get("EVENTS", "20"))
_LIMIT_SECONDS = 60.0
_QUIET_SECONDS = 60.0
"""In which a plan of all models would have come and been told."""


async def measure() -> None:
    """Bring the models up, leave them alone for a while, then cordon one node after the other."""
    async with bench(cheap_nodes(_NODES), UNTHROTTLED) as one:
        await one.builder.start()
        await one.create("models", [model(f"model-{number:04}", 1) for number in range(_MODELS)])
        await one.until_ready(60 + _MODELS)
        await one.settled(_QUIET_SECONDS)
        await one.builder.stop()
        await one.operator.start()
        await one.passed(one.operator, _MODELS)
        await one.settled()
        await _idle(one)
        seconds = [await _react(one) for _ in range(_EVENTS)]
    tell(
        f"cordon to the first move decided and written, {_MODELS} models on {_NODES} nodes, {_EVENTS} times",
        f"p50 {quantile(seconds, 0.5):.2f} s, p99 {quantile(seconds, 0.99):.2f} s",
        "p99 5 s",
    )


async def _idle(one: Bench) -> None:
    before = len(one.proxy.changes)
    await asyncio.sleep(_IDLE_SECONDS)
    changes = one.proxy.changes[before:]
    writes = Counter(f"{one.method} of {one.agent}" for one in changes if one.writes)
    leases = sum(not one.writes for one in changes)
    tell(
        f"nothing changes for {_IDLE_SECONDS:.0f} s, {_MODELS} models",
        f"{writes.total()} writes {dict(writes) or ''}, the Lease {leases} times, "
        f"{one.operator.resident_bytes() / 1e6:.0f} MB resident",
        "0 writes in 600 s, 256 MB",
    )


async def _react(one: Bench) -> float:
    """Cordon the node of some replica; give the time until a replica on it is marked."""
    pods = (await one.client.list(PODS, namespace="default")).items
    node = next(pod["spec"]["nodeName"] for pod in pods)
    names = {pod["metadata"]["name"] for pod in pods if pod["spec"].get("nodeName") == node}
    before = len(one.proxy.writes)
    began = time.monotonic()
    await one.cordon(node)

    def is_decided() -> bool:
        return any(
            request.method == "PATCH" and request.path.partition("?")[0].rpartition("/")[2] in names
            for request in one.proxy.writes[before:]
        )

    await wait_for(is_decided, f"a replica on {node} is marked ({MOVE_PREFIX}id)", _LIMIT_SECONDS)
    took = time.monotonic() - began
    print(f"  {node}: {took:.2f} s", flush=True)
    await one.settled()
    await one.cordon(node, is_cordoned=False)
    await one.settled()
    return took
