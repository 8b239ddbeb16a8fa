"""Posts Events."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fogline.cluster.client import Client
from fogline.cluster.kinds import Kind
from fogline.cluster.objects import ObjectMeta
from fogline.conditions import Reason
from fogline.errors import ApiError

QUIET_SECONDS = 60.0
"""The same news about the same object is told at most this often."""
NOTE_LIMIT = 1024
"""Bytes that the API server takes as the note of an Event (Kubernetes, events.k8s.io/v1)."""

NAMESPACE_OF_CLUSTER_EVENTS = "default"
"""Where the API server wants Events about objects without a namespace."""

NORMAL, WARNING = "Normal", "Warning"
"""Types of Events."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Subject:
    """The object that an Event is about."""

    kind: Kind
    namespace: str
    """Empty for objects of the whole cluster."""
    name: str
    uid: str = ""
    resource_version: str = ""


def subject(kind: Kind, meta: ObjectMeta) -> Subject:
    """Name a live object."""
    return Subject(kind, meta.namespace, meta.name, meta.uid, meta.resource_version)


class Poster:
    """Posts Events. One that cannot be posted is logged and dropped.

    Parameters
    ----------
    controller
        Which of our programs posts.
    instance
        Which process of it.
    clock
        Monotonic seconds.
    """

    def __init__(
        self, client: Client, controller: str, instance: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._controller = controller
        self._instance = instance
        self._clock = clock
        self._told: dict[tuple[str, Reason, str], float] = {}

    async def post(
        self, subject: Subject, reason: Reason, action: str, note: str, kind: str = WARNING
    ) -> None:
        """Tell a piece of news, unless it was told just now."""
        now = self._clock()
        news = (subject.uid, reason, note)
        if now - self._told.get(news, -QUIET_SECONDS) < QUIET_SECONDS:
            return
        self._told = {told: at for told, at in self._told.items() if now - at < QUIET_SECONDS} | {news: now}
        try:
            await self._client.create(self._event(subject, reason, action, note, kind))
        except ApiError as error:
            logger.warning("event dropped", extra={"reason": reason.value, "error": str(error)})

    def _event(self, subject: Subject, reason: Reason, action: str, note: str, kind: str) -> dict[str, Any]:
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {
                "generateName": f"{subject.name}-",
                "namespace": subject.namespace or NAMESPACE_OF_CLUSTER_EVENTS,
            },
            "eventTime": datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),  # noqa: TID251  an edge: Events carry the time they are posted
            "reportingController": self._controller,
            "reportingInstance": self._instance,
            "type": kind,
            "reason": reason.value,
            "action": action,
            "note": note.encode()[:NOTE_LIMIT].decode(errors="ignore"),
            "regarding": {
                "apiVersion": subject.kind.api_version,
                "kind": subject.kind.kind,
                "namespace": subject.namespace,
                "name": subject.name,
                "uid": subject.uid,
                "resourceVersion": subject.resource_version,
            },
        }
