"""Events: what `kubectl describe` shows of our work."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fogline.api import ModelDeployment, MoveResult, PastMove
from fogline.cluster.client import Client
from fogline.cluster.kinds import MODEL_DEPLOYMENTS, NODE_PROFILES, Kind
from fogline.cluster.objects import ObjectMeta
from fogline.conditions import Reason
from fogline.disruption import Blocked, Ended
from fogline.errors import ApiError
from fogline.placement import Assignment
from fogline.placement.explain import say_unplaceable
from fogline.snapshot import Move, Replica
from fogline.units import format_usd

QUIET_SECONDS = 60.0
"""The same news about the same object is told at most this often."""
NOTE_LIMIT = 1024
"""Bytes that the API server takes as the note of an Event (Kubernetes, events.k8s.io/v1)."""

NAMESPACE_OF_CLUSTER_EVENTS = "default"
"""Where the API server wants Events about objects without a namespace."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Subject:
    """The object that an Event is about."""

    kind: Kind
    namespace: str
    """Empty for objects of the whole cluster."""
    name: str
    uid: str
    resource_version: str


class Recorder:
    """Posts Events about objects of ours. An Event that cannot be posted is logged and dropped."""

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

    async def clearance_enforced(self, model: ModelDeployment, pod: str, node: str) -> None:
        """Tell that a replica is deleted because its data may not stay where it is."""
        note = (
            f"replica {pod} is deleted: {node} may not hold its data any more, and no other node took it in "
            "time; the data rule beats availability"
        )
        await self._warn(model, Reason.CLEARANCE_ENFORCED, "Audit", note)

    async def apply_failed(self, model: ModelDeployment, why: str) -> None:
        """Tell that the API server refuses an object of this model."""
        await self._warn(model, Reason.APPLY_FAILED, "Apply", why)

    async def move_planned(self, model: ModelDeployment, replica: Replica, target: str, why: Reason) -> None:
        """Tell that a replica would move if the user had not asked for plans only."""
        words = f"replica {replica.name} would move from {replica.node} to {target} ({why})"
        await self._tell(model, Reason.MOVE_PLANNED, "Move", words)

    async def move_started(self, model: ModelDeployment, pod: str, move: Move) -> None:
        """Tell that a replica begins to move."""
        await self._tell(model, Reason.MOVE_STARTED, "Move", f"{_in_words(pod, move)}{_saving(move)}")

    async def move_ended(self, model: ModelDeployment, ended: Ended) -> None:
        """Tell that a replica has moved, or stays after all."""
        if ended.result is MoveResult.COMPLETED:
            pod = ended.replacement.name if ended.replacement else ""
            words = f"{_in_words(pod, ended.move)}{_saving(ended.move)}"
            await self._tell(model, Reason.MOVE_COMPLETED, "Move", words)
        else:
            pod = ended.victim.name if ended.victim else ""
            words = f"{_in_words(pod, ended.move)} was given up: {ended.message}"
            await self._warn(model, Reason.MOVE_ABORTED, "Move", words)

    async def drain_unblocked(self, model: ModelDeployment, blocked: Blocked) -> None:
        """Tell that a drain may evict a replica although no move takes it away."""
        replica = blocked.replica
        note = (
            f"{replica.node} is cordoned for {blocked.seconds} s, so a drain may evict replica "
            f"{replica.name} now: {_why_blocked(blocked)}"
        )
        await self._warn(model, Reason.DRAIN_UNBLOCKED, "Drain", note)

    async def stand_in_placed(self, model: ModelDeployment, pod: str, node: str, original: Replica) -> None:
        """Tell that clients elsewhere get a replica while the link to an edge node is cut."""
        note = (
            f"{original.node} is cut off: replica {pod} on {node} stands in for {original.name}, which goes "
            "on serving its site"
        )
        await self._tell(model, Reason.STAND_IN_PLACED, "StandIn", note)

    async def stand_in_over(self, model: ModelDeployment, stand_in: Replica) -> None:
        """Tell that a stand-in goes."""
        note = f"replica {stand_in.name} on {stand_in.node} goes: the one that it stood in for is back"
        await self._tell(model, Reason.STAND_IN_OVER, "StandIn", note)

    async def profiles_conflict(self, profile: ObjectMeta, why: str) -> None:
        """Tell that two NodeProfiles say different things, and only their names told which one counts."""
        subject = _Subject(NODE_PROFILES, "", profile.name, profile.uid, profile.resource_version)
        await self._post(subject, Reason.CONFLICTING, "Compare", why, "Warning")

    async def _tell(self, model: ModelDeployment, reason: Reason, action: str, note: str) -> None:
        await self._post(_subject(model), reason, action, note, "Normal")

    async def _warn(self, model: ModelDeployment, reason: Reason, action: str, note: str) -> None:
        await self._post(_subject(model), reason, action, note, "Warning")

    async def _post(self, subject: _Subject, reason: Reason, action: str, note: str, kind: str) -> None:
        now = self._clock()
        news = (subject.uid, reason, note)
        if now - self._told.get(news, -QUIET_SECONDS) < QUIET_SECONDS:
            return
        self._told = {told: at for told, at in self._told.items() if now - at < QUIET_SECONDS} | {news: now}
        try:
            await self._client.create(self._event(subject, reason, action, note, kind))
        except ApiError as error:
            logger.warning("event dropped", extra={"reason": reason.value, "error": str(error)})

    def _event(self, subject: _Subject, reason: Reason, action: str, note: str, kind: str) -> dict[str, Any]:
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {
                "generateName": f"{subject.name}-",
                "namespace": subject.namespace or NAMESPACE_OF_CLUSTER_EVENTS,
            },
            "eventTime": datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),  # noqa: TID251  an edge: Events carry the time they are posted
            "reportingController": "fogline.dev/operator",
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


def _subject(model: ModelDeployment) -> _Subject:
    meta = model.metadata
    return _Subject(
        MODEL_DEPLOYMENTS, meta.namespace or "", meta.name, meta.uid or "", meta.resource_version or ""
    )


def _why_blocked(blocked: Blocked) -> str:
    why = blocked.why
    if isinstance(why, PastMove):
        return f"move {why.id} to {why.target} was given up: {why.message}"
    answer = why.proposal.answer
    return f"it does not move ({why.reason})" if isinstance(answer, Assignment) else say_unplaceable(answer)


def _in_words(pod: str, move: Move) -> str:
    return f"move {move.id} of replica {pod} from {move.source} to {move.target} ({move.reason})"


def _saving(move: Move) -> str:
    if move.saving_per_hour is None:
        return ""
    return f", saves {format_usd(move.saving_per_hour)} US dollars per hour"
