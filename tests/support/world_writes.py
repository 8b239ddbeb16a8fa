"""What a user writes in a world: as kubectl does, over a connection that stays open.

A process of kubectl for each write would take as much of a processor as the whole test itself.
"""

import contextlib
from collections.abc import Mapping
from typing import Any

from tests.support.wait import wait_for

from fogline.cluster.client import Client
from fogline.cluster.documents import Document
from fogline.cluster.kinds import PODS, Kind, kind_of
from fogline.cluster.transport import Call
from fogline.errors import NotFoundError

FIELD_MANAGER = "a-user"
"""Never that of the operator: who set a field last decides what the operator does about it."""

_QUERY = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"}


class WorldWrites:
    """Writes objects of one namespace, and objects that are in none.

    Parameters
    ----------
    client
        As administrator.
    """

    def __init__(self, client: Client, namespace: str) -> None:
        self.client = client
        self.namespace = namespace

    async def apply(self, manifest: Mapping[str, Any]) -> None:
        """Create an object, or let it be as the manifest says, whoever else set what is in there."""
        query = {**_QUERY, "force": "true"}
        path = kind_of(manifest).path(self.namespace, manifest["metadata"]["name"])
        await self.client.through(Call("PATCH", path, query, manifest, "application/apply-patch+yaml"))

    async def create(self, manifest: Mapping[str, Any], kind: Kind | None = None) -> None:
        """Create an object; its kind need not be said where Fogline knows it."""
        path = (kind or kind_of(manifest)).path(self.namespace)
        await self.client.through(Call("POST", path, _QUERY, manifest, idempotent=False))

    async def patch(self, kind: Kind, name: str, change: Mapping[str, Any], *, subresource: str = "") -> None:
        """Change some fields of an object; None takes one out. Lists of Kubernetes' own kinds are merged."""
        how = "strategic-merge" if _is_of_kubernetes(kind) else "merge"
        path = kind.path(self.namespace, name, subresource)
        await self.client.through(Call("PATCH", path, _QUERY, change, f"application/{how}-patch+json"))

    async def label(self, kind: Kind, name: str, labels: Mapping[str, str | None]) -> None:
        """Set labels of an object; None takes one off."""
        await self.patch(kind, name, {"metadata": {"labels": labels}})

    async def annotate(self, kind: Kind, name: str, annotations: Mapping[str, str | None]) -> None:
        """Set annotations of an object; None takes one off."""
        await self.patch(kind, name, {"metadata": {"annotations": annotations}})

    async def scale(self, kind: Kind, name: str, replicas: int) -> None:
        """Ask for a number of replicas, as autoscalers do."""
        await self.patch(kind, name, {"spec": {"replicas": replicas}}, subresource="scale")

    async def delete(self, kind: Kind, name: str) -> None:
        """Delete an object and wait until it is gone.

        Raises
        ------
        NotFoundError
            There is none.
        """
        uid = (await self.client.get(kind, self.namespace, name))["metadata"]["uid"]
        await self.client.delete(kind, self.namespace, name, uid=uid)

        async def is_gone() -> bool:
            now = await self.child(kind, name)
            return now is None or bool(now["metadata"]["uid"] != uid)

        await wait_for(is_gone, f"{kind.kind} {name} is gone", every_seconds=0.05)

    async def lose_pods(self) -> None:
        """Delete all pods without any kubelet, as the garbage collector does with those of a lost node."""
        for pod in (await self.client.list(PODS, namespace=self.namespace)).items:
            meta = pod["metadata"]
            with contextlib.suppress(NotFoundError):
                await self.client.delete(PODS, self.namespace, meta["name"], uid=meta["uid"], grace_seconds=0)

    async def child(self, kind: Kind, name: str) -> Document | None:
        """Read an object; None when there is none."""
        try:
            return await self.client.get(kind, self.namespace, name)
        except NotFoundError:
            return None


def _is_of_kubernetes(kind: Kind) -> bool:
    """Tell whether the API server itself knows a kind; it takes strategic patches of no other."""
    return "." not in kind.group or kind.group.endswith(".k8s.io")
