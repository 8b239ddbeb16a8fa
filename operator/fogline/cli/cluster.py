"""Reading a live cluster for a command."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from fogline import observe
from fogline.api import ModelDeployment, parse
from fogline.cli.beside import without_beside
from fogline.cli.clock import now
from fogline.cli.inventory import Inventory
from fogline.cli.options import Where
from fogline.cluster import connection, objects
from fogline.cluster.client import Client
from fogline.cluster.documents import Document, Listing
from fogline.cluster.kinds import MODEL_DEPLOYMENTS, NODE_PROFILES, NODES, PODS
from fogline.cluster.limiter import Rate
from fogline.cluster.transport import Limits
from fogline.config import Settings
from fogline.errors import BadInputError, NotFoundError

T = TypeVar("T")

FIELD_MANAGER = "fogline-cli"
"""Whose fields the API server notes what a command writes as."""
_LIMITS = Limits(other=Rate(per_second=50, burst=200))
"""A command asks much at once, with a person waiting, and is gone; an operator asks for ever."""


def ask(where: Where, question: Callable[[Client, str], Awaitable[T]]) -> T:
    """Connect as kubectl would, and put a question that takes the client and the default namespace.

    Raises
    ------
    BadInputError
        There is no usable kubeconfig.
    ApiError
        The API server refuses, or does not answer.
    """
    named = where != Where()
    at = connection.from_kubeconfig(where.kubeconfig, where.context) if named else connection.default()

    async def run() -> T:
        async with Client(at, manager=FIELD_MANAGER, limits=_LIMITS) as client:
            return await question(client, at.namespace)

    return asyncio.run(run())


async def read_inventory(
    client: Client, namespace: str, settings: Settings, warn: Callable[[str], None]
) -> Inventory:
    """Read all ModelDeployments, all nodes with what profiles say about them, and all pods.

    Parameters
    ----------
    namespace
        The one that is meant when a user names none.
    warn
        Told of ModelDeployments that cannot be read.
    """
    models, profiles, nodes, pods = await asyncio.gather(
        _ours(client.list(MODEL_DEPLOYMENTS)),
        _ours(client.list(NODE_PROFILES, objects.NodeProfile)),
        client.list(NODES, objects.Node),
        client.list(PODS, objects.Pod),
    )
    known = observe.KnownNodes(settings, now)
    for profile in profiles:
        known.profile_changed(None, profile)
    for node in nodes.items:
        known.node_changed(None, node)
    holding = (observe.to_pod(pod) for pod in pods.items)
    known_models = tuple(readable(models, warn))
    whole = observe.snapshot(known.by_name.values(), (pod for pod in holding if pod))
    return Inventory(
        models=known_models,
        snapshot=without_beside(known_models, whole, pods.items, now()),
        pods=tuple(pods.items),
        profiles=tuple(
            one.content for one in known.profiles.values() if isinstance(one.content, observe.Profile)
        ),
        namespace=namespace,
    )


async def _ours(listed: Awaitable[Listing[T]]) -> Sequence[T]:
    """Give objects of our kinds; a cluster that does not know the kind has none: Fogline is not installed."""
    try:
        return (await listed).items
    except NotFoundError:
        return ()


def readable(documents: Iterable[Document], warn: Callable[[str], None]) -> Iterator[ModelDeployment]:
    """Read ModelDeployments, and tell of those that cannot be read."""
    for document in documents:
        try:
            yield parse(document)
        except BadInputError as error:
            meta = document["metadata"]
            warn(f"ModelDeployment {meta['namespace']}/{meta['name']} is left out: {error}")
