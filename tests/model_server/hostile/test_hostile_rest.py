"""Hostile clients of REST."""

import asyncio
import gzip
import json
import socket
from collections.abc import Callable
from contextlib import closing

import pytest
from tests.support.model_server import Server
from tests.support.wait import wait_for

from fogline_model_server.limits import LIMITS

PREDICT = b"POST /v1/models/tiny:predict HTTP/1.1\r\nHost: a\r\n"
GOOD_BODY = b'{"instances": [[1, 2, 3]]}'
DEPTH = 100_000
PATIENCE_SECONDS = 30.0
DRIPPING_CLIENTS = 50


def connected(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.rest_port), timeout=PATIENCE_SECONDS)


def answer(client: socket.socket) -> bytes:
    """Return what comes until the server closes."""
    received = bytearray()
    try:
        while piece := client.recv(1 << 16):
            received += piece
    except ConnectionResetError:
        pass
    return bytes(received)


def status(text: bytes) -> int:
    assert text.startswith(b"HTTP/1.1 "), text[:80]
    return int(text.split(b" ", 2)[1])


@pytest.mark.parametrize(
    "body",
    [
        b"[" * DEPTH,
        b'{"instances":' + b"[" * DEPTH + b"]" * DEPTH + b"}",
        b'{"instances":' + b"[" * DEPTH + b"NaN" + b"]" * DEPTH + b"}",
        b'{"instances": [' + b'{"x":' * DEPTH + b"1" + b"}" * DEPTH + b"]}",
        b'{"inputs": {"x": ' + b"[" * 900 + b"NaN" + b"]" * 900 + b"}}",
    ],
    ids=["open lists", "lists", "lists with NaN", "objects", "shallow enough for a parser"],
)
def test_deep_nesting_is_refused(rest_target: Server, body: bytes) -> None:
    code, document = rest_target.rest_predict(body)
    assert (code, [*document]) == (400, ["error"])
    assert len(document["error"]) <= LIMITS.message_characters


def test_a_short_body_that_unpacks_to_a_huge_one_is_refused(rest_target: Server) -> None:
    bomb = gzip.compress(bytes(512 << 20), compresslevel=1)
    head = PREDICT + b"Content-Encoding: gzip\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(bomb)
    with closing(connected(rest_target)) as client:
        client.sendall(head + bomb)
        assert status(answer(client)) == 413


def test_a_body_that_does_not_end_is_refused_at_the_limit(rest_target: Server) -> None:
    piece = b"%x\r\n%s\r\n" % (1 << 16, b" " * (1 << 16))
    sent = 0
    with closing(connected(rest_target)) as client:
        client.sendall(PREDICT + b"Transfer-Encoding: chunked\r\n\r\n")
        try:
            while sent < 4 * LIMITS.rest_body_bytes:
                client.sendall(piece)
                sent += len(piece)
        except (BrokenPipeError, ConnectionResetError):
            return  # it has closed before we were done
        assert status(answer(client)) == 413


def test_a_body_that_says_it_is_huge_is_refused_before_it_comes(rest_target: Server) -> None:
    with closing(connected(rest_target)) as client:
        client.sendall(PREDICT + b"Content-Length: 99999999999\r\n\r\n")
        assert status(answer(client)) == 413


@pytest.mark.parametrize(
    "head",
    [
        PREDICT + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        PREDICT + b"Content-Length: -1\r\n\r\n",
        PREDICT + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        PREDICT + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        PREDICT + b"Content-Length: 3\r\nContent-Encoding: lzma\r\n\r\nabc",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\n\r\n",
        b"GET /v1/models/tiny HTTP/1.1\r\n" + b"A: b\r\n" * 1000 + b"\r\n",
        b"GET /v1/models/tiny HTTP/1.1\r\nA: " + b"b" * (1 << 20) + b"\r\n\r\n",
    ],
    ids=[
        *(
            "two lengths",
            "negative length",
            "other length",
            "huge chunk",
            "unknown encoding",
            "TLS",
            "HTTP/9",
        ),
        *("HTTP/2", "long path", "many headers", "long header"),
    ],
)
def test_what_breaks_the_protocol_is_refused_and_the_connection_ends(
    rest_target: Server, head: bytes
) -> None:
    with closing(connected(rest_target)) as client:
        try:
            client.sendall(head)
            client.shutdown(socket.SHUT_WR)
        except OSError:
            return  # it has closed before we were done
        text = answer(client)
    assert not text or 400 <= status(text) < 600


