"""The objects of a cluster and their versions, as an API server keeps them."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.support.changes import Change, ObjectKey, key_of
from tests.support.memory_cluster.timeline import Timeline

from fogline.cluster.documents import Document
from fogline.cluster.kinds import DEPLOYMENTS, MODEL_DEPLOYMENTS, PODS, Kind, kind_of
from fogline.errors import ApiError, ChangedMeanwhileError, ConflictError, NotFoundError
from fogline.names import MODEL_LABEL


class Store:
    """Keeps documents. A version, once made, is never changed: each write makes a new one."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._objects: dict[Kind, dict[ObjectKey, Document]] = {}
        self._of_model: defaultdict[ObjectKey, dict[ObjectKey, None]] = defaultdict(dict)
        """Pods by the model that their label names."""
        self._watchers: list[Callable[[Change], None]] = []
        self._version = 0
        self._uids = 0
        self._terminating: set[str] = set()

    def watch(self, watcher: Callable[[Change], None]) -> None:
        """Tell somebody of every change from now on, in the moment in which it happens."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[Change], None]) -> None:
        """Tell somebody nothing more."""
        self._watchers.remove(watcher)

    def all(self, kind: Kind) -> Iterator[Document]:
        """Go through the objects of a kind as they are now."""
        return iter(list(self._objects.get(kind, {}).values()))

    def all_of(self, model: ObjectKey) -> Iterator[Document]:
        """Go through the pods that carry the label of a model."""
        return (self._objects[PODS][key] for key in list(self._of_model.get(model, ())))

    def find(self, kind: Kind, key: ObjectKey) -> Document | None:
        """Give an object; None when there is none."""
        return self._objects.get(kind, {}).get(key)

    def get(self, kind: Kind, key: ObjectKey) -> Document:
        """Give an object.

        Raises
        ------
        NotFoundError
            There is none.
        """
        found = self.find(kind, key)
        if found is None:
            raise NotFoundError(404, "NotFound", f"{kind.kind} {key} not found")
        return found

    def create(self, document: Document) -> Document:
        """Make an object.

        Raises
        ------
        ApiError
            Its namespace is being terminated.
        ConflictError
            It is there already.
        """
        kind, key = kind_of(document), key_of(document)
        if key[0] in self._terminating:
            cause = {"reason": "NamespaceTerminating"}
            raise ApiError(403, "Forbidden", f"namespace {key[0]} is being terminated", (cause,))
        if self.find(kind, key):
            raise ConflictError(409, "AlreadyExists", f"{kind.kind} {key} already exists")
        self._uids += 1
        meta = {
            "uid": f"uid-{self._uids}",
            "creationTimestamp": self._timeline.text(),
            "generation": 1,
            **document["metadata"],
        }
        return self._write(kind, None, {**document, "metadata": meta})

    def terminate(self, namespace: str) -> None:
        """Let nothing new into a namespace."""
        self._terminating.add(namespace)

    def change(self, kind: Kind, key: ObjectKey, **parts: Any) -> Document:
        """Replace parts of an object: ``spec``, ``status``, or what is in ``metadata``."""
        before = self.get(kind, key)
        meta = {**before["metadata"], **parts.pop("metadata", {})}
        after = {**before, **parts, "metadata": meta}
        if (kind is DEPLOYMENTS or kind is MODEL_DEPLOYMENTS) and after.get("spec") != before.get("spec"):
            meta["generation"] += 1
        return before if after == before else self._write(kind, before, after)

    def apply(self, document: Document) -> Document:
        """Make an object, or make it what the document says."""
        kind, key = kind_of(document), key_of(document)
        if self.find(kind, key) is None:
            return self.create(document)
        return self.change(kind, key, **{part: document[part] for part in ("metadata", "spec")})

    def patch(self, kind: Kind, key: ObjectKey, operations: Sequence[Document]) -> Document:
        """Carry a JSON patch out.

        Raises
        ------
        ChangedMeanwhileError
            A test in it failed.
        NotFoundError
            There is no such object.
        """
        before = self.get(kind, key)
        return self._write(kind, before, patched(before, operations))

    def delete(
        self, kind: Kind, key: ObjectKey, *, uid: str | None = None, version: str | None = None
    ) -> None:
        """Delete an object; a pod with a node is only marked, and its kubelet removes it.

        Raises
        ------
        ConflictError
            It is another object by now, or another version of it.
        NotFoundError
            There is no such object.
        """
        found = self.get(kind, key)
        meta = found["metadata"]
        if uid not in {None, meta["uid"]} or version not in {None, meta["resourceVersion"]}:
            raise ConflictError(409, "Conflict", f"{kind.kind} {key} has changed")
        if kind is not PODS or not found["spec"].get("nodeName"):
            self.remove(kind, key)
        elif "deletionTimestamp" not in meta:
            self.change(kind, key, metadata={"deletionTimestamp": self._timeline.text()})

    def remove(self, kind: Kind, key: ObjectKey) -> None:
        """Let an object be gone."""
        before = self._objects[kind].pop(key)
        self._tell(kind, before, None)

    def _write(self, kind: Kind, before: Document | None, after: Document) -> Document:
        meta = {**after["metadata"], "resourceVersion": str(self._version + 1)}
        written = {**after, "metadata": meta}
        self._objects.setdefault(kind, {})[key_of(written)] = written
        self._tell(kind, before, written)
        return written

    def _tell(self, kind: Kind, before: Document | None, after: Document | None) -> None:
        self._version += 1
        change = Change(kind, before, after, self._version)
        if kind is PODS:
            was_of, is_of = before and model_of(before), after and model_of(after)
            if was_of != is_of:
                if was_of:
                    del self._of_model[was_of][change.key]
                if is_of:
                    self._of_model[is_of][change.key] = None
        for watcher in tuple(self._watchers):
            watcher(change)


def model_of(pod: Document) -> ObjectKey:
    """Name the model of a pod; its name is empty for other people's."""
    meta = pod["metadata"]
    return meta["namespace"], meta.get("labels", {}).get(MODEL_LABEL, "")


def patched(document: Document, operations: Sequence[Document]) -> Document:
    """Give a document as a JSON patch makes it (RFC 6902: add, remove and test); it stays as it was itself.

    Raises
    ------
    ChangedMeanwhileError
        A test failed, or what should be removed is not there.
    """
    result: Any = document
    for operation in operations:
        path = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
        try:
            result = _patched(result, path, operation)
        except (KeyError, IndexError):
            raise ChangedMeanwhileError(422, "Invalid", f"cannot {operation}") from None
    patched_document: Document = result
    return patched_document


def _patched(value: Any, path: list[str], operation: Document) -> Any:
    part: Any = int(path[0]) if isinstance(value, list) else path[0]
    if operation["op"] == "test":
        found = value[part]
        if len(path) > 1:
            _patched(found, path[1:], operation)
        elif found != operation["value"]:
            raise ChangedMeanwhileError(422, "Invalid", f"{found!r} fails {operation}")
        return value
    made = value.copy()
    if len(path) > 1:
        made[part] = _patched(value[part], path[1:], operation)
    elif operation["op"] == "remove":
        del made[part]
    elif isinstance(made, list):
        made.insert(part, operation["value"])
    else:
        made[part] = operation["value"]
    return made
