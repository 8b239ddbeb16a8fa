"""Changing a ModelDeployment as a user would, with proof that it is the one that was looked at."""

from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

from fogline.cli.lookup import no_model
from fogline.cli.options import Named
from fogline.cluster.client import Client
from fogline.cluster.documents import Document
from fogline.cluster.kinds import MODEL_DEPLOYMENTS
from fogline.errors import ChangedMeanwhileError, NotFoundError

TRIES = 5
"""The operator may write the status between our look and our write."""

Operations = list[dict[str, Any]]
"""Of a JSON patch (RFC 6902)."""


async def read_model(client: Client, named: Named, default_namespace: str) -> Document:
    """Read a ModelDeployment.

    Raises
    ------
    BadInputError
        There is none of this name; the error names the closest.
    """
    namespace = named.namespace or default_namespace
    try:
        return await client.get(MODEL_DEPLOYMENTS, namespace, named.name)
    except NotFoundError as error:
        raise no_model(named.name, namespace, await _names(client, namespace)) from error


async def change_model(
    client: Client, namespace: str, name: str, change: Callable[[Document], Operations]
) -> Document:
    """Change a ModelDeployment, and give it as it is then.

    Parameters
    ----------
    change
        Says what to change, going by how it is now. It may be asked again.
    """
    for attempt in count(1):
        live = await client.get(MODEL_DEPLOYMENTS, namespace, name)
        operations = change(live)
        if not operations:
            return live
        meta = live["metadata"]
        proof = [
            {"op": "test", "path": f"/metadata/{field}", "value": meta[field]}
            for field in ("uid", "resourceVersion")
        ]
        try:
            return await client.json_patch(MODEL_DEPLOYMENTS, namespace, name, [*proof, *operations])
        except ChangedMeanwhileError:
            if attempt == TRIES:
                raise
    raise AssertionError("the last attempt returns or raises")


async def _names(client: Client, namespace: str) -> Iterable[str]:
    try:
        listed = await client.list(MODEL_DEPLOYMENTS, namespace=namespace)
    except NotFoundError:  # Fogline is not installed
        return ()
    return [one["metadata"]["name"] for one in listed.items]
