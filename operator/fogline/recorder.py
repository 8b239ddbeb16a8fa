"""Events: what `kubectl describe` shows of our work."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from fogline.api import GROUP, KIND, VERSION, ModelDeployment
from fogline.cluster.client import Client
from fogline.conditions import Reason
from fogline.errors import ApiError

QUIET_SECONDS = 60.0
"""The same news about the same object is told at most this often."""
NOTE_LIMIT = 1024
"""Bytes that the API server takes as the note of an Event (Kubernetes, events.k8s.io/v1)."""

logger = logging.getLogger(__name__)


class Recorder:
    """Posts Events about ModelDeployments. An Event that cannot be posted is logged and dropped."""

    def __init__(self, client: Client, instance: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._instance = instance
        self._clock = clock
        self._told: dict[tuple[str, Reason, str], float] = {}

    async def failed(self, model: ModelDeployment, pod: str, why: str) -> None:
        """Tell that a replica ended for good and is being replaced."""
        await self._warn(model, Reason.REPLICA_FAILED, "Replace", f"replica {pod} failed: {why}")

    async def unplaceable(self, model: ModelDeployment, why: str) -> None:
        """Tell that a replica finds no node."""
        await self._warn(model, Reason.NO_FITTING_NODE, "Place", why)

    async def opened_without_pin(self, model: ModelDeployment, pod: str, why: str) -> None:
        """Tell that a replica is left to kube-scheduler, inside its requirements."""
        await self._warn(
            model,
            Reason.PLACED_WITHOUT_PIN,
            "Place",
            f"replica {pod} is left to kube-scheduler, inside its requirements: {why}",
        )

    async def unstuck(self, model: ModelDeployment, pod: str, node: str, why: str) -> None:
        """Tell that a pinned pod could not start where it was placed, and is decided again."""
        note = f"replica {pod} could not start on {node} and is placed again: {why}"
        await self._warn(model, Reason.PLACEMENT_UNSTUCK, "Place", note)

    async def clearance_violated(self, model: ModelDeployment, why: str) -> None:
        """Tell that a replica runs where it must not."""
        await self._warn(model, Reason.CLEARANCE_VIOLATED, "Audit", why)

    async def apply_failed(self, model: ModelDeployment, why: str) -> None:
        """Tell that the API server refuses an object of this model."""
        await self._warn(model, Reason.APPLY_FAILED, "Apply", why)

    async def _warn(self, model: ModelDeployment, reason: Reason, action: str, note: str) -> None:
        now = self._clock()
        news = (model.metadata.uid or "", reason, note)
        if now - self._told.get(news, -QUIET_SECONDS) < QUIET_SECONDS:
            return
        self._told = {told: at for told, at in self._told.items() if now - at < QUIET_SECONDS} | {news: now}
        try:
            await self._client.create(self._event(model, reason, action, note))
        except ApiError as error:
            logger.warning("event dropped", extra={"reason": reason.value, "error": str(error)})

    def _event(self, model: ModelDeployment, reason: Reason, action: str, note: str) -> dict[str, Any]:
        meta = model.metadata
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"generateName": f"{meta.name}-", "namespace": meta.namespace},
            "eventTime": datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),  # noqa: TID251  an edge: Events carry the time they are posted
            "reportingController": "fogline.dev/operator",
            "reportingInstance": self._instance,
            "type": "Warning",
            "reason": reason.value,
            "action": action,
            "note": note.encode()[:NOTE_LIMIT].decode(errors="ignore"),
            "regarding": {
                "apiVersion": f"{GROUP}/{VERSION}",
                "kind": KIND,
                "namespace": meta.namespace,
                "name": meta.name,
                "uid": meta.uid,
                "resourceVersion": meta.resource_version,
            },
        }
