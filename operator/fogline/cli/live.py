"""Nodes and Pods from documents: a dump of a cluster, or written by hand with only what matters."""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from fogline import observe, snapshot
from fogline.cli.documents import Document
from fogline.cli.dump import Item
from fogline.cluster import objects
from fogline.config import Settings
from fogline.errors import BadInputError

_READY = objects.Condition(type="Ready", status="True")
_DEFAULT_PODS = "110"
"""What a kubelet allows unless it is told otherwise."""
_QUANTITIES = {"allocatable", "allocatedResources", "capacity", "limits", "overhead", "requests"}

T = TypeVar("T")
R = TypeVar("R")

Found = Document | Item
"""One object of a file."""


def node(found: Found, settings: Settings, profiles: observe.Profiles) -> snapshot.Node:
    """Read a Node.

    One without conditions counts as Ready; one without allocatable offers its capacity, and 110 pods if it
    names no number of pods.

    Raises
    ------
    FileError
        It is no Node.
    """

    def make(read: objects.Node) -> snapshot.Node:
        status = read.status
        room = {"pods": _DEFAULT_PODS, **(status.allocatable or status.capacity)}
        status = replace(status, conditions=status.conditions or (_READY,), allocatable=room)
        about = profiles.of(read.metadata.labels)
        return observe.to_node(replace(read, status=status), settings, about)

    return _read(found, objects.Node, make, "status.allocatable")


def pod(found: Found) -> tuple[objects.Pod, snapshot.Pod | None]:
    """Read a Pod, and the room that it holds: None when it has no node yet or has ended.

    Raises
    ------
    FileError
        It is no Pod.
    """

    def make(read: objects.Pod) -> tuple[objects.Pod, snapshot.Pod | None]:
        if not read.metadata.namespace:
            read = replace(read, metadata=replace(read.metadata, namespace="default"))
        return read, observe.to_pod(read)

    return _read(found, objects.Pod, make, "spec.containers")


def _read(found: Found, as_type: type[T], make: Callable[[T], R], field: str) -> R:
    """Decode and make, straight from the bytes where nothing has to be read as people write it."""
    if isinstance(found, Item):
        with suppress(msgspec.MsgspecError, BadInputError):
            return make(found.decode(as_type))
    document = found.document()
    try:
        return make(_convert(document, as_type))
    except BadInputError as error:
        raise document.error(error.message, error.field or field) from error


def _convert(document: Document, kind: type[T]) -> T:
    plain = _as_sent(document.value)
    _refuse_unquoted_labels(document, plain)
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise document.error(message, re.sub(r"^\.|\[\.\.\.\]|`$", "", path)) from error


def _as_sent(value: Any, *, is_quantity: bool = False) -> Any:
    """Write a document as the API server would send it: nothing is null, and ``cpu: 4`` is ``cpu: "4"``."""
    match value:
        case dict():
            return {
                key: _as_sent(inner, is_quantity=is_quantity or key in _QUANTITIES)
                for key, inner in value.items()
                if inner is not None
            }
        case list():
            return [_as_sent(item) for item in value]
        case int() | float() if is_quantity and not isinstance(value, bool):
            return str(value)
        case _:
            return value


def _refuse_unquoted_labels(document: Document, plain: Any) -> None:
    """Name the label, which the conversion would not: an unquoted number is the mistake that people make."""
    metadata = plain.get("metadata")
    for part in ("labels", "annotations"):
        texts = metadata.get(part) if isinstance(metadata, dict) else None
        for key, value in texts.items() if isinstance(texts, dict) else ():
            if not isinstance(value, str):
                raise document.error(f'must be text, write "{value}"', f"metadata.{part}.{key}")
