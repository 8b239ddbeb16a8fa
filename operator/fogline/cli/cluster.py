"""Reading a live cluster for a command."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from fogline import observe
from fogline.cluster import connection, objects
from fogline.cluster.client import Client
from fogline.cluster.kinds import NODES, PODS
from fogline.config import Settings
from fogline.snapshot import Snapshot

T = TypeVar("T")


def ask(kubeconfig: Path | None, context: str | None, question: Callable[[Client, str], Awaitable[T]]) -> T:
    """Connect as kubectl would, and put a question that takes the client and the default namespace.

    Raises
    ------
    BadInputError
        There is no usable kubeconfig.
    ApiError
        The API server refuses, or does not answer.
    """
    where = connection.from_kubeconfig(kubeconfig, context) if kubeconfig or context else connection.default()

    async def run() -> T:
        async with Client(where) as client:
            return await question(client, where.namespace)

    return asyncio.run(run())


async def read_snapshot(client: Client, settings: Settings) -> tuple[Snapshot, Sequence[objects.Pod]]:
    """Read all nodes and pods; the pods come along as they are, for what a snapshot leaves out."""
    nodes, pods = await asyncio.gather(client.list(NODES, objects.Node), client.list(PODS, objects.Pod))
    holding = (observe.to_pod(pod) for pod in pods.items)
    return (
        observe.snapshot(
            (observe.to_node(node, settings) for node in nodes.items),
            (pod for pod in holding if pod),
        ),
        pods.items,
    )
