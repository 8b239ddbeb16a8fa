"""A move of a model whose artifact is there: from the cordon to the count of the move in the status."""

import time

from tests.support.wait import wait_for

from bench.operator.figures import quantile, tell
from bench.operator.plane import Bench, bench, cheap_nodes, model
from fogline.cluster.kinds import MODEL_DEPLOYMENTS, PODS

_NODES = 10
_MOVES = 10
_LIMIT_SECONDS = 60.0


async def measure() -> None:
    """Cordon the node of the only replica, again and again."""
    async with bench(cheap_nodes(_NODES)) as one:
        await one.operator.start()
        await one.create("models", [model("mover", 1, rebalancing={"cooldownSeconds": 0})])
        await one.until_ready(_LIMIT_SECONDS)
        await one.settled()
        seconds = [await _move(one, number) for number in range(1, _MOVES + 1)]
    tell(
        f"move seen to done, {_MOVES} times on simulated nodes, on which a replica starts and ends at once",
        f"p50 {quantile(seconds, 0.5):.1f} s, longest {max(seconds):.1f} s",
        "15 s and the drain",
    )


async def _move(one: Bench, number: int) -> float:
    (pod,) = (await one.client.list(PODS, namespace="default")).items
    node = pod["spec"]["nodeName"]
    began = time.monotonic()
    await one.cordon(node)

    async def is_done() -> bool:
        status = (await one.client.get(MODEL_DEPLOYMENTS, "default", "mover"))["status"]
        return bool(status.get("moves", {}).get("completed", 0) >= number)

    await wait_for(is_done, f"move {number} is done", _LIMIT_SECONDS, every_seconds=0.1)
    took = time.monotonic() - began
    await one.cordon(node, is_cordoned=False)
    await one.settled()
    return took
