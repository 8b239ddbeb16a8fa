"""One test's own part of a cluster: a namespace, nodes that only its models choose, short ways to both.

What is written there is in `world_writes` and `world_nodes`; here is what a user does with models, and sees.
"""

import asyncio
import contextlib
import sys
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from tests.support.builders import make_variant
from tests.support.history import History
from tests.support.judging.seen import is_alive, is_ready
from tests.support.kubectl import Kubectl
from tests.support.wait import LIMIT_SECONDS, Question, wait_for
from tests.support.world_nodes import TEST_LABEL, UNMANAGED, WorldNodes

from fogline.cluster.client import Client
from fogline.cluster.documents import Document
from fogline.cluster.kinds import (
    DEPLOYMENTS,
    EVENTS,
    MODEL_DEPLOYMENTS,
    NAMESPACES,
    NODES,
    POD_DISRUPTION_BUDGETS,
    PODS,
    SERVICES,
    Kind,
)
from fogline.errors import NotFoundError
from fogline.names import MODEL_LABEL

LOOK_SECONDS = 0.1
"""Between two looks at the cluster: to look costs the API server more than all else that a test does."""

SERVICE_ACCOUNTS = Kind("", "v1", "serviceaccounts", "ServiceAccount")
CHILD_KINDS = (DEPLOYMENTS, SERVICES, POD_DISRUPTION_BUDGETS)


