"""The cluster as it was at one moment of its history."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.support.changes import Change, ObjectKey

from fogline.cluster.documents import Document
from fogline.cluster.kinds import DEPLOYMENTS, MODEL_DEPLOYMENTS, NODES, PODS
from fogline.names import FIELD_MANAGER, MODEL_LABEL, MOVE_PREFIX


@dataclass(frozen=True, slots=True)
class Limits:
    """What the operator was told."""

    moves_at_once: int = 5
    """Of all models together."""
    moves_at_once_of_a_model: int = 1
    """Of a model without budgets of its own."""


@dataclass(slots=True)
class Seen:
    """All objects as they are after the changes so far."""

    pods: dict[ObjectKey, Document] = field(default_factory=dict)
    nodes: dict[str, Document] = field(default_factory=dict)
    deployments: dict[ObjectKey, Document] = field(default_factory=dict)
    models: dict[ObjectKey, Document] = field(default_factory=dict)
    _of_model: defaultdict[ObjectKey, dict[ObjectKey, None]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    _on_node: defaultdict[str, dict[ObjectKey, None]] = field(default_factory=lambda: defaultdict(dict))
    victims: dict[ObjectKey, ObjectKey] = field(default_factory=dict)
    """The models of the pods that are leaving in a move which the operator began."""

    def take(self, change: Change) -> None:
        """Take in one change."""
        key, after = change.key, change.after
        match change.kind:
            case kind if kind is PODS:
                self._take_pod(change)
            case kind if kind is NODES:
                _put(self.nodes, key[1], after)
            case kind if kind is DEPLOYMENTS:
                _put(self.deployments, key, after)
            case kind if kind is MODEL_DEPLOYMENTS:
                _put(self.models, key, after)

    def pods_of(self, model: ObjectKey) -> Iterator[Document]:
        """Go through the pods of a model."""
        return (self.pods[key] for key in self._of_model[model])

    def pods_on(self, node: str) -> Iterator[Document]:
        """Go through the pods that are bound to a node."""
        return (self.pods[key] for key in self._on_node[node])

    def _take_pod(self, change: Change) -> None:
        key, before, after = change.key, change.before, change.after
        if before is not None:
            self._of_model[model_of(before)].pop(key, None)
            self._on_node[before["spec"].get("nodeName", "")].pop(key, None)
        _put(self.pods, key, after)
        self.victims.pop(key, None)
        if after is not None:
            self._of_model[model_of(after)][key] = None
            self._on_node[after["spec"].get("nodeName", "")][key] = None
            if is_alive(after) and is_marked(after):
                self.victims[key] = model_of(after)


def _put(objects: dict[Any, Document], key: Any, document: Document | None) -> None:
    if document is None:
        objects.pop(key, None)
    else:
        objects[key] = document


def model_of(document: Document) -> ObjectKey:
    """Name the model that the label of an object names; its name is empty for other people's."""
    meta = document["metadata"]
    return meta.get("namespace", ""), meta.get("labels", {}).get(MODEL_LABEL, "")


def notes_of(document: Document) -> dict[str, str]:
    """Give the annotations of an object."""
    return dict(document["metadata"].get("annotations", {}))


def is_alive(pod: Document) -> bool:
    """Tell whether it runs or may come to run."""
    ended = pod.get("status", {}).get("phase") in {"Failed", "Succeeded"}
    return not ended and "deletionTimestamp" not in pod["metadata"]


def condition(document: Document, kind: str) -> Document:
    """Give a condition of an object; empty when it has none of this type."""
    found = document.get("status", {}).get("conditions", ())
    return next((dict(one) for one in found if one["type"] == kind), {})


def is_ready(document: Document) -> bool:
    """Tell whether the condition Ready is True."""
    conditions = document.get("status", {}).get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def is_marked(pod: Document) -> bool:
    """Tell whether the operator noted on a pod that it moves; what others write there does not count."""
    key = f"{MOVE_PREFIX}id"
    return key in pod["metadata"].get("annotations", {}) and wrote(
        pod, "f:metadata", "f:annotations", f"f:{key}"
    )


def wrote(document: Document, *path: str) -> bool:
    """Tell whether the operator set a field last.

    A cluster that does not tell who set fields has nobody else who does.
    """
    entries = document["metadata"].get("managedFields")
    if entries is None:
        return True
    return any(sets(one, *path) for one in entries)


def sets(entry: Document, *path: str) -> bool:
    """Tell whether an entry of the managed fields is the operator's and has a field."""
    if entry["manager"] != FIELD_MANAGER:
        return False
    fields = entry.get("fieldsV1", {})
    for part in path:
        if part not in fields:
            return False
        fields = fields[part]
    return True


def moment(text: str) -> datetime:
    """Read a time of an API server."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
