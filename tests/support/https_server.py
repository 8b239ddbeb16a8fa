"""A web server with a certificate of its own that misbehaves as a test tells it to."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import trustme

CHUNK_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """How the server answers a request."""

    content: bytes = b""
    """The whole file."""
    status: int = 200
    etag: str | None = '"one"'
    knows_ranges: bool = True
    announces_ranges: bool = False
    """Say so in the header Accept-Ranges."""
    sends_at_most_bytes: int | None = None
    """Cut the connection after so many bytes of the body."""
    stalls_after_bytes: int | None = None
    """Send so many bytes of the body, then nothing until the server stops."""
    drips: bool = False
    """Send the body byte by byte, with pauses."""
    announced_length: str | None = None
    """Content-Length, when it is not the true one."""
    announces_length: bool = True
    location: str | None = None
    content_encoding: str | None = None


@dataclass
class HttpsServer:
    """A running server: what it will answer, and what it was asked."""

    url: str
    ca_file: Path
    answers: list[Answer] = field(default_factory=list)
    """One for each request to come; the last one goes on for ever."""
    ranges: list[str | None] = field(default_factory=list)
    """The Range header of each request, in order."""
    authorizations: list[str | None] = field(default_factory=list)
    """The Authorization header of each request, in order."""
    stopped: Event = field(default_factory=Event)

    def next_answer(self, requested_range: str | None) -> Answer:
        """Note a request and return its answer."""
        self.ranges.append(requested_range)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def run_https_server(folder: Path) -> Iterator[HttpsServer]:
    """Run a server on a loopback port; the folder takes the certificate of its authority."""
    authority = trustme.CA()
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(tls)
    listener = _QuietServer(("127.0.0.1", 0), _Handler)
    listener.socket = tls.wrap_socket(listener.socket, server_side=True, do_handshake_on_connect=False)
    listener.state = HttpsServer(f"https://127.0.0.1:{listener.server_port}", ca_file)
    thread = Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    try:
        yield listener.state
    finally:
        listener.state.stopped.set()
        listener.shutdown()
        listener.server_close()
        thread.join()


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    state: HttpsServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that break off are what the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _QuietServer

    def do_GET(self) -> None:
        requested = self.headers["Range"]
        self.server.state.authorizations.append(self.headers["Authorization"])
        answer = self.server.state.next_answer(requested)
        size = len(answer.content)
        span = (0, size)
        if requested and answer.knows_ranges and self.headers["If-Range"] == answer.etag:
            span = _span_of(requested, size)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {span[0]}-{span[1] - 1}/{size}")
        else:
            self.send_response(answer.status)
        if answer.announces_length:
            self.send_header("Content-Length", answer.announced_length or str(span[1] - span[0]))
        for name, value in (
            ("ETag", answer.etag),
            ("Accept-Ranges", "bytes" if answer.announces_ranges else None),
            ("Location", answer.location),
            ("Content-Encoding", answer.content_encoding),
        ):
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        with suppress(OSError):
            self._send(answer, answer.content[slice(*span)])

    def _send(self, answer: Answer, body: bytes) -> None:
        body = body[: answer.sends_at_most_bytes]
        while answer.drips and body and not self.server.state.stopped.wait(0.05):
            self.wfile.write(body[:1])
            body = body[1:]
        for offset in range(0, len(body), CHUNK_BYTES):
            if answer.stalls_after_bytes is not None and offset >= answer.stalls_after_bytes:
                self.server.state.stopped.wait(60)
                return
            self.wfile.write(body[offset : offset + CHUNK_BYTES])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  signature of the base class
        """Say nothing."""


def _span_of(requested: str, size: int) -> tuple[int, int]:
    first, _, last = requested.removeprefix("bytes=").partition("-")
    return int(first), int(last) + 1 if last else size