async def new_namespace(client: Client) -> str:
    """Make a namespace in which pods can be made; returns its name."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    async def has_account() -> bool:
        try:
            return bool(await client.get(SERVICE_ACCOUNTS, name, "default"))
        except NotFoundError:
            return False

    await wait_for(has_account, "the namespace has an account for its pods")
    return name


@asynccontextmanager
async def new_world(client: Client, kubectl: Kubectl) -> AsyncIterator["World"]:
    """Make a namespace, and at the end hold its whole history against our promises."""
    name = await new_namespace(client)
    world = World(client, kubectl, name)
    history = world.history
    recording = asyncio.create_task(history.run())
    try:
        await history.has_begun()
        yield world
        await history.caught_up()
        what = "the marks of moves that have ended are taken off"
        await history.until_none(history.marked_for_nothing, what, every_seconds=0.5)
    finally:
        recording.cancel()
        await asyncio.wait([recording])
        sys.stdout.write(history.depict())  # pytest shows it when the test fails
        await world._leave()  # noqa: SLF001  the other half of this function
    breaches = world.history.breaches()
    assert not breaches, breaches


class World(WorldNodes):
    """What a user does and sees. All of it goes straight to the API server, past any fault proxy.

    Parameters
    ----------
    client
        As administrator.
    kubectl
        As the user, for what is about kubectl itself.
    """

    def __init__(self, client: Client, kubectl: Kubectl, namespace: str) -> None:
        super().__init__(client, namespace)
        self.history = History(client, namespace, f"{TEST_LABEL}={namespace}")
        self._kubectl = kubectl

    async def kubectl(self, *arguments: str, manifest: Mapping[str, Any] | None = None) -> str:
        """Run kubectl in the namespace."""
        return await asyncio.to_thread(
            self._kubectl, f"--namespace={self.namespace}", *arguments, manifest=manifest
        )

    # pods

    async def give_address(self, pod: str, address: str) -> None:
        """Let a pod of a simulated node answer at an address of this machine."""
        await self.annotate(PODS, pod, UNMANAGED)
        only = [{"$patch": "replace"}, {"ip": address}]
        at = {"status": {"podIP": address, "podIPs": only}}
        await self.patch(PODS, pod, at, subresource="status")

    # models

    def model_manifest(self, name: str = "digits", *, variants: Any = None, **spec: Any) -> Document:
        """Give a ModelDeployment that chooses among the nodes of this test; one cloud variant by default.

        Parameters
        ----------
        spec
            Fields of the spec in camelCase; ``placement`` is added to.
        """
        placement = {"nodeSelector": {TEST_LABEL: self.namespace}, **spec.pop("placement", {})}
        own = {
            "variants": [make_variant("cloud", "Cloud")] if variants is None else variants,
            "placement": placement,
        }
        return {
            "apiVersion": MODEL_DEPLOYMENTS.api_version,
            "kind": MODEL_DEPLOYMENTS.kind,
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {**spec, **own},
        }

    async def apply_model(self, name: str = "digits", *, variants: Any = None, **spec: Any) -> None:
        """Apply the same."""
        await self.apply(self.model_manifest(name, variants=variants, **spec))

    async def edit_model(self, spec: Mapping[str, Any], name: str = "digits") -> None:
        """Change some fields of the spec of a ModelDeployment."""
        await self.patch(MODEL_DEPLOYMENTS, name, {"spec": spec})

    async def model(self, name: str = "digits") -> Document:
        """Read a ModelDeployment."""
        return await self.client.get(MODEL_DEPLOYMENTS, self.namespace, name)

    async def condition(self, kind: str, name: str = "digits") -> Mapping[str, Any]:
        """Read a condition that speaks of the present spec; all fields empty when there is none."""
        model = await self.model(name)
        generation = model["metadata"]["generation"]
        for condition in model.get("status", {}).get("conditions", ()):
            if condition["type"] == kind and condition.get("observedGeneration") == generation:
                return dict(condition)
        return {"status": "", "reason": "", "message": ""}

    async def until(
        self,
        kind: str,
        status: str,
        reason: str = "",
        name: str = "digits",
        *,
        limit_seconds: float = LIMIT_SECONDS,
    ) -> str:
        """Wait until a condition of the present spec has a status and a reason; returns its message."""
        seen: Mapping[str, Any] = {}

        async def holds() -> bool:
            nonlocal seen
            seen = await self.condition(kind, name)
            return seen["status"] == status and reason in {"", seen["reason"]}

        await self._until(holds, f"{name} is {kind}={status} {reason}", name, limit_seconds)
        return str(seen["message"])

    async def until_ready(
        self, replicas: int, name: str = "digits", *, limit_seconds: float = LIMIT_SECONDS
    ) -> None:
        """Wait until a model is Ready with so many replicas, all of them serve, and no pod is too many."""

        async def holds() -> bool:
            pods, status = await self.pods(name), await self._status(name)
            counts = {status.get("replicas"), status.get("readyReplicas"), len(pods)}
            serve = all(is_alive(pod) and is_ready(pod) for pod in pods)
            return (
                serve and counts == {replicas} and (await self.condition("Ready", name))["status"] == "True"
            )

        await self._until(holds, f"{name} is Ready with {replicas} replicas", name, limit_seconds)

    async def until_told(self, reason: str, times: int = 1) -> list[str]:
        """Wait until there are Events with a reason, and no others with it; returns the note of each."""
        notes: list[str] = []

        async def holds() -> bool:
            nonlocal notes
            notes = await self.events(reason)
            return len(notes) >= times

        what = f"{times} Events tell of {reason}"
        await wait_for(holds, what, every_seconds=LOOK_SECONDS, seen=self.told)
        assert len(notes) == times, notes
        return notes

    async def until_on(self, nodes: list[str], model: str = "digits") -> None:
        """Wait until its pods are on these nodes, with repetitions and by name."""

        async def holds() -> bool:
            return await self.nodes_of(model) == nodes

        await self._until(holds, f"{model} is on {nodes}", model)

    # what belongs to a model

    async def pods(self, model: str = "digits") -> list[Document]:
        """List the pods of a model that are not on their way out, by name."""
        listing = await self.client.list(
            PODS, namespace=self.namespace, label_selector=f"{MODEL_LABEL}={model}"
        )
        alive = (pod for pod in listing.items if "deletionTimestamp" not in pod["metadata"])
        return sorted(alive, key=lambda pod: str(pod["metadata"]["name"]))

    async def nodes_of(self, model: str = "digits") -> list[str]:
        """List the nodes that its pods are on, with repetitions."""
        return sorted(pod["spec"].get("nodeName", "") for pod in await self.pods(model))

    async def children(self, model: str = "digits") -> set[tuple[str, str]]:
        """List everything that carries the label of a model, pods and ReplicaSets left out."""
        found: set[tuple[str, str]] = set()
        for kind in CHILD_KINDS:
            listing = await self.client.list(
                kind, namespace=self.namespace, label_selector=f"{MODEL_LABEL}={model}"
            )
            found |= {(kind.kind, item["metadata"]["name"]) for item in listing.items}
        return found

    async def versions(self) -> dict[tuple[str, str], str]:
        """Give the resourceVersion of every model, child and pod in the namespace."""
        found: dict[tuple[str, str], str] = {}
        for kind in (MODEL_DEPLOYMENTS, PODS, *CHILD_KINDS):
            listing = await self.client.list(kind, namespace=self.namespace)
            for item in listing.items:
                meta = item["metadata"]
                found[kind.kind, meta["name"]] = meta["resourceVersion"]
        return found

    async def events(self, reason: str) -> list[str]:
        """List the notes of the Events with a reason, one for each Event."""
        listing = await self.client.list(EVENTS, namespace=self.namespace)
        return [event.get("note", "") for event in listing.items if event["reason"] == reason]

    async def told(self) -> list[str]:
        """List reason and note of all Events."""
        listing = await self.client.list(EVENTS, namespace=self.namespace)
        return [f"{event['reason']}: {event.get('note', '')}" for event in listing.items]

    async def _until(
        self, holds: Question, what: str, model: str, limit_seconds: float = LIMIT_SECONDS
    ) -> None:
        """Wait; the error shows the status of a model."""
        seen = partial(self._status, model)
        await wait_for(holds, what, limit_seconds, every_seconds=LOOK_SECONDS, seen=seen)

    async def _status(self, name: str) -> Document:
        return dict((await self.model(name)).get("status", {}))

    async def _leave(self) -> None:
        """Remove what this test made; the garbage collector does the rest while the next test runs."""
        models = await self.client.list(MODEL_DEPLOYMENTS, namespace=self.namespace)
        await asyncio.gather(*(self._delete(MODEL_DEPLOYMENTS, one) for one in models.items))
        nodes = await self.client.list(NODES, label_selector=f"{TEST_LABEL}={self.namespace}")
        await asyncio.gather(*(self._delete(NODES, one) for one in nodes.items))
        await self._delete(NAMESPACES, await self.client.get(NAMESPACES, None, self.namespace))

    async def _delete(self, kind: Kind, live: Document) -> None:
        meta = live["metadata"]
        with contextlib.suppress(NotFoundError):
            await self.client.delete(kind, meta.get("namespace"), meta["name"], uid=meta["uid"])
