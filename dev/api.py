"""One kept connection to an API server: enough to create many objects quickly, without a client library."""

import base64
import http.client
import json
import ssl
import tempfile
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dev import libyaml
from dev.errors import DevError

REQUEST_LIMIT_SECONDS = 30.0

_TRUSTED_SECONDS = 30.0
"""A connection that was idle for longer is made anew: the API server ends it after 90 s."""


class Connection:
    """A connection of one thread. `connect` makes it."""

    def __init__(self, http_connection: http.client.HTTPConnection) -> None:
        self._http = http_connection
        self._used_at = time.monotonic()

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> Any:
        """Send a request and return the decoded JSON answer; None when it is empty.

        Raises
        ------
        DevError
            The server refuses the request or cannot be reached.
        """
        headers = {"Content-Type": content_type, "Accept": accept}
        data = None if body is None else json.dumps(body)
        try:
            answer, text = self._exchange(method, path, data, headers)
        except (OSError, http.client.HTTPException) as error:
            self._http.close()  # the next request then opens it anew
            raise DevError(
                f"{method} {path}: {error!r}", "see whether the API server runs; start it again"
            ) from error
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise DevError(f"{method} {path}: {answer.status} {_told(text)}", "look at the answer above")
        return json.loads(text) if text else None

    def _exchange(
        self, method: str, path: str, data: str | None, headers: Mapping[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        try:
            return self._exchange_once(method, path, data, headers)
        except (ConnectionError, ssl.SSLEOFError):
            self._http.close()
            if method != "GET":  # it may have been carried out
                raise
            # a server that was started anew has ended it
            return self._exchange_once(method, path, data, headers)

    def _exchange_once(
        self, method: str, path: str, data: str | None, headers: Mapping[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        if time.monotonic() - self._used_at > _TRUSTED_SECONDS:
            self._http.close()
        self._http.request(method, path, data, headers)
        answer = self._http.getresponse()
        text = answer.read()
        self._used_at = time.monotonic()
        return answer, text


def _told(text: bytes) -> str:
    """Return the message of a refusal, or as much of another answer as a person reads."""
    try:
        return str(json.loads(text)["message"])
    except (ValueError, TypeError, KeyError):
        return text[:300].decode(errors="replace")


def server_url(kubeconfig: Path) -> str:
    """Return the URL of the API server of the current context."""
    cluster, _ = _current(kubeconfig)
    return str(cluster["server"])


@contextmanager
def connect(kubeconfig: Path) -> Iterator[Connection]:
    """Connect to the API server of a kubeconfig with client certificates, as kind and kwokctl write it."""
    cluster, user = _current(kubeconfig)
    address = urllib.parse.urlsplit(cluster["server"])
    with tempfile.TemporaryDirectory() as folder:
        files = [
            _file(source, name, Path(folder), kubeconfig.parent)
            for source, name in (
                (cluster, "certificate-authority"),
                (user, "client-certificate"),
                (user, "client-key"),
            )
        ]
        context = ssl.create_default_context(cafile=files[0])
        context.load_cert_chain(files[1], files[2])
    connection = http.client.HTTPSConnection(
        address.hostname or "", address.port, timeout=REQUEST_LIMIT_SECONDS, context=context
    )
    try:
        yield Connection(connection)
    finally:
        connection.close()


def _current(kubeconfig: Path) -> tuple[dict[str, str], dict[str, str]]:
    document = libyaml.load(kubeconfig.read_text())
    context = _named(document["contexts"], document["current-context"])["context"]
    cluster = _named(document["clusters"], context["cluster"])["cluster"]
    return cluster, _named(document["users"], context["user"])["user"]


def _named(entries: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(entry for entry in entries if entry["name"] == name)


def _file(source: Mapping[str, str], name: str, folder: Path, base: Path) -> Path:
    """Return a file with the credential, which is in the kubeconfig itself or in a file beside it."""
    if f"{name}-data" not in source:
        return base / source[name]
    file = folder / name
    file.touch(mode=0o600)
    file.write_bytes(base64.b64decode(source[f"{name}-data"]))
    return file
