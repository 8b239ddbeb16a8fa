"""The loop of the janitor: it looks whether an operator is there, and does the least when none is."""

import asyncio
import logging
import socket
from collections.abc import Awaitable
from datetime import UTC, datetime
from itertools import islice
from typing import NoReturn

from fogline.cluster.client import Client
from fogline.cluster.elector import running_seconds
from fogline.cluster.kinds import LEASES, POD_DISRUPTION_BUDGETS, PODS
from fogline.cluster.limiter import Lane
from fogline.cluster.objects import Lease, LeaseSpec, ObjectMeta, Pod
from fogline.cluster.reflector import Reflector
from fogline.config import JanitorSettings
from fogline.errors import ApiError, ChangedMeanwhileError, ConflictError, NotFoundError
from fogline.janitor.absence import Absence, look
from fogline.janitor.budgets import Budget, loosened
from fogline.janitor.metrics import JanitorMetrics
from fogline.janitor.pods import WaitingPods, failed, gated_pod
from fogline.janitor.recorder import JanitorRecorder
from fogline.names import MODEL_LABEL, OPERATOR_LEASE
from fogline.objects import open_gate
from fogline.poster import Poster

LOOKS = 20
"""Looks at the Lease in the time after which gates are opened, at least."""
LONGEST_LOOK_SECONDS = 5.0
MISSED_LOOKS = 4
"""After so many that were not answered, time counts anew."""
AT_ONCE = 50
"""Gates between two looks: an operator that comes back meanwhile gets the rest."""

logger = logging.getLogger(__name__)


class Janitor:
    """Opens our gate, without a pin, when nobody decides; all that it keeps is in memory.

    The requirements in a pod hold without any operator, so the pod goes to a node that may hold its data.
    """

    def __init__(self, client: Client, namespace: str, settings: JanitorSettings) -> None:
        self.metrics = JanitorMetrics()
        self._client = client
        self._namespace = namespace
        self._settings = settings
        self._look_seconds = min(LONGEST_LOOK_SECONDS, settings.gate_timeout_seconds / LOOKS)
        self._recorder = JanitorRecorder(Poster(client, "fogline.dev/janitor", socket.gethostname()))
        self._absence: Absence | None = None
        self._waiting = WaitingPods()
        self._budgets_at = 0.0
        self._pods = Reflector[Pod](
            client,
            PODS,
            Pod,
            lambda old, new: self._waiting.changed(old, new, running_seconds()),
            label_selector=MODEL_LABEL,
        )

    def trouble(self) -> str | None:
        """Say why this janitor could not help now; None when it could."""
        if not self._pods.synced.is_set():
            return "the pods are not listed yet"
        if self._absence is None or self._gap_seconds() > self._longest_gap_seconds():
            return "the operator's Lease cannot be read"
        return None

    async def run(self) -> NoReturn:
        """Look for ever. Errors of the API server are retried; any other exception is a bug."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pods.run())
            while True:
                try:
                    await self._look()
                except ApiError as error:
                    logger.warning("could not look or act, trying again", extra={"error": str(error)})
                await asyncio.sleep(self._look_seconds)

    async def _look(self) -> None:
        try:
            lease = await self._client.get(LEASES, self._namespace, OPERATOR_LEASE, Lease)
            spec = lease.spec
        except NotFoundError:
            spec = LeaseSpec()
        self._absence = look(self._absence, spec, running_seconds(), self._longest_gap_seconds())
        absent_seconds = self._absence.seconds
        self.metrics.absence.set(absent_seconds)
        if absent_seconds < self._settings.gate_timeout_seconds:
            return
        await self._stand_in()
        if absent_seconds >= self._settings.budget_timeout_seconds:
            await self._loosen_budgets()

    async def _stand_in(self) -> None:
        """Let the pods go that have waited for as long as the operator is away, and remove failed ones."""
        before = running_seconds() - self._settings.gate_timeout_seconds
        pods = [pod for pod in self._pods.store.values() if self._takes(pod.metadata)]
        for pod in islice(self._waiting.due(pods, before), AT_ONCE):
            await self._unless_changed(self._open(pod))
        for pod in failed(pods):
            await self._unless_changed(self._remove(pod))

    async def _open(self, pod: Pod) -> None:
        meta = pod.metadata
        now = datetime.now(UTC)  # noqa: TID251  an edge: the note says when, for people
        await self._client.json_patch(
            PODS, meta.namespace, meta.name, open_gate(gated_pod(pod), now), lane=Lane.DECISION
        )
        self.metrics.opened.inc()
        logger.warning("gate opened", extra={"pod": meta.name, "namespace": meta.namespace})
        await self._recorder.gate_opened(meta, self._settings.gate_timeout_seconds)

    async def _remove(self, pod: Pod) -> None:
        meta = pod.metadata
        why = ": ".join(filter(None, (pod.status.reason, pod.status.message))) or pod.status.phase
        await self._recorder.removed(meta, why)
        await self._client.delete(PODS, meta.namespace, meta.name, uid=meta.uid)
        self.metrics.removed.inc()

    async def _loosen_budgets(self) -> None:
        """Let drains go on: nobody moves a replica away before its node is emptied."""
        if running_seconds() - self._budgets_at < self._settings.budget_timeout_seconds / LOOKS:
            return
        self._budgets_at = running_seconds()
        listing = await self._client.list(POD_DISRUPTION_BUDGETS, Budget, label_selector=MODEL_LABEL)
        for budget in filter(lambda one: self._takes(one.metadata), listing.items):
            await self._unless_changed(self._loosen(budget))

    async def _loosen(self, budget: Budget) -> None:
        patch, meta = loosened(budget), budget.metadata
        if patch is None:
            return
        await self._client.json_patch(POD_DISRUPTION_BUDGETS, meta.namespace, meta.name, patch)
        self.metrics.loosened.inc()
        logger.warning("budget loosened", extra={"budget": meta.name, "namespace": meta.namespace})
        await self._recorder.budget_loosened(meta, self._settings.budget_timeout_seconds)

    async def _unless_changed(self, write: Awaitable[None]) -> None:
        """Carry a write out; when its object has changed or gone, the next look tells what to do."""
        try:
            await write
        except (ChangedMeanwhileError, ConflictError, NotFoundError):
            logger.info("gone or changed meanwhile")

    def _takes(self, meta: ObjectMeta) -> bool:
        return not self._settings.namespaces or meta.namespace in self._settings.namespaces

    def _gap_seconds(self) -> float:
        return running_seconds() - self._absence.looked_at if self._absence else 0.0

    def _longest_gap_seconds(self) -> float:
        return MISSED_LOOKS * self._look_seconds
