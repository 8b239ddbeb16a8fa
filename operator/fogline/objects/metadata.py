"""What every object of a ModelDeployment has in common."""

from collections.abc import Mapping
from typing import Any, Protocol

from fogline.api import GROUP, KIND, VERSION, ModelDeployment
from fogline.names import MODEL_LABEL

Document = dict[str, Any]
"""A JSON object as the API server takes it."""


class Noted(Protocol):
    """A pod, as far as it matters for a note on it."""

    @property
    def annotations(self) -> Mapping[str, str]:
        """What is noted on it already."""
        ...


def model_labels(model: ModelDeployment) -> dict[str, str]:
    """Labels that select the pods of a model, and mark everything that belongs to it."""
    return {MODEL_LABEL: model.metadata.name}


def child_metadata(model: ModelDeployment, name: str, labels: dict[str, str] | None = None) -> Document:
    """Name, labels and owner of a child; the garbage collector deletes it with its owner."""
    return {
        "name": name,
        "namespace": model.metadata.namespace,
        "labels": {"app.kubernetes.io/managed-by": "fogline", **model_labels(model), **(labels or {})},
        "ownerReferences": [
            {
                "apiVersion": f"{GROUP}/{VERSION}",
                "kind": KIND,
                "name": model.metadata.name,
                "uid": model.metadata.uid,
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }


def annotate(replica: Noted, notes: Mapping[str, str]) -> list[Document]:
    """Write annotations, as operations of a JSON patch."""
    if not replica.annotations:
        return [{"op": "add", "path": "/metadata/annotations", "value": dict(notes)}]
    return [{"op": "add", "path": path_of_annotation(key), "value": value} for key, value in notes.items()]


def path_of_annotation(key: str) -> str:
    """Give the JSON pointer (RFC 6901) of an annotation."""
    return f"/metadata/annotations/{key.replace('/', '~1')}"
