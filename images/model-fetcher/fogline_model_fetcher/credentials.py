"""Credentials of an S3 store: from the files of a mounted Secret, else from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from fogline_model_fetcher.errors import UsageError

KEY_NAMES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
)
"""Keys of the Secret; each is the name of a file in the mounted folder and of an environment variable."""

DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class S3Access:
    """How to reach and to sign for an S3 store. Printing it shows no secret."""

    key_id: str | None = field(default=None, repr=False)
    """None: requests are not signed, as public buckets allow."""
    secret_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    endpoint_url: str | None = None
    """None: Amazon's, in the region."""
    region: str = DEFAULT_REGION

    @property
    def is_plain_http(self) -> bool:
        """Whether the endpoint was written with ``http://``: nothing else allows a connection without TLS."""
        return (self.endpoint_url or "").startswith("http://")


def read_access(folder: Path | None, environment: Mapping[str, str]) -> S3Access:
    """Collect the access from a folder of files, if there is one, and the environment. A file wins.

    Raises
    ------
    UsageError
        A file cannot be read, only one half of a key pair is there, or the endpoint is not a URL.
    """
    values = {name: _value(name, folder, environment) for name in KEY_NAMES}
    key_id, secret_key = values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"]
    if (key_id is None) != (secret_key is None):
        raise UsageError("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be given together")
    endpoint_url = values["AWS_ENDPOINT_URL"]
    if endpoint_url is not None and not _is_endpoint(endpoint_url):
        raise UsageError(
            "AWS_ENDPOINT_URL must be a URL like https://host or http://host:port, without a path"
        )
    return S3Access(
        key_id, secret_key, values["AWS_SESSION_TOKEN"], endpoint_url, values["AWS_REGION"] or DEFAULT_REGION
    )


def _value(name: str, folder: Path | None, environment: Mapping[str, str]) -> str | None:
    try:
        text = (folder / name).read_text("utf-8") if folder else None
    except FileNotFoundError:
        text = None
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"the file {name} of the credentials cannot be read") from None
    return (text or environment.get(name, "")).strip() or None


def _is_endpoint(text: str) -> bool:
    try:
        parts = urlsplit(text)
        has_valid_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    has_extras = parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None
    return parts.scheme in ("http", "https") and bool(parts.hostname) and has_valid_port and not has_extras
