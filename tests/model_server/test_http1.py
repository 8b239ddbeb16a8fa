"""HTTP/1.1 of the REST front end, byte by byte: what is read, what is refused, and when a connection ends."""

import asyncio
import gzip
import json
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httptools
import pytest
from tests.support.memory_transport import MemoryTransport
from tests.support.wait import wait_for

from fogline_model_server.catalog import Catalog
from fogline_model_server.errors import Code
from fogline_model_server.fronts import http1
from fogline_model_server.fronts.connections import Connections
from fogline_model_server.fronts.http1 import Http1Connection, Shared
from fogline_model_server.fronts.work import Work
from fogline_model_server.limits import LIMITS
from fogline_model_server.rest.answer import Reply
from fogline_model_server.serving import Serving

HOST = b"Host: test\r\n"


def now() -> float:
    """Tell the time by the clock of the server."""
    return asyncio.get_running_loop().time()


class Reader:
    """Reads answers."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.headers: dict[str, str] = {}
        self.body = b""

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self.headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body."""
        self.body += body

    def on_message_complete(self) -> None:
        """Keep an answer."""
        self.answers.append((self.parser.get_status_code(), self.headers, self.body))
        self.headers, self.body = {}, b""


class Client:
    """Talks to a connection of the server in this process."""

    def __init__(self, shared: Shared) -> None:
        self.server = Http1Connection(shared)
        self.transport = MemoryTransport()
        self.reader = Reader()
        self.server.connection_made(self.transport)

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.server.data_received(data)

    async def answers(self, count: int) -> list[tuple[int, dict[str, str], bytes]]:
        """Return the answers, when there are that many."""

        def there() -> bool:
            written, self.transport.written = bytes(self.transport.written), bytearray()
            if written:
                self.reader.parser.feed_data(written)
            return len(self.reader.answers) >= count

        await wait_for(there, f"{count} answers", every_seconds=0.002)
        assert len(self.reader.answers) == count
        return self.reader.answers

    async def answer(self, data: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send a request, and return its answer."""
        self.send(data)
        return (await self.answers(len(self.reader.answers) + 1))[-1]

    def tick(self, seconds: float, since: float | None = None) -> None:
        """Let the server look at the clock when that much time has passed, by default since now."""
        self.server.tick((now() if since is None else since) + seconds)


class Gate:
    """Answers what was asked, and ``/slow`` only when it is let."""

    def __init__(self) -> None:
        self.open = threading.Event()

    def answer(self, serving: Serving, method: str, path: str, body: bytes) -> Reply:
        """Say what came."""
        del serving
        if path == "/slow":
            assert self.open.wait(20)
        asked = {"method": method, "path": path, "bytes": len(body), "start": body[:20].decode("latin-1")}
        return Reply(200, json.dumps(asked).encode())


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate()
    monkeypatch.setattr(http1, "answer", gate.answer)
    yield gate
    gate.open.set()


@pytest.fixture
async def shared(gate: Gate) -> Any:
    with ThreadPoolExecutor(1) as threads:
        yield Shared(Serving(Catalog({})), Work(threads), Connections())
        gate.open.set()


@pytest.fixture
async def client(shared: Shared) -> Client:
    return Client(shared)


def post(body: bytes, *headers: bytes, path: bytes = b"/p") -> bytes:
    """Write a request with a length."""
    lines = b"".join(header + b"\r\n" for header in headers)
    return b"POST %s HTTP/1.1\r\n%s%sContent-Length: %d\r\n\r\n%s" % (path, HOST, lines, len(body), body)


async def test_a_connection_stays_open_for_the_next_request(client: Client) -> None:
    for size in (3, 5):
        status, headers, body = await client.answer(post(bytes(size)))
        assert (status, json.loads(body)["bytes"]) == (200, size)
        assert headers["content-type"] == "application/json"
        assert "connection" not in headers
        assert headers["date"].endswith("GMT")
    assert not client.transport.is_closing()


async def test_requests_that_come_together_are_answered_in_their_order(client: Client, gate: Gate) -> None:
    client.send(post(b"1", path=b"/slow") + post(b"22") + b"GET /g HTTP/1.1\r\n" + HOST + b"\r\n")
    gate.open.set()
    asked = [json.loads(body) for _, _, body in await client.answers(3)]
    assert [(one["path"], one["bytes"]) for one in asked] == [("/slow", 1), ("/p", 2), ("/g", 0)]


async def test_a_long_row_of_requests_is_answered_to_the_end_and_read_no_further(
    client: Client, gate: Gate
) -> None:
    client.send(post(b"", path=b"/slow") + post(b"x") * 40)
    assert not client.transport.reads
    gate.open.set()
    assert len(await client.answers(41)) == 41
    assert client.transport.reads


async def test_a_body_may_come_in_chunks_and_bytes_may_come_one_by_one(client: Client) -> None:
    request = (
        b"POST /p HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    for position in range(len(request)):
        client.send(request[position : position + 1])
    ((_, _, body),) = await client.answers(1)
    assert json.loads(body)["start"] == "abcde"


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [(b"gzip", gzip.compress), (b"x-gzip", gzip.compress), (b"deflate", zlib.compress), (b"identity", bytes)],
)
async def test_a_compressed_body_is_read(client: Client, encoding: bytes, pack: Any) -> None:
    _, _, body = await client.answer(post(pack(b"hello"), b"Content-Encoding: " + encoding))
    assert json.loads(body)["start"] == "hello"


@pytest.mark.parametrize(
    ("request_bytes", "status", "text"),
    [
        (b"hello\r\n\r\n", 400, "the request is not HTTP/1.1"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "the request is not HTTP/1.1"),
        (
            b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            "the request is not HTTP/1.1",
        ),
        (
            b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            501,
            "of transfer encodings, only chunked is supported",
        ),
        (
            b"POST / HTTP/1.1\r\nContent-Length: 8388609\r\nExpect: 100-continue\r\n\r\n",
            413,
            "body is larger than 8388608 bytes",
        ),
        (
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n800001\r\n" + bytes(0x800001),
            413,
            "body is larger than 8388608 bytes",
        ),
        (post(b"x", b"Content-Encoding: br"), 415, "Content-Encoding br is not supported"),
        (
            b"GET / HTTP/1.1\r\nA: " + b"x" * 20_000,
            431,
            "the headers are more than 100 or larger than 16384 bytes",
        ),
        (
            b"GET /" + b"x" * 40_000,
            431,
            "the headers are more than 100 or larger than 16384 bytes",
        ),
        (
            b"GET / HTTP/1.1\r\n" + b"A: 1\r\n" * 102,
            431,
            "the headers are more than 100 or larger than 16384 bytes",
        ),
    ],
)
async def test_what_cannot_be_read_is_told_why_and_nothing_more_is_read(
    client: Client, request_bytes: bytes, status: int, text: str
) -> None:
    found, headers, body = await client.answer(request_bytes)
    assert (found, json.loads(body)) == (status, {"error": text})
    assert headers["connection"] == "close"
    assert client.transport.half_closed
    client.send(post(b"more"))
    await client.answers(1)
    client.tick(60)
    assert client.transport.is_closing()


@pytest.mark.parametrize(
    "body", [b"no gzip", gzip.compress(b"hello")[:-4], gzip.compress(b"hello") + b"more"], ids=len
)
async def test_a_body_that_is_not_compressed_as_it_says_is_refused(client: Client, body: bytes) -> None:
    status, _, answer = await client.answer(post(body, b"Content-Encoding: gzip"))
    assert (status, json.loads(answer)) == (
        400,
        {"error": "the body is not compressed as Content-Encoding says"},
    )


async def test_a_body_that_is_small_only_while_compressed_is_refused(client: Client) -> None:
    status, _, _ = await client.answer(
        post(gzip.compress(bytes(LIMITS.rest_body_bytes + 1)), b"Content-Encoding: gzip")
    )
    assert status == 413


async def test_a_client_that_waits_for_a_word_before_the_body_gets_it(client: Client) -> None:
    head, body = post(b"hello", b"Expect: 100-continue").split(b"\r\n\r\n")
    client.send(head + b"\r\n\r\n")
    assert client.transport.written == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.transport.written.clear()
    assert (await client.answer(body))[0] == 200


async def test_head_is_answered_without_a_body(client: Client) -> None:
    client.send(b"HEAD /h HTTP/1.1\r\n" + HOST + b"\r\n")
    await wait_for(lambda: client.transport.written, "an answer")
    head, _, body = bytes(client.transport.written).partition(b"\r\n\r\n")
    assert b"Content-Length: " in head
    assert body == b""


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.0\r\n\r\n",
        post(b"", b"Connection: close"),
        b"GET / HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: A\r\n\r\n",
    ],
)
async def test_the_connection_ends_when_the_client_wants_that_or_another_protocol(
    client: Client, request_bytes: bytes
) -> None:
    status, headers, _ = await client.answer(request_bytes + post(b"not read"))
    assert (status, headers["connection"]) == (200, "close")
    assert client.transport.is_closing()


async def test_a_client_that_has_closed_its_side_is_answered(client: Client, gate: Gate) -> None:
    client.send(post(b"", path=b"/slow"))
    assert client.server.eof_received()
    gate.open.set()
    assert (await client.answers(1))[0][0] == 200
    assert client.transport.is_closing()


async def test_a_client_that_closes_its_side_in_the_middle_is_not(client: Client) -> None:
    client.send(b"POST / HTTP/1.1\r\n")
    assert not client.server.eof_received()


@pytest.mark.parametrize(
    ("begun", "seconds"),
    [(b"GET / HT", LIMITS.header_seconds), (post(b"hello")[:-1], LIMITS.request_seconds)],
)
async def test_a_request_that_does_not_end_is_refused_when_its_time_is_up(
    client: Client, begun: bytes, seconds: float
) -> None:
    before = now()
    client.send(begun)
    client.tick(seconds - 1, before)
    assert not client.transport.written
    client.tick(seconds + 1)
    ((status, headers, _),) = await client.answers(1)
    assert (status, headers["connection"]) == (408, "close")


async def test_an_idle_connection_is_closed_when_its_time_is_up(client: Client) -> None:
    before = now()
    await client.answer(post(b""))
    client.tick(LIMITS.idle_seconds - 1, before)
    assert not client.transport.is_closing()
    client.tick(LIMITS.idle_seconds + 1)
    assert client.transport.is_closing()


async def test_a_client_that_fetches_nothing_is_not_worked_for_and_sent_away(client: Client) -> None:
    before = now()
    client.server.pause_writing()
    client.send(post(b"1"))
    assert not client.transport.reads
    client.tick(LIMITS.stall_seconds - 1, before)
    assert not client.transport.is_closing()
    client.tick(LIMITS.stall_seconds + 1)
    assert client.transport.is_closing()
    assert not client.transport.written


async def test_answers_go_on_when_the_client_fetches_them_again(client: Client) -> None:
    client.server.pause_writing()
    client.send(post(b"1"))
    client.server.resume_writing()
    assert (await client.answers(1))[0][0] == 200
    assert client.transport.reads


async def test_a_draining_connection_answers_what_is_in_flight_and_closes(client: Client, gate: Gate) -> None:
    client.send(post(b"", path=b"/slow"))
    client.server.drain()
    gate.open.set()
    ((status, headers, _),) = await client.answers(1)
    assert (status, headers["connection"]) == (200, "close")
    assert client.transport.is_closing()


async def test_a_request_on_its_way_to_a_draining_connection_is_answered(client: Client) -> None:
    client.server.drain()
    status, headers, _ = await client.answer(post(b""))
    assert (status, headers["connection"]) == (200, "close")
    assert client.transport.is_closing()


async def test_an_idle_connection_that_drains_closes_soon(client: Client) -> None:
    client.server.drain()
    await wait_for(client.transport.is_closing, "it closes")


async def test_requests_of_all_connections_together_are_limited(
    shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    less = type("Less", (), {"held_bytes": 100, "connections": 9})
    monkeypatch.setattr("fogline_model_server.fronts.connections.LIMITS", less)
    first, second, third = (Client(shared) for _ in range(3))
    first.send(post(bytes(60))[:-1])
    status, _, body = await second.answer(post(bytes(60)))
    assert (status, Code.RESOURCE_EXHAUSTED.name) == (429, "RESOURCE_EXHAUSTED")
    assert "too many requests at once" in json.loads(body)["error"]
    first.server.connection_lost(None)
    assert (await third.answer(post(bytes(30))))[0] == 200
