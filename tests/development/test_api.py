"""A kept connection to an API server outlives that the server ends it."""

import http.client
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import trustme
from dev.api import Connection
from dev.errors import DevError


class OneAnswer(socketserver.StreamRequestHandler):
    """Answers the first request on a connection, and ends it without saying so."""

    def handle(self) -> None:
        """Read a request, and answer."""
        self.rfile.readline()
        head = http.client.parse_headers(self.rfile)
        self.rfile.read(int(head.get("Content-Length", "0")))
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


class EndingServer(socketserver.ThreadingTCPServer):
    """Serves that, in the clear or by TLS."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), OneAnswer)
        self._tls = tls
        self.ended = threading.Semaphore(0)
        """As often as a connection was ended."""

    def get_request(self) -> tuple[socket.socket, Any]:
        """Take a connection."""
        taken, address = super().get_request()
        return (self._tls.wrap_socket(taken, server_side=True) if self._tls else taken), address

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        super().shutdown_request(request)
        self.ended.release()


class EndedConnection:
    """A connection that the server has ended before each request but the first."""

    def __init__(self, connection: Connection, server: EndingServer) -> None:
        self._connection = connection
        self._server = server

    def request(self, method: str, path: str, body: object = None) -> Any:
        """Send a request, and wait until the server has ended what it was answered on."""
        answer = self._connection.request(method, path, body)
        assert self._server.ended.acquire(timeout=10)
        return answer


@pytest.fixture(params=["http", "https"])
def api(request: pytest.FixtureRequest) -> Iterator[EndedConnection]:
    """Connect to such a server."""
    authority = trustme.CA() if request.param == "https" else None
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if authority else None
    trusting = ssl.create_default_context()
    if authority and tls:
        authority.issue_cert("127.0.0.1").configure_cert(tls)
        authority.configure_trust(trusting)
    with EndingServer(tls) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        where = ("127.0.0.1", server.server_address[1])
        connection = (
            http.client.HTTPSConnection(*where, timeout=10, context=trusting)
            if tls
            else http.client.HTTPConnection(*where, timeout=10)
        )
        yield EndedConnection(Connection(connection), server)
        connection.close()
        server.shutdown()
        thread.join()


def test_what_is_read_on_a_connection_that_was_ended_is_read_on_another(api: EndedConnection) -> None:
    assert [api.request("GET", "/version") for _ in range(3)] == [{}, {}, {}]


def test_a_connection_that_was_idle_for_long_is_made_anew_for_any_request(
    api: EndedConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dev.api._TRUSTED_SECONDS", 0.0)
    assert [api.request("DELETE", "/api") for _ in range(3)] == [{}, {}, {}]


def test_what_may_have_been_carried_out_is_not_sent_again(api: EndedConnection) -> None:
    assert api.request("GET", "/version") == {}
    with pytest.raises(DevError, match="DELETE /api"):
        api.request("DELETE", "/api")
