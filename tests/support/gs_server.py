"""A server that speaks the XML API of Google Cloud Storage to readers, and checks their signatures.

Google publishes no server to test with. This one knows what a reader needs: listing, heads, ranges,
preconditions, and tokens that a service account signs itself (RFC 7519, as in Google's "Service account
authorization without OAuth").
"""

import base64
import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ACCOUNT = "reader@project.iam.gserviceaccount.com"
DATE = "Tue, 24 Nov 2026 00:00:00 GMT"


@dataclass
class GsServer:
    """A running server with one bucket."""

    url: str
    key: rsa.RSAPrivateKey
    objects: Mapping[str, bytes] = field(default_factory=dict)
    is_public: bool = False
    requests: list[str] = field(default_factory=list)
    """Method and target of each request."""

    def account_key(self, **changes: str) -> str:
        """Return the key file of the service account that may read, as Google writes it."""
        pem = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        document = {
            "type": "service_account",
            "project_id": "project",
            "private_key_id": "1",
            "private_key": pem.decode(),
            "client_email": ACCOUNT,
            "client_id": "1",
            "token_uri": "https://oauth2.googleapis.com/token",
        }
        return json.dumps({**document, **changes})

    def may_read(self, authorization: str | None) -> bool:
        """Say whether a request may see the bucket."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme != "Bearer" or token.count(".") != 2:
            return self.is_public
        signed, _, signature = token.rpartition(".")
        try:
            self.key.public_key().verify(
                _decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature:
            return False
        claims = json.loads(_decoded(signed.partition(".")[2]))
        return bool(claims["iss"] == ACCOUNT and claims["iat"] <= time.time() + 60 < claims["exp"] + 60)


@contextmanager
def run_gs_server(key: rsa.RSAPrivateKey) -> Iterator[GsServer]:
    """Run a server on a loopback port, without TLS."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.state = GsServer(f"http://127.0.0.1:{server.server_port}", key)
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.state
        finally:
            server.shutdown()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    state: GsServer


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        state, target = self.server.state, urlsplit(self.path)
        state.requests.append(f"{self.command} {self.path}")
        _, _, key = unquote(target.path).removeprefix("/").partition("/")
        query = parse_qs(target.query)
        if not state.may_read(self.headers["Authorization"]):
            self._answer(403 if self.headers["Authorization"] else 401, b"<Error/>")
        elif not key and "prefix" in query:
            self._answer(200, _listing(state.objects, query["prefix"][0]))
        elif key not in state.objects:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            self._answer_object(state.objects[key])

    do_HEAD = do_GET  # noqa: N815  the name that the base class looks for

    def _answer_object(self, content: bytes) -> None:
        etag = f'"{md5(content, usedforsecurity=False).hexdigest()}"'
        if self.headers["If-Match"] not in (None, etag):
            self._answer(412, b"<Error/>")
            return
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers["Range"] or "")
        if not wanted:
            self._answer(200, content, ETag=etag)
            return
        start, end = int(wanted[1]), min(int(wanted[2] or len(content)), len(content) - 1)
        about = f"bytes {start}-{end}/{len(content)}"
        self._answer(206, content[start : end + 1], **{"ETag": etag, "Content-Range": about})

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "Last-Modified": DATE, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  signature of the base class
        """Say nothing."""


def _listing(objects: Mapping[str, bytes], prefix: str) -> bytes:
    entries = "".join(
        f"<Contents><Key>{escape(key)}</Key><LastModified>2026-11-24T00:00:00.000Z</LastModified>"
        f"<ETag>&quot;{md5(content, usedforsecurity=False).hexdigest()}&quot;</ETag>"
        f"<Size>{len(content)}</Size></Contents>"
        for key, content in objects.items()
        if key.startswith(prefix)
    )
    return f"<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>".encode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
