"""Documents of the API server, decoded into the types that the caller names."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec

from fogline.cluster.refusals import Status, error_from_status

T = TypeVar("T")
Document = dict[str, Any]
"""An object as JSON."""


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """Objects as they were at one moment."""

    items: Sequence[T]
    resource_version: str
    """Where a watch starts that is to see everything that happens after."""


class EventType(StrEnum):
    """What a watch reports."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    BOOKMARK = "BOOKMARK"
    """Nothing else happened up to this resourceVersion."""


@dataclass(frozen=True, slots=True)
class WatchEvent(Generic[T]):
    """One line of a watch."""

    type: EventType
    resource_version: str
    """Where to resume after this event."""
    object: T | None
    """As it was last seen if it was deleted; None in a bookmark."""


class _Metadata(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")


class _Versioned(msgspec.Struct):
    metadata: _Metadata


class Page(msgspec.Struct, Generic[T]):
    """A part of a list."""

    metadata: _Metadata
    items: list[T] | None = None


class _Line(msgspec.Struct):
    type: str
    object: msgspec.Raw


_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def decode(body: bytes | msgspec.Raw, as_type: type[T]) -> T:
    """Decode one document.

    Decoders are kept: to make one takes longer than to decode an object.
    """
    decoder = _decoders.get(as_type)
    if decoder is None:
        decoder = _decoders[as_type] = msgspec.json.Decoder(as_type)
    decoded: T = decoder.decode(body)
    return decoded


def decode_event(line: bytes, as_type: type[T]) -> WatchEvent[T]:
    """Decode one line of a watch.

    Raises
    ------
    ApiError
        The line says that the watch failed; `GoneError` if its resourceVersion is too old.
    """
    frame = decode(line, _Line)
    if frame.type == "ERROR":
        status = decode(frame.object, Status)
        raise error_from_status(status.code, status)
    type_ = EventType(frame.type)
    version = decode(frame.object, _Versioned).metadata.resource_version
    return WatchEvent(type_, version, None if type_ is EventType.BOOKMARK else decode(frame.object, as_type))
