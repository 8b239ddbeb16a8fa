"""Carries an intent out: every write proves that what it changes is still what was seen."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from fogline.api import GROUP, KIND, VERSION, ModelDeploymentStatus
from fogline.cluster.client import Client
from fogline.cluster.kinds import DEPLOYMENTS, POD_DISRUPTION_BUDGETS, PODS, SERVICES, Kind, kind_of
from fogline.cluster.objects import AnyObject, Deployment, ObjectMeta, PodDisruptionBudget
from fogline.conditions import Reason
from fogline.errors import (
    ApiError,
    ChangedMeanwhileError,
    ConflictError,
    NotFoundError,
    TooManyRequestsError,
)
from fogline.names import (
    DELETION_COST_ANNOTATION,
    FIELD_MANAGER,
    MODEL_LABEL,
    ROLLOUT_ANNOTATION,
    ModelKey,
)
from fogline.objects import mark_victim, settle_replacement, unmark_victim
from fogline.objects.metadata import Document, path_of_annotation
from fogline.observe import View, model_key
from fogline.observe.view import Child
from fogline.placement.explain import describe
from fogline.reconcile.inherited import Inherited, is_as_applied, noted
from fogline.reconcile.intent import Intent
from fogline.reconcile.refusal import Refusal
from fogline.reconcile.uncleared import grace_seconds
from fogline.recorder import Recorder
from fogline.snapshot import Replica

logger = logging.getLogger(__name__)

_REPLICAS_FIELD = ".spec.replicas"


@dataclass(frozen=True, slots=True)
class _Applied:
    """What we last applied to an object, and the version that came of it."""

    content: str
    uid: str
    version: int


class Writer:
    """Writes to the API server, and only what is not there yet."""

    def __init__(self, client: Client, view: View, recorder: Recorder, clearance_seconds: int) -> None:
        self._client = client
        self._clearance_seconds = clearance_seconds
        self._view = view
        self._recorder = recorder
        self._applied: dict[tuple[Kind, ModelKey], _Applied] = {}
        self._inherited = Inherited()

    async def begin(self) -> None:
        """Look at what operators before this one applied.

        Raises
        ------
        ApiError
            The API server refuses it or cannot be reached.
        """
        await self._inherited.read(self._client, (SERVICES, POD_DISRUPTION_BUDGETS, DEPLOYMENTS))

    async def carry_out(self, intent: Intent) -> Refusal | None:
        """Write everything that an intent asks for, the status last.

        Returns
        -------
        Refusal | None
            Why some object could not be written; the next status tells it.

        Raises
        ------
        ApiError
            Something went wrong that may be over the next time.
        """
        await self._tell_breaches(intent)
        await self._tell_unblocked(intent)
        await self._delete_pods(intent)
        await self._settle_moves(intent)
        for replica, cost in intent.deletion_costs:
            await self._set_deletion_cost(replica, cost)
        for victim, move in intent.switched:
            await self._patch_pod(victim, mark_victim(victim, move))
        await self._let_go(intent)
        for stand_in in intent.over:
            await self._recorder.stand_in_over(intent.model, stand_in)
        for stand_in in intent.dismissed:
            await self._delete(PODS, stand_in.namespace, stand_in.name, stand_in.uid)
        for variant, reason, text in intent.rollouts.news if intent.rollouts else ():
            await self._recorder.rollout(intent.model, variant, reason, text)
        refusal, changed = await self._apply_children(intent)
        for shrinking, replicas in intent.shrunk:
            await self._shrink(shrinking, replicas)
        for live in intent.prune:
            kind = DEPLOYMENTS if isinstance(live, Deployment) else SERVICES
            await self._delete(kind, live.metadata.namespace, live.metadata.name, live.metadata.uid)
        if status := intent.status_to_tell(changed=changed):
            model = intent.model
            await self.write_status(model_key(model), status, model.status, model.metadata.uid)
        return refusal

    async def write_status(
        self,
        model: ModelKey,
        status: ModelDeploymentStatus,
        before: ModelDeploymentStatus | None,
        uid: str | None,
    ) -> None:
        """Write the status if it says anything new. The uid keeps it off a namesake that came later."""
        if status == before:
            return
        document: Document = {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": KIND,
            "metadata": {"namespace": model.namespace, "name": model.name},
            "status": msgspec.to_builtins(status),
        }
        if uid:
            document["metadata"]["uid"] = uid
        await self._client.apply(document, subresource="status")

    def forget(self, model: ModelKey) -> None:
        """Drop what we remember of a ModelDeployment that is gone."""
        self._applied = {
            key: applied
            for key, applied in self._applied.items()
            if not (key[1].namespace == model.namespace and key[1].name.startswith(model.name))
        }

    async def _tell_breaches(self, intent: Intent) -> None:
        for one in intent.decision.misplaced if intent.decision else ():
            for rejection in one.rejections:
                if rejection.reason is Reason.CLEARANCE_TOO_LOW:
                    await self._recorder.clearance_violated(
                        intent.model, f"replica {one.pod.name} runs on {describe(rejection)}"
                    )

    async def _tell_unblocked(self, intent: Intent) -> None:
        """Tell that the budget lets go what it holds until now."""
        live = self._view.child(POD_DISRUPTION_BUDGETS, model_key(intent.model))
        if intent.children is None or not isinstance(live, PodDisruptionBudget):
            return
        held = live.spec.min_available
        if isinstance(held, int) and held > intent.children.budget["spec"]["minAvailable"]:
            for one in intent.blocked:
                await self._recorder.drain_unblocked(intent.model, one)

    async def _delete_pods(self, intent: Intent) -> None:
        for replica in intent.failed:
            await self._recorder.failed(intent.model, replica.name, replica.failure or "")
            await self._delete(PODS, replica.namespace, replica.name, replica.uid)
        for one in intent.stuck:
            replica = one.replica
            self._view.refused(replica)
            await self._recorder.unstuck(intent.model, replica.name, replica.node or "", one.why)
            version = replica.resource_version  # the scheduler may bind it before the call is through
            await self._delete(PODS, replica.namespace, replica.name, replica.uid, version)

    async def _let_go(self, intent: Intent) -> None:
        """Evict whoever may go, and delete whoever must."""
        for replica in intent.evicted:
            try:
                await self._client.evict(replica.namespace, replica.name, uid=replica.uid)
            except (TooManyRequestsError, NotFoundError, ConflictError) as error:
                logger.info("not evicted", extra={"pod": replica.name, "error": str(error)})
        grace = grace_seconds(self._clearance_seconds)
        for replica in intent.uncleared.deleted:
            await self._recorder.clearance_enforced(intent.model, replica.name, replica.node or "")
            await self._delete(PODS, replica.namespace, replica.name, replica.uid, grace_seconds=grace)

    async def _shrink(self, live: Deployment, replicas: int) -> None:
        """Scale a Deployment whose template is not known any more: only its replicas are written."""
        meta = live.metadata
        change = {
            "metadata": {"uid": meta.uid, "resourceVersion": meta.resource_version},
            "spec": {"replicas": replicas},
        }
        try:
            await self._client.merge_patch(DEPLOYMENTS, meta.namespace, meta.name, change)
        except (NotFoundError, ConflictError):
            logger.info("gone or changed meanwhile", extra={"object": meta.name})

    async def _settle_moves(self, intent: Intent) -> None:
        """Tell of moves that have ended, and take the marks off the pods of those that the status has."""
        for one in intent.moves.ended:
            if one not in intent.settled:
                await self._recorder.move_ended(intent.model, one)
        for one in intent.settled:
            if one.victim and one.victim.alive:
                await self._patch_pod(one.victim, unmark_victim(one.victim))
            if one.replacement:
                await self._patch_pod(one.replacement, settle_replacement(one.replacement))

    async def _set_deletion_cost(self, replica: Replica, cost: str | None) -> None:
        patch: list[dict[str, Any]] = [{"op": "test", "path": "/metadata/uid", "value": replica.uid}]
        path = path_of_annotation(DELETION_COST_ANNOTATION)
        if cost is None:
            patch.append({"op": "remove", "path": path})
        elif replica.annotations:
            patch.append({"op": "add", "path": path, "value": cost})
        else:
            annotations = {DELETION_COST_ANNOTATION: cost}
            patch.append({"op": "add", "path": "/metadata/annotations", "value": annotations})
        await self._patch_pod(replica, patch)

    async def _patch_pod(self, replica: Replica, patch: list[Document]) -> None:
        try:
            await self._client.json_patch(PODS, replica.namespace, replica.name, patch)
        except (ChangedMeanwhileError, NotFoundError):
            logger.info("replica changed meanwhile", extra={"pod": replica.name})

    async def _apply_children(self, intent: Intent) -> tuple[Refusal | None, bool]:
        """Apply what is not there yet; returns what was refused, and whether any object changed."""
        if intent.children is None:
            return None, False
        refusal: Refusal | None = None
        changed = False
        for document in intent.children.documents():
            try:
                refused, written = await self._apply(document)
                refusal, changed = refused or refusal, changed or written
            except ApiError as error:
                if _is_leaving(error):
                    return None, False
                if not 400 <= error.status < 500 or isinstance(error, ConflictError):  # noqa: PLR2004  HTTP
                    raise
                refusal = Refusal(
                    Reason.APPLY_FAILED, f"{document['kind']} {document['metadata']['name']}: {error}"
                )
        if refusal:
            await self._recorder.apply_failed(intent.model, refusal.message)
        return refusal, changed

    async def _apply(self, document: Document) -> tuple[Refusal | None, bool]:
        kind, meta = kind_of(document), document["metadata"]
        key = ModelKey(meta["namespace"], meta["name"])
        live = self._view.child(kind, key)
        content = json.dumps(document, sort_keys=True)
        known = self._applied.get((kind, key))
        if live and known is None:
            known = self._inherit(kind, live, document, content)
        if live and known and _is_current(live.metadata, known, content):
            return None, False
        holder = live.metadata if live else await self._read(kind, key)
        if holder and not _is_ours(holder, meta):
            text = f"{kind.kind} {key.name} exists and is not of this ModelDeployment; rename one of them"
            return Refusal(Reason.NAME_TAKEN, text), False
        identity = {"uid": holder.uid} if holder else {}
        refusal, answer = await self._apply_unless_contested(
            _with_identity(noted(document), identity | _unless_changed(live, document)),
            _as_we_left_it(live, known),
        )
        if answer is None:
            return refusal, False
        got = answer["metadata"]
        version = _version(got.get("generation", 0), got["resourceVersion"])
        self._applied[kind, key] = _Applied(content, got["uid"], version)
        return None, holder is None or got["resourceVersion"] != holder.resource_version

    def _inherit(self, kind: Kind, live: Child, document: Document, content: str) -> _Applied | None:
        """Take over what an operator before this one applied, if it wanted the same and it is still there."""
        found = self._inherited.take(kind, ModelKey(*live.metadata.key))
        if found is None or not is_as_applied(found, document):
            return None
        meta = found["metadata"]
        version = _version(meta.get("generation", 0), meta["resourceVersion"])
        applied = _Applied(content, meta["uid"], version)
        self._applied[kind, ModelKey(*live.metadata.key)] = applied
        return applied

    async def _read(self, kind: Kind, key: ModelKey) -> ObjectMeta | None:
        """Read who holds a name: the watches see only objects with our label, and may be behind."""
        try:
            return (await self._client.get(kind, key.namespace, key.name, AnyObject)).metadata
        except NotFoundError:
            return None

    async def _apply_unless_contested(
        self, document: Document, as_we_left_it: Deployment | None
    ) -> tuple[Refusal | None, Document | None]:
        """Apply; take over what is ours by contract, but not the replicas from somebody who scales.

        Whoever once scaled a Deployment owns its replicas for good in the eyes of the API server, even after
        scaling it back. As long as they are as we left them nobody is against us, and we take them over.
        """
        try:
            return None, await self._client.apply(document, force=False)
        except ConflictError as error:
            fields = {cause.get("field"): cause.get("message", "") for cause in error.causes}
            if not fields:
                raise
            if _REPLICAS_FIELD not in fields or f'"{FIELD_MANAGER}"' in fields[_REPLICAS_FIELD]:
                return None, await self._client.apply(document, force=True)
            if as_we_left_it:
                seen = {**document["metadata"], "resourceVersion": as_we_left_it.metadata.resource_version}
                return None, await self._client.apply({**document, "metadata": seen}, force=True)
            name, replicas = document["metadata"]["name"], document["spec"]["replicas"]
            text = (
                f"Deployment {name}: {fields[_REPLICAS_FIELD]}; it should have {replicas}: "
                "scale the ModelDeployment instead, an HPA must name it as its target"
            )
            return Refusal(Reason.REPLICAS_CONFLICT, text), None

    async def _delete(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        uid: str,
        resource_version: str | None = None,
        *,
        grace_seconds: int | None = None,
    ) -> None:
        try:
            await self._client.delete(
                kind,
                namespace,
                name,
                uid=uid,
                resource_version=resource_version,
                grace_seconds=grace_seconds,
            )
        except (NotFoundError, ConflictError):
            logger.info("gone or changed meanwhile", extra={"kind": kind.plural, "object": name})


def _with_identity(document: Document, identity: Mapping[str, str]) -> Document:
    return {**document, "metadata": {**document["metadata"], **identity}}


def _unless_changed(live: Child | None, document: Document) -> dict[str, str]:
    """Write how far a rollout is only on what it was decided from: a watch may be behind our own write."""
    if not isinstance(live, Deployment):
        return {}
    notes = document["metadata"].get("annotations", {})
    if notes.get(ROLLOUT_ANNOTATION) == live.metadata.annotations.get(ROLLOUT_ANNOTATION):
        return {}
    return {"resourceVersion": live.metadata.resource_version}


def _is_ours(live: ObjectMeta, wanted: Mapping[str, Any]) -> bool:
    """Tell whether an object belongs to the model, or to nobody and was the model's before."""
    if live.controller:
        return bool(live.controller.uid == wanted["ownerReferences"][0]["uid"])
    return bool(live.labels.get(MODEL_LABEL) == wanted["labels"][MODEL_LABEL])


def _as_we_left_it(live: Child | None, known: _Applied | None) -> Deployment | None:
    """Give a Deployment that has the number of replicas that we gave it last."""
    if not isinstance(live, Deployment) or known is None or live.metadata.uid != known.uid:
        return None
    return live if live.spec.replicas == json.loads(known.content)["spec"]["replicas"] else None


def _is_leaving(error: ApiError) -> bool:
    """Tell whether the whole namespace is on its way out, so that there is nothing to write any more."""
    return any(cause.get("reason") == "NamespaceTerminating" for cause in error.causes)


def _is_current(live: ObjectMeta, known: _Applied, content: str) -> bool:
    """Tell whether the live object is what we applied, or older: then the watch is behind our own write."""
    version = _version(live.generation, live.resource_version)
    return known.content == content and known.uid == live.uid and version <= known.version


def _version(generation: int, resource_version: str) -> int:
    """Tell versions of an object apart; kinds without a generation change only when somebody writes them."""
    return generation or int(resource_version)
