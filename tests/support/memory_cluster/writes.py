"""The writes of one pass in the order of `fogline.reconcile.writer`, one at a time."""

import contextlib
from collections.abc import Iterator, MutableMapping

import msgspec
from tests.support.changes import key_of
from tests.support.memory_cluster.evictions import evict
from tests.support.memory_cluster.store import Store

from fogline.cluster import objects
from fogline.cluster.documents import Document
from fogline.cluster.kinds import DEPLOYMENTS, MODEL_DEPLOYMENTS, PODS, SERVICES, kind_of
from fogline.errors import ChangedMeanwhileError, ConflictError, NotFoundError, TooManyRequestsError
from fogline.names import DELETION_COST_ANNOTATION
from fogline.objects import mark_victim, settle_replacement, unmark_victim
from fogline.objects.metadata import annotate, path_of_annotation
from fogline.reconcile.intent import Intent
from fogline.snapshot import Replica


def writes_of(one: Intent, store: Store, applied: MutableMapping[str, Document]) -> Iterator[None]:
    """Write what a pass wants; between any two of its steps others may act, or the operator may crash.

    Parameters
    ----------
    applied
        What was applied last, by kind and name.
    """
    yield from _pods(one, store)
    changed = False
    for document in one.children.documents() if one.children else ():
        name = f"{document['kind']}/{document['metadata']['name']}"
        if applied.get(name) == document and store.find(kind_of(document), key_of(document)):
            continue
        before = store.find(kind_of(document), key_of(document))
        changed |= store.apply(document) is not before
        applied[name] = document
        yield
    for shrinking, replicas in one.shrunk:
        spec = store.get(DEPLOYMENTS, shrinking.metadata.key)["spec"]
        store.change(DEPLOYMENTS, shrinking.metadata.key, spec={**spec, "replicas": replicas})
        yield
    for live in one.prune:
        kind = DEPLOYMENTS if isinstance(live, objects.Deployment) else SERVICES
        store.delete(kind, live.metadata.key, uid=live.metadata.uid)
        yield
    yield from _tell(one, store, changed=changed)


def _pods(one: Intent, store: Store) -> Iterator[None]:
    for failed in one.failed:
        _delete(store, failed, failed.uid)
        yield
    for stuck in one.stuck:
        _delete(store, stuck.replica, stuck.replica.uid, stuck.replica.resource_version)
        yield
    for replica, patch in _notes(one):
        _patch(store, replica, patch)
        yield
    for replica in one.evicted:
        _evict(store, replica)
        yield
    for replica in (*one.uncleared.deleted, *one.dismissed):
        _delete(store, replica, replica.uid)
        yield


def _notes(one: Intent) -> Iterator[tuple[Replica, list[Document]]]:
    for ended in one.settled:
        if ended.victim and ended.victim.alive:
            yield ended.victim, unmark_victim(ended.victim)
        if ended.replacement:
            yield ended.replacement, settle_replacement(ended.replacement)
    for replica, cost in one.deletion_costs:
        yield replica, _cost(replica, cost)
    for victim, move in one.switched:
        yield victim, mark_victim(victim, move)


def _tell(one: Intent, store: Store, *, changed: bool) -> Iterator[None]:
    meta, status = one.model.metadata, one.status_to_tell(changed=changed)
    if status and status != one.model.status:
        key = meta.namespace or "default", meta.name
        if store.find(MODEL_DEPLOYMENTS, key):
            store.change(MODEL_DEPLOYMENTS, key, status=msgspec.to_builtins(status))
            yield


def _cost(replica: Replica, cost: str | None) -> list[Document]:
    proof = {"op": "test", "path": "/metadata/uid", "value": replica.uid}
    if cost is None:
        return [proof, {"op": "remove", "path": path_of_annotation(DELETION_COST_ANNOTATION)}]
    return [proof, *annotate(replica, {DELETION_COST_ANNOTATION: cost})]


def _patch(store: Store, replica: Replica, operations: list[Document]) -> None:
    try:
        store.patch(PODS, (replica.namespace, replica.name), operations)
    except (ChangedMeanwhileError, NotFoundError):
        return  # the next pass sees why


def _evict(store: Store, replica: Replica) -> None:
    found = store.find(PODS, (replica.namespace, replica.name))
    if found and found["metadata"]["uid"] == replica.uid:
        with contextlib.suppress(TooManyRequestsError):
            evict(store, found)


def _delete(store: Store, replica: Replica, uid: str, version: str | None = None) -> None:
    try:
        store.delete(PODS, (replica.namespace, replica.name), uid=uid, version=version)
    except (NotFoundError, ConflictError):
        return
