"""What a REST request asks for, by method and path."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from fogline_model_server.catalog import ModelSpec
from fogline_model_server.errors import invalid_argument

_PREFIX = re.compile(r"/v1/", re.IGNORECASE)
# Paths match in any case, the method word only in lower case; a ``/METADATA`` is a way to ask for the status.
_CHOICE = r"(?:/versions/(?P<version>[0-9]+)|/labels/(?P<label>[^/:]+))?"
_POST = re.compile(rf"(?i:/v1/models/(?P<name>[^/:]+){_CHOICE}):(?P<verb>classify|regress|predict)")
_GET = re.compile(rf"(?i:/v1/models(?:/(?P<name>[^/:]+))?{_CHOICE}(?P<metadata>/metadata)?)")
_MAX_VERSION = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Target:
    """A request that was understood."""

    verb: str
    """``predict``, ``classify``, ``regress``, ``status`` or ``metadata``."""
    spec: ModelSpec


def parse(method: str, path: str) -> Target | None:
    """Return what is asked for; None for a path outside ``/v1/``, which is nobody's.

    Parameters
    ----------
    method
        Of HTTP, upper case.
    path
        As it came, still percent-encoded, without the query.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT: nothing below ``/v1/`` has this path.

    """
    if not _PREFIX.match(path):
        return None
    pattern = {"POST": _POST, "GET": _GET}.get(method)
    match = pattern.fullmatch(path) if pattern else None
    if not match:
        raise invalid_argument(f"Malformed request: {method} {path}")
    if match["name"] is None:
        raise invalid_argument("Missing model name in request.")
    spec = ModelSpec(unquote(match["name"]), _version(match["version"]), _label(match["label"]))
    if method == "GET":
        return Target("metadata" if match["metadata"] == "/metadata" else "status", spec)
    return Target(match["verb"], spec)


def _version(digits: str | None) -> int | None:
    if digits is None:
        return None
    if len(digits) > len(str(_MAX_VERSION)) or int(digits) > _MAX_VERSION:
        raise invalid_argument(f"Failed to convert version: {digits} to numeric.")
    return int(digits)


def _label(text: str | None) -> str | None:
    return None if text is None else unquote(text)
