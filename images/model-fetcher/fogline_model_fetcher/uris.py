"""Where an artifact lies, taken apart and checked."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from fogline_model_fetcher.errors import UsageError
from fogline_model_fetcher.limits import is_safe_path

HTTPS_PORT = 443
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}")
"""Google allows the longest names."""

TFLITE_SUFFIX = ".tflite"
TFLITE_SERVED_NAME = "model.tflite"
"""The file that a model server looks for in a version folder without a SavedModel."""


@dataclass(frozen=True, slots=True)
class HttpsUri:
    """One file of a web server. Printing it shows no query, which may be a signature."""

    host: str
    port: int
    path: str
    """Percent-encoded, with the leading slash."""
    query: str = field(default="", repr=False)

    def __str__(self) -> str:
        """Return the URI without its query."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == HTTPS_PORT else f":{self.port}"
        return f"https://{host}{port}{self.path}"

    @property
    def request_target(self) -> str:
        """What the HTTP request line asks for."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def file_name(self) -> str:
        """The last part of the path."""
        return unquote(self.path.rsplit("/", maxsplit=1)[-1])


@dataclass(frozen=True, slots=True)
class BucketUri:
    """One object of a bucket, or all objects below a prefix."""

    scheme: str
    """``s3`` or ``gs``."""
    bucket: str
    key: str
    """Without slashes at its ends, not percent-encoded."""

    def __str__(self) -> str:
        """Return the URI."""
        return f"{self.scheme}://{self.bucket}/{self.key}"

    @property
    def file_name(self) -> str:
        """The last part of the key."""
        return self.key.rsplit("/", maxsplit=1)[-1]


@dataclass(frozen=True, slots=True)
class MountedUri:
    """Files that the kubelet mounts: a path in a PersistentVolumeClaim, or a whole image."""

    text: str
    path: str
    """Below the root of the volume, without slashes at its ends; empty: the root itself."""

    def __str__(self) -> str:
        """Return the URI."""
        return self.text


ArtifactUri = HttpsUri | BucketUri | MountedUri


def parse_uri(text: str) -> ArtifactUri:
    """Take a URI apart.

    Raises
    ------
    UsageError
        The scheme is not supported, or a part is missing or not allowed.
    """
    if not text.isprintable():
        raise UsageError("the artifact URI holds control characters: remove them")
    scheme, _, rest = text.partition("://")
    match scheme:
        case "s3" | "gs":
            return _parse_bucket(scheme, rest)
        case "https":
            return _parse_https(text)
        case "pvc":
            return _parse_claim(text, rest)
        case "oci":
            return MountedUri(text, "")
    raise UsageError("the artifact URI must begin with https://, s3://, gs://, pvc:// or oci://")


def served_name(file_name: str) -> str:
    """Return the name under which a single file is served.

    A ``.tflite`` file gets the one name that model servers look for; any other keeps its own.
    """
    return TFLITE_SERVED_NAME if file_name.endswith(TFLITE_SUFFIX) else file_name


def _parse_bucket(scheme: str, rest: str) -> BucketUri:
    bucket, _, key = rest.partition("/")
    key = key.strip("/")
    if not _BUCKET.fullmatch(bucket) or not is_safe_path(key):
        raise UsageError(
            f"the artifact URI is written {scheme}://bucket/key, without empty parts, . or .. in the key"
        )
    return BucketUri(scheme, bucket, key)


def _parse_claim(text: str, rest: str) -> MountedUri:
    claim, _, path = rest.partition("/")
    path = path.strip("/")
    if not claim or (path and not is_safe_path(path)):
        raise UsageError(
            "the artifact URI is written pvc://claim/path, without empty parts, . or .. in the path"
        )
    return MountedUri(text, path)


def _parse_https(text: str) -> HttpsUri:
    if not text.isascii() or " " in text:
        raise UsageError("the https artifact URI holds spaces or non-ASCII characters: percent-encode them")
    try:
        parts = urlsplit(text)
        port = parts.port or HTTPS_PORT
    except ValueError:
        raise UsageError("the https artifact URI has no valid host and port") from None
    if parts.username is not None or parts.password is not None:
        raise UsageError("the https artifact URI holds a user name or password: remove it")
    if not parts.hostname or parts.path.endswith("/") or not parts.path:
        raise UsageError("an https artifact URI must have a host and end in a file name")
    return HttpsUri(parts.hostname, port, parts.path, parts.query)
