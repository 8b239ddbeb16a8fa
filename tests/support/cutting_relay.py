"""A TCP relay in front of a server that cuts each connection after so many bytes of the answer."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from urllib.parse import urlsplit


@dataclass
class Relay:
    """A running relay."""

    url: str
    target: tuple[str, int]
    sends_at_most_bytes: int | None = None
    """Bytes of an answer, its head included, after which the connection is cut; None: never."""
    sent_bytes: int = 0
    """Of all answers, their heads included."""
    requests: list[str] = field(default_factory=list)
    """The head of each request."""


@contextmanager
def run_relay(server_url: str) -> Iterator[Relay]:
    """Relay to a plain http server."""
    parts = urlsplit(server_url)
    with _Server(("127.0.0.1", 0), _Handler) as server:
        port = server.server_address[1]
        server.relay = Relay(f"http://127.0.0.1:{port}", (parts.hostname or "", parts.port or 80))
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.relay
        finally:
            server.shutdown()


class _Server(ThreadingTCPServer):
    daemon_threads = True
    relay: Relay


class _Handler(BaseRequestHandler):
    server: _Server
    request: socket.socket

    def handle(self) -> None:
        relay = self.server.relay
        head = self.request.recv(64 * 1024)
        relay.requests.append(head.decode("latin-1"))
        with socket.create_connection(relay.target, timeout=20) as upstream:
            upstream.sendall(head)
            with suppress(ConnectionError):  # clients that are killed are what it is for
                self._relay(upstream, relay)

    def _relay(self, upstream: socket.socket, relay: Relay) -> None:
        left = relay.sends_at_most_bytes
        while data := upstream.recv(16 * 1024):
            self.request.sendall(data[:left])
            relay.sent_bytes += len(data[:left])
            if left is not None and (left := left - len(data)) <= 0:
                return
