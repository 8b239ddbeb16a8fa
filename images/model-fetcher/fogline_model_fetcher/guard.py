"""Makes a client library connect only to addresses from which an artifact may come.

The S3 client resolves names and follows redirects on its own and cannot be told where not to go. So it is
given this proxy, on a loopback port, as its only way out: each connection it wants, the one after a
redirect too, is opened here by the connector.
"""

import selectors
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from fogline_model_fetcher.connection import IDLE_TIMEOUT_SECONDS, Connector
from fogline_model_fetcher.errors import FetchError, TransientError
from fogline_model_fetcher.throttle import Throttle

RELAY_BYTES = 256 * 1024
HTTP_PORT = 80


class Guard(ThreadingHTTPServer):
    """An HTTP proxy for requests in the clear and for tunnels; it runs while the context is open."""

    daemon_threads = True

    def __init__(self, connector: Connector) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.connector = connector
        self._failure: FetchError | None = None

    @property
    def url(self) -> str:
        """Address of the proxy."""
        return f"http://127.0.0.1:{self.server_port}"

    def take_failure(self) -> FetchError | None:
        """Return why the last connection was not opened: the client that asked for it cannot tell.

        What may have passed is told once; an address that is refused, to each who asks.
        """
        failure = self._failure
        if isinstance(failure, TransientError):
            self._failure = None
        return failure

    def note_failure(self, failure: FetchError) -> None:
        """Remember why a connection was not opened."""
        self._failure = failure

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, name="guard", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Guard
    protocol_version = "HTTP/1.1"
    timeout = IDLE_TIMEOUT_SECONDS

    def do_CONNECT(self) -> None:
        """Open a tunnel, for https."""
        self._serve(f"//{self.path}", head=b"")

    def do_GET(self) -> None:
        """Pass one request on, for http, and make it the last one of both connections."""
        target = urlsplit(self.path)
        path = target._replace(scheme="", netloc="").geturl() or "/"
        del self.headers["Connection"], self.headers["Proxy-Connection"]
        self.headers["Connection"] = "close"
        lines = (
            f"{self.command} {path} HTTP/1.1",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        )
        head = "\r\n".join((*lines, "", "")).encode("latin-1")
        if self.headers.get("Content-Length", "0") != "0":
            # The beginning of the body may have been read together with its head.
            head += self.rfile.read1(RELAY_BYTES)
        self._serve(self.path, head)

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815  the names that the base class looks for

    def _serve(self, target: str, head: bytes) -> None:
        self.close_connection = True
        upstream = self._connect(target)
        if upstream is None:
            return
        with upstream:
            try:
                if head:
                    upstream.sendall(head)
                else:
                    self.send_response_only(200)
                    self.end_headers()
                _relay(self.connection, upstream, self.server.connector.throttle)
            except OSError:
                return

    def _connect(self, target: str) -> socket.socket | None:
        try:
            parts = urlsplit(target)
            return self.server.connector.connect(parts.hostname or "", parts.port or HTTP_PORT)
        except ValueError:
            self.send_error(400)
        except FetchError as failure:
            self.server.note_failure(failure)
            self.send_error(502)
        return None

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  signature of the base class
        """Say nothing: the URLs may be secret."""


def _relay(client: socket.socket, upstream: socket.socket, throttle: Throttle) -> None:
    """Copy both ways until one side ends or is silent for too long."""
    other = {client: upstream, upstream: client}
    with selectors.DefaultSelector() as selector:
        for side, opposite in other.items():
            selector.register(side, selectors.EVENT_READ, opposite)
        while ready := selector.select(IDLE_TIMEOUT_SECONDS):
            for key, _ in ready:
                data = key.fileobj.recv(RELAY_BYTES)  # type: ignore[union-attr]
                if not data:
                    return
                if key.fileobj is upstream:
                    throttle.take(len(data))
                key.data.sendall(data)
