"""Names of the cluster that a shell completes."""

import asyncio

from fogline.cli.cluster import ask
from fogline.cli.options import Where
from fogline.cluster.client import Client
from fogline.cluster.kinds import MODEL_DEPLOYMENTS, NODES, Kind
from fogline.errors import FoglineError

PATIENCE_SECONDS = 3.0
"""Who waits for a completion types on soon."""


def model_names(where: Where, namespace: str | None) -> list[str]:
    """Give the names of the ModelDeployments of a namespace; None for the one that the kubeconfig names."""
    return _names(where, MODEL_DEPLOYMENTS, namespace)


def node_names(where: Where) -> list[str]:
    """Give the names of the nodes."""
    return _names(where, NODES, None)


def _names(where: Where, kind: Kind, namespace: str | None) -> list[str]:
    """Give names; none where the cluster does not answer in time, for nobody reads an error there."""

    async def read(client: Client, default: str) -> list[str]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            listed = await client.list(kind, namespace=(namespace or default) if kind.namespaced else None)
        return sorted(one["metadata"]["name"] for one in listed.items)

    try:
        return ask(where, read)
    except (FoglineError, TimeoutError):
        return []
