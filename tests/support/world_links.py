"""Cutting the link to a simulated node: what the API server then shows, and once it is back."""

from datetime import UTC, datetime
from typing import Any

from tests.support.world import World
from tests.support.world_nodes import UNMANAGED

from fogline.cluster.kinds import NODES, PODS


async def cut_link(world: World, node: str) -> None:
    """Let the node controller have lost a node, with all pods there."""
    await world.annotate(NODES, node, UNMANAGED)
    await _tell(world, node, "Unknown", "False")


async def restore_link(world: World, node: str) -> None:
    """Let the kubelet report again, as if nothing had happened to its pods."""
    await _tell(world, node, "True", "True")
    await world.annotate(NODES, node, dict.fromkeys(UNMANAGED))


async def _tell(world: World, node: str, node_ready: str, pods_ready: str) -> None:
    await world.patch(NODES, node, _ready(node_ready), subresource="status")
    for pod in (await world.client.list(PODS, namespace=world.namespace)).items:
        if pod["spec"].get("nodeName") == node:
            await world.patch(PODS, pod["metadata"]["name"], _ready(pods_ready), subresource="status")


def _ready(status: str) -> dict[str, Any]:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: TID251  as the API server's clock
    return {"status": {"conditions": [{"type": "Ready", "status": status, "lastTransitionTime": now}]}}
