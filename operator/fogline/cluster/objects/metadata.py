"""What all objects have in common."""

from collections.abc import Mapping
from datetime import datetime

import msgspec


class Slim(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Base of all live objects.

    Immutable; fields that are not declared are skipped without being built. A decoded JSON document has no
    cycles, so the garbage collector need not look at these objects.
    """


class OwnerReference(Slim, frozen=True):
    """Who made the object and takes it along when deleted."""

    kind: str
    name: str
    uid: str
    controller: bool = False


class ObjectMeta(Slim, frozen=True):
    """The identity of an object."""

    name: str
    namespace: str = ""
    """Empty for objects of the whole cluster."""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)
    annotations: Mapping[str, str] = msgspec.field(default_factory=dict)
    owner_references: tuple[OwnerReference, ...] = ()
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.namespace, self.name

    @property
    def controller(self) -> OwnerReference | None:
        """The owner that keeps the object as it is; None for objects that nobody controls."""
        return next((owner for owner in self.owner_references if owner.controller), None)


class AnyObject(Slim, frozen=True):
    """An object of any kind, as far as it matters which one it is and whose."""

    metadata: ObjectMeta


class Condition(Slim, frozen=True):
    """One condition of a status."""

    type: str
    status: str
    """``True``, ``False`` or ``Unknown``."""
    reason: str = ""
    message: str = ""
    last_transition_time: datetime | None = None
