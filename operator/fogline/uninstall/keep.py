"""Lets models go on without an operator: nothing waits for one any more, and nothing that runs is touched."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeVar

from fogline.cluster.client import Client
from fogline.cluster.kinds import DEPLOYMENTS, POD_DISRUPTION_BUDGETS, PODS, REPLICA_SETS, Kind
from fogline.cluster.objects import Pod
from fogline.errors import ApiError, ChangedMeanwhileError, ConflictError, NotFoundError
from fogline.janitor.budgets import Budget, loosened
from fogline.janitor.pods import gated_pod
from fogline.names import GATE, MODEL_LABEL, VARIANT_LABEL
from fogline.objects import open_gate
from fogline.uninstall.gates import Templated

T = TypeVar("T", Templated, Pod, Budget)

AT_ONCE = 16
ROUNDS = 3
"""What changed while it was written is looked at again."""
OBSERVED_LIMIT_SECONDS = 10.0
LOOK_SECONDS = 0.2

logger = logging.getLogger(__name__)


class Keep:
    """Takes the gate out of Deployments, opens that of pods, and lets drains go on.

    Parameters
    ----------
    namespaces
        Where; empty: everywhere.
    end
        In monotonic seconds: nothing is begun after it. What has begun is finished, so that no Deployment
        stays paused.
    """

    def __init__(self, client: Client, namespaces: Collection[str], end: float) -> None:
        self._client = client
        self._namespaces = tuple(namespaces) or (None,)
        self._end = end
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> list[str]:
        """Do it; returns the names of what could not be done in time.

        Raises
        ------
        ApiError
            Something cannot be listed.
        """
        return [
            *await self._until_none(self._gated_deployments, self._let_go),
            *await self._until_none(self._gated_pods, self._open),
            *await self._until_none(self._blocking_budgets, self._loosen),
        ]

    async def _until_none(
        self, find: Callable[[], Awaitable[list[T]]], act: Callable[[T], Awaitable[None]]
    ) -> list[str]:
        for _ in range(ROUNDS):
            await asyncio.gather(*(self._try(act, one) for one in await find()))
        return ["/".join(one.metadata.key) for one in await find()]

    async def _try(self, act: Callable[[T], Awaitable[None]], one: T) -> None:
        async with self._turns:
            if time.monotonic() > self._end:
                return
            try:
                with suppress(ChangedMeanwhileError, ConflictError, NotFoundError):
                    await act(one)
            except ApiError as error:
                logger.warning("not done", extra={"object": one.metadata.name, "error": str(error)})

    async def _gated_deployments(self) -> list[Templated]:
        return [one for one in await self._list(DEPLOYMENTS, Templated) if one.is_gated]

    async def _gated_pods(self) -> list[Pod]:
        return [
            pod
            for pod in await self._list(PODS, Pod)
            if pod.metadata.deletion_timestamp is None and GATE in gated_pod(pod).gates
        ]

    async def _blocking_budgets(self) -> list[Budget]:
        return [one for one in await self._list(POD_DISRUPTION_BUDGETS, Budget) if loosened(one)]

    async def _list(self, kind: Kind, as_type: type[T]) -> list[T]:
        return [
            one
            for namespace in self._namespaces
            for one in (
                await self._client.list(kind, as_type, namespace=namespace, label_selector=MODEL_LABEL)
            ).items
        ]

    async def _let_go(self, live: Templated) -> None:
        """Take the gate out of a Deployment and of its ReplicaSets: of both, or a rollout would begin."""
        meta = live.metadata
        if not live.spec.paused:
            await self._client.json_patch(DEPLOYMENTS, meta.namespace, meta.name, live.paused())
        live = await self._observed(DEPLOYMENTS, live)
        for one in await self._replica_sets(live):
            of = one.metadata
            if one.is_retired:  # it would bring the gate back, or be taken for the present one
                await self._client.delete(
                    REPLICA_SETS, of.namespace, of.name, uid=of.uid, resource_version=of.resource_version
                )
            elif one.is_gated:
                await self._client.json_patch(REPLICA_SETS, of.namespace, of.name, one.without_gate())
                # The controller of Deployments reads the same copy of it as the one that says so here.
                await self._observed(REPLICA_SETS, one)
        await self._client.json_patch(DEPLOYMENTS, meta.namespace, meta.name, live.without_gate())

    async def _replica_sets(self, live: Templated) -> list[Templated]:
        labels, meta = live.metadata.labels, live.metadata
        selector = ",".join(f"{label}={labels.get(label, '')}" for label in (MODEL_LABEL, VARIANT_LABEL))
        found = await self._client.list(
            REPLICA_SETS, Templated, namespace=meta.namespace, label_selector=selector
        )
        return [
            one for one in found.items if one.metadata.controller and one.metadata.controller.uid == meta.uid
        ]

    async def _observed(self, kind: Kind, written: Templated) -> Templated:
        """Read an object once its controller has seen it as it is; at worst pods are replaced in turn."""
        give_up = time.monotonic() + OBSERVED_LIMIT_SECONDS
        while True:
            meta = written.metadata
            live = await self._client.get(kind, meta.namespace, meta.name, Templated)
            if live.is_observed or time.monotonic() > give_up:
                return live
            await asyncio.sleep(LOOK_SECONDS)

    async def _open(self, pod: Pod) -> None:
        now = datetime.now(UTC)  # noqa: TID251  an edge: the note says when, for people
        meta = pod.metadata
        await self._client.json_patch(PODS, meta.namespace, meta.name, open_gate(gated_pod(pod), now))

    async def _loosen(self, budget: Budget) -> None:
        meta = budget.metadata
        if patch := loosened(budget):
            await self._client.json_patch(POD_DISRUPTION_BUDGETS, meta.namespace, meta.name, patch)
