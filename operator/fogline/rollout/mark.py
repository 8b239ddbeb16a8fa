"""The state of a rollout, as it is noted on the Deployment that rolls out.

It is written together with the template that it is about, so whoever takes over finds both or none.
"""

from datetime import datetime
from typing import TypeVar

import msgspec

from fogline.api import RolloutState
from fogline.rollout.version import Version

T = TypeVar("T")


class Mark(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A rollout that is not over, or that ended with the old version."""

    state: RolloutState
    source: Version
    """The old version."""
    target: Version
    """The new one."""
    template: str
    """Hash of the pod template that serves the old version."""
    since: datetime
    """When the state began."""
    ready_since: datetime | None = None
    """Since when the whole canary has been Ready."""
    why: str = ""
    """Why the old version is back."""


def read_mark(note: str | None) -> Mark | None:
    """Read what `write_mark` wrote; what cannot be read is no mark."""
    return _read(note, Mark)


def write_mark(mark: Mark) -> str:
    """Write a mark as the value of an annotation."""
    return msgspec.json.encode(mark).decode()


def read_version(note: str | None) -> Version | None:
    """Read what `write_version` wrote; what cannot be read is no version."""
    return _read(note, Version)


def write_version(version: Version) -> str:
    """Write a version as the value of an annotation."""
    return msgspec.json.encode(version).decode()


def _read(note: str | None, kind: type[T]) -> T | None:
    if note is None:
        return None
    try:
        return msgspec.json.decode(note, type=kind)
    except msgspec.DecodeError:
        return None
