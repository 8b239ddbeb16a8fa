"""A kept connection to an API server outlives that the server ends it."""

import http.client
import socketserver
import threading
from collections.abc import Iterator

import pytest
from dev.api import Connection
from dev.errors import DevError


class OneAnswer(socketserver.StreamRequestHandler):
    """Answers the first request on a connection, and ends it without saying so."""

    def handle(self) -> None:
        """Read the head of a request, and answer."""
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


@pytest.fixture
def api() -> Iterator[Connection]:
    """Connect to such a server."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), OneAnswer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
        yield Connection(connection)
        connection.close()
        server.shutdown()
        thread.join()


def test_what_is_read_on_a_connection_that_was_ended_is_read_on_another(api: Connection) -> None:
    assert [api.request("GET", "/version") for _ in range(3)] == [{}, {}, {}]


def test_what_may_have_been_carried_out_is_not_sent_again(api: Connection) -> None:
    assert api.request("GET", "/version") == {}
    with pytest.raises(DevError, match="DELETE /api"):
        api.request("DELETE", "/api")
