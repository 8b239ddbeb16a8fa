"""What a watch tells: an object before and after a write."""

from dataclasses import dataclass, field
from typing import TypeAlias

from fogline.cluster.documents import Document
from fogline.cluster.kinds import Kind

ObjectKey: TypeAlias = tuple[str, str]
"""Namespace, empty for objects of the whole cluster, and name."""


@dataclass(frozen=True, slots=True)
class Change:
    """One write to one object."""

    kind: Kind
    before: Document | None
    """None: the object is new."""
    after: Document | None
    """None: the object is gone."""
    version: int
    """Changes of all kinds are in one order."""

    key: ObjectKey = field(init=False)
    """Names the object."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", key_of(self.document))

    @property
    def document(self) -> Document:
        """Give the object as it is, or as it was last."""
        return self.after or self.before or {}


def key_of(document: Document) -> ObjectKey:
    """Name an object."""
    meta = document["metadata"]
    return meta.get("namespace") or "", meta["name"]
