"""Reading a live cluster for a command."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from fogline import observe
from fogline.cli.clock import now
from fogline.cluster import connection, objects
from fogline.cluster.client import Client
from fogline.cluster.kinds import NODE_PROFILES, NODES, PODS
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
    """Read all nodes with what profiles say about them, and all pods.

    The pods come along as they are, for what a snapshot leaves out.
    """
    nodes, profiles, pods = await asyncio.gather(
        client.list(NODES, objects.Node),
        client.list(NODE_PROFILES, objects.NodeProfile),
        client.list(PODS, objects.Pod),
    )
    known = observe.KnownNodes(settings, now)
    for profile in profiles.items:
        known.profile_changed(None, profile)
    for node in nodes.items:
        known.node_changed(None, node)
    holding = (observe.to_pod(pod) for pod in pods.items)
    return observe.snapshot(known.by_name.values(), (pod for pod in holding if pod)), pods.items