async def test_clients_that_drip_headers_are_sent_away_and_keep_nobody_waiting(rest_target: Server) -> None:
    ended = [asyncio.create_task(seconds_until_sent_away(rest_target)) for _ in range(DRIPPING_CLIENTS)]
    while not any(task.done() for task in ended):
        code, _ = await asyncio.to_thread(rest_target.rest_predict, GOOD_BODY)
        assert code == 200
        await asyncio.sleep(0.5)
    for seconds in await asyncio.gather(*ended):
        assert LIMITS.header_seconds - 1 < seconds < LIMITS.header_seconds + PATIENCE_SECONDS


async def seconds_until_sent_away(server: Server) -> float:
    """Send a byte of a header every half a second until the server says or does something."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.rest_port)
    told = asyncio.create_task(reader.read(1))
    for byte in b"GET /v1/models/tiny HTTP/1.1\r\nA: " + b"b" * 100:
        writer.write(bytes([byte]))
        done, _ = await asyncio.wait([told], timeout=0.5)
        if done:
            break
    seconds = loop.time() - began
    await asyncio.wait([told], timeout=PATIENCE_SECONDS)
    writer.close()
    return seconds


async def test_more_connections_than_there_may_be_keep_nobody_out(rest_target: Server) -> None:
    more = 50
    idle = [
        await asyncio.open_connection("127.0.0.1", rest_target.rest_port)
        for _ in range(LIMITS.connections + more)
    ]
    closings = [asyncio.create_task(reader.read()) for reader, _ in idle]
    try:
        code, _ = await asyncio.to_thread(rest_target.rest_predict, GOOD_BODY)
        assert code == 200
        await wait_for(lambda: sum(task.done() for task in closings) > more, "the oldest are closed")
        assert sum(task.done() for task in closings) < 2 * more
    finally:
        for _, writer in idle:
            writer.close()
        await asyncio.gather(*closings, return_exceptions=True)


def test_a_client_that_sends_no_more_but_listens_is_answered(rest_target: Server) -> None:
    with closing(connected(rest_target)) as client:
        client.sendall(PREDICT + b"Content-Length: %d\r\n\r\n%s" % (len(GOOD_BODY), GOOD_BODY))
        client.shutdown(socket.SHUT_WR)
        text = answer(client)
    assert status(text) == 200
    assert json.loads(text.partition(b"\r\n\r\n")[2])["predictions"][0]["total"] == 6


@pytest.mark.parametrize("leave", [socket.socket.close, lambda client: client.shutdown(socket.SHUT_RDWR)])
def test_clients_that_leave_in_the_middle_harm_nothing(
    rest_target: Server, leave: Callable[[socket.socket], object]
) -> None:
    request = PREDICT + b"Content-Length: %d\r\n\r\n%s" % (len(GOOD_BODY), GOOD_BODY)
    for end in range(1, len(request), 7):
        with closing(connected(rest_target)) as client:
            client.sendall(request[:end])
            leave(client)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/models/tiny:predict", {"instances": [["a"]]}),
        ("/v1/models/tiny:predict", {"signature_name": "divide", "inputs": {"a": [1, 2, 3], "b": [1, 2]}}),
        ("/v1/models/tiny:predict", {"signature_name": "none", "instances": [1]}),
        ("/v1/models/tiny:predict", {"instances": [[1, 2]]}),
        ("/v1/models/tiny:classify", {"examples": [{"x": [1, 2, 3]}]}),
        ("/v1/models/tiny/versions/7:predict", {"instances": [[1, 2]]}),
        ("/v1/models/..%2f..%2fetc%2fpasswd:predict", {"instances": [[1, 2]]}),
        ("/v1/nothing", {}),
    ],
)
def test_texts_of_errors_say_nothing_about_the_machine(rest_target: Server, path: str, body: object) -> None:
    code, document = rest_target.rest("POST", path, body)
    assert 400 <= code < 500
    for secret in ("/root", "/tmp", ".py", ".cc:", "site-packages", "0x"):  # noqa: S108  must not be there
        assert secret not in document["error"]
