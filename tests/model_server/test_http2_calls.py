"""The gRPC front end on libnghttp2, frame by frame: client and connection in one process."""

import asyncio
import gzip
import threading
import zlib
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ngh2
import numpy as np
import pytest
from tests.support.http2_peer import PREDICT, STATUS, MemoryPair
from tests.support.model_server import predict_request
from tests.support.wait import wait_for

from fogline_model_server import engines, messages, wire
from fogline_model_server.catalog import Catalog, ModelVersion, ServedModel, State, VersionStatus
from fogline_model_server.engines import Engine
from fogline_model_server.errors import Code
from fogline_model_server.fronts.connections import Connections
from fogline_model_server.fronts.http2.calls import Shared
from fogline_model_server.fronts.http2.connection import Http2Connection
from fogline_model_server.fronts.http2.message import framed
from fogline_model_server.fronts.http2.methods import Method, methods
from fogline_model_server.fronts.http2.request import Reader
from fogline_model_server.fronts.work import Work
from fogline_model_server.limits import LIMITS
from fogline_model_server.serving import Serving

ROWS = predict_request({"x": np.array([[1, 2, 3], [4, 5, 6]], np.float32)}).SerializeToString()
BODY = framed(ROWS)
ONE = "The method requires exactly one request message."


@pytest.fixture(scope="module")
def engine(models: Path) -> Engine:
    return engines.load(models / "tflite/1")


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture
async def shared(engine: Engine, threads: ThreadPoolExecutor) -> Shared:
    tiny = ServedModel((ModelVersion(1, engine),), (VersionStatus(1, State.AVAILABLE),))
    serving = Serving(Catalog({"tiny": tiny}))
    found = methods(serving, wire.Predictor(serving))
    return Shared(serving, found, Work(threads), Connections(), Reader())


@pytest.fixture
async def pair(shared: Shared) -> MemoryPair:
    return MemoryPair(Http2Connection(shared))


def totals(message: bytes) -> list[float]:
    """Return the output ``total`` of a PredictResponse."""
    return list(messages.PredictResponse.FromString(message).outputs["total"].float_val)


async def test_a_call_is_answered_with_headers_a_message_and_trailers(pair: MemoryPair) -> None:
    answer = await pair.call(PREDICT, BODY)
    assert answer.headers[b":status"] == b"200"
    assert answer.headers[b"content-type"] == b"application/grpc"
    assert totals(answer.message()) == [6, 15]
    assert answer.trailers == {b"grpc-status": b"0"}


@pytest.mark.parametrize("content_type", [b"application/grpc+proto", b"application/grpc;charset=utf-8"])
async def test_content_types_of_grpc_are_taken(pair: MemoryPair, content_type: bytes) -> None:
    assert (await pair.call(PREDICT, BODY, content_type=content_type)).status[0] == 0


@pytest.mark.parametrize("content_type", [b"application/json", b"application/grpc-web", None])
async def test_another_content_type_is_415(pair: MemoryPair, content_type: bytes | None) -> None:
    answer = await pair.call(PREDICT, BODY, content_type=content_type)
    assert answer.headers == {b":status": b"415"}


async def test_another_method_than_post_is_405(pair: MemoryPair) -> None:
    assert (await pair.call(PREDICT, None, method=b"GET")).headers == {b":status": b"405"}


@pytest.mark.parametrize(
    ("body", "headers", "code", "text"),
    [
        (None, {}, Code.UNIMPLEMENTED, ONE),
        (b"", {}, Code.UNIMPLEMENTED, ONE),
        (BODY[:3], {}, Code.UNIMPLEMENTED, ONE),
        (BODY[:-1], {}, Code.UNIMPLEMENTED, ONE),
        (BODY + BODY, {}, Code.UNIMPLEMENTED, ONE),
        (BODY + b"\0", {}, Code.UNIMPLEMENTED, ONE),
        (framed(b"\xff\xff"), {}, Code.INTERNAL, "Exception deserializing request!"),
        (b"\2" + BODY[1:], {}, Code.INTERNAL, "unknown flags of a message: 2"),
        (b"\1" + BODY[1:], {}, Code.INTERNAL, "Compression bit set but no encoding configured"),
        (
            b"\1" + BODY[1:],
            {"grpc_encoding": b"gzip"},
            Code.INTERNAL,
            "Decompression failed due to zlib error",
        ),
        (
            b"\1" + framed(gzip.compress(ROWS)[:-3])[1:],
            {"grpc_encoding": b"gzip"},
            Code.INTERNAL,
            "Decompression failed due to zlib error",
        ),
        (
            BODY,
            {"grpc_encoding": b"snappy"},
            Code.UNIMPLEMENTED,
            "Compression algorithm 'snappy' is not supported",
        ),
        (BODY, {"grpc_timeout": b"soon"}, Code.INTERNAL, "malformed grpc-timeout: soon"),
        (BODY, {"grpc_timeout": b"123456789S"}, Code.INTERNAL, "malformed grpc-timeout: 123456789S"),
        (BODY, {"grpc_timeout": b"0m"}, Code.DEADLINE_EXCEEDED, "Deadline Exceeded"),
        (
            b"\0" + (LIMITS.grpc_message_bytes + 1).to_bytes(4, "big"),
            {},
            Code.RESOURCE_EXHAUSTED,
            "SERVER: Received message larger than max (33554433 vs. 33554432)",
        ),
    ],
    ids=[
        "no body",
        "empty body",
        "cut prefix",
        "cut message",
        "two messages",
        "one byte more",
        "no protobuf",
        "unknown flags",
        "packed without encoding",
        "not packed",
        "cut packed message",
        "unknown encoding",
        "timeout in words",
        "long timeout",
        "no time",
        "too large",
    ],
)
async def test_a_call_that_breaks_the_protocol_is_told_how(
    pair: MemoryPair, body: bytes | None, headers: dict[str, bytes], code: Code, text: str
) -> None:
    answer = await pair.call(PREDICT, body, **headers)
    assert (answer.headers[b":status"], answer.status) == (b"200", (code, text))
    assert (await pair.call(PREDICT, BODY)).status[0] == 0


async def test_an_unknown_method_is_unimplemented(pair: MemoryPair) -> None:
    answer = await pair.call(b"/tensorflow.serving.PredictionService/Explain", BODY)
    assert answer.status == (Code.UNIMPLEMENTED, "Method not found!")


@pytest.mark.parametrize(("encoding", "pack"), [(b"gzip", gzip.compress), (b"deflate", zlib.compress)])
async def test_compressed_messages_are_read(pair: MemoryPair, encoding: bytes, pack: Any) -> None:
    body = b"\1" + framed(pack(ROWS))[1:]
    answer = await pair.call(PREDICT, body, grpc_encoding=encoding)
    assert totals(answer.message()) == [6, 15]


async def test_a_message_that_is_small_only_while_compressed_is_refused(pair: MemoryPair) -> None:
    packed = gzip.compress(bytes(LIMITS.grpc_message_bytes + 1))
    answer = await pair.call(PREDICT, b"\1" + framed(packed)[1:], grpc_encoding=b"gzip")
    assert answer.status == (Code.RESOURCE_EXHAUSTED, "Decompressed message larger than max")


async def test_a_message_may_come_in_pieces_and_end_with_trailers(pair: MemoryPair) -> None:
    answer = pair.peer.call(PREDICT, BODY[:1], more=True)
    stream = pair.peer.stream(answer)
    for position in range(1, len(BODY)):
        pair.exchange()
        pair.peer.session.send_data(stream, BODY[position : position + 1])
    pair.peer.session.send_trailers(stream, [(b"checksum", b"1")])
    assert totals((await pair.answered(answer)).message()) == [6, 15]


async def test_a_message_that_says_it_is_too_large_is_refused_before_it_comes(pair: MemoryPair) -> None:
    prefix = b"\0" + (LIMITS.grpc_message_bytes + 1).to_bytes(4, "big")
    answer = await pair.answered(pair.peer.call(PREDICT, prefix, more=True))
    assert answer.status[0] == Code.RESOURCE_EXHAUSTED
    assert answer.reset == ngh2.ErrorCode.NO_ERROR


async def test_answers_wait_for_a_client_with_a_small_window(shared: Shared) -> None:
    pair = MemoryPair(Http2Connection(shared), ngh2.Configuration(auto_window_update=False))
    rows = np.ones((40_000, 3), np.float32)
    answer = pair.peer.call(PREDICT, framed(predict_request({"x": rows}).SerializeToString()))
    fetched = 0

    def fetch() -> bool:
        nonlocal fetched
        pair.exchange()
        new = len(answer.body) - fetched
        fetched += new
        if new:
            pair.peer.session.acknowledge_received_data(new, pair.peer.stream(answer))
        return answer.closed

    await wait_for(fetch, "all of the answer is there", every_seconds=0.001)
    assert len(totals(answer.message())) == 40_000
    assert answer.status[0] == 0


async def test_texts_of_errors_are_percent_encoded(pair: MemoryPair) -> None:
    request = predict_request({"x": np.ones((1, 3), np.float32)}, signature="50 %\nü")
    answer = await pair.call(PREDICT, framed(request.SerializeToString()))
    text = answer.status[1]
    assert text == 'Serving signature key "50 %25%0A%C3%BC" not found.'


class Gate:
    """A method that answers when it is let."""

    def __init__(self) -> None:
        self.began = 0
        self.open = threading.Event()

    def answer(self, message: bytes) -> bytes:
        """Wait, and give the message back."""
        self.began += 1
        assert self.open.wait(20)
        return message


@pytest.fixture
async def gated(shared: Shared) -> AsyncIterator[tuple[MemoryPair, Gate]]:
    gate = Gate()
    gated = {**shared.methods, b"/gate": Method("gate", gate.answer)}
    both = Shared(shared.serving, gated, shared.work, shared.connections, shared.reader)
    yield MemoryPair(Http2Connection(both)), gate
    gate.open.set()


async def test_a_deadline_is_kept_while_the_model_runs(gated: tuple[MemoryPair, Gate]) -> None:
    pair, gate = gated
    answer = await pair.call(b"/gate", framed(b""), grpc_timeout=b"20m")
    assert answer.status == (Code.DEADLINE_EXCEEDED, "Deadline Exceeded")
    assert gate.began == 1


async def test_what_waits_for_a_thread_is_not_begun_after_its_deadline(
    gated: tuple[MemoryPair, Gate],
) -> None:
    pair, gate = gated
    first = pair.peer.call(b"/gate", framed(b"1"))
    second = await pair.call(b"/gate", framed(b"2"), grpc_timeout=b"20m")
    assert second.status[0] == Code.DEADLINE_EXCEEDED
    gate.open.set()
    assert (await pair.answered(first)).message() == b"1"
    assert gate.began == 1


async def test_a_cancelled_call_is_not_begun_and_harms_no_other(gated: tuple[MemoryPair, Gate]) -> None:
    pair, gate = gated
    first, second = (pair.peer.call(b"/gate", framed(b"x")) for _ in range(2))
    pair.exchange()
    pair.peer.session.reset_stream(pair.peer.stream(second))
    pair.exchange()
    await asyncio.sleep(0.01)  # the event loop takes it back from the threads in its next round
    gate.open.set()
    assert (await pair.answered(first)).status[0] == 0
    assert gate.began == 1


async def test_a_call_that_is_cancelled_with_its_request_harms_nothing(pair: MemoryPair) -> None:
    for _ in range(3):
        answer = pair.peer.call(PREDICT, BODY)
        sent = pair.peer.session.data_to_send()
        pair.peer.session.reset_stream(pair.peer.stream(answer))
        pair.server.data_received(sent + pair.peer.session.data_to_send())
    assert (await pair.call(PREDICT, BODY)).status[0] == 0


async def test_quick_calls_are_answered_while_slow_ones_run(gated: tuple[MemoryPair, Gate]) -> None:
    pair, gate = gated
    slow = pair.peer.call(b"/gate", framed(b""))
    pair.exchange()
    status = messages.GetModelStatusRequest(model_spec={"name": "tiny"}).SerializeToString()
    quick = await pair.call(STATUS, framed(status))
    assert quick.status[0] == 0
    assert not slow.closed
    gate.open.set()
    await pair.answered(slow)


async def test_too_many_calls_that_wait_are_refused(
    gated: tuple[MemoryPair, Gate], monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, gate = gated
    with monkeypatch.context() as patch:
        patch.setattr("fogline_model_server.fronts.work.LIMITS", type("Few", (), {"waiting_calls": 2}))
        first, second = (pair.peer.call(b"/gate", framed(b"")) for _ in range(2))
        third = await pair.call(b"/gate", framed(b""))
    assert third.status[0] == Code.RESOURCE_EXHAUSTED
    gate.open.set()
    assert (await pair.answered(first)).status[0] == (await pair.answered(second)).status[0] == 0


async def test_a_draining_connection_answers_what_is_in_flight_and_closes(
    gated: tuple[MemoryPair, Gate],
) -> None:
    pair, gate = gated
    slow = pair.peer.call(b"/gate", framed(b"slow"))
    pair.exchange()
    pair.server.drain()
    pair.exchange()
    assert [code for code, _ in pair.peer.goaways] == [ngh2.ErrorCode.NO_ERROR] * 2
    assert pair.peer.goaways[-1][1] == pair.peer.stream(slow)
    assert not pair.transport.closed
    gate.open.set()
    assert (await pair.answered(slow)).message() == b"slow"
    assert pair.transport.closed


async def test_an_idle_connection_closes_at_once_when_it_drains(pair: MemoryPair) -> None:
    pair.server.drain()
    pair.exchange()
    assert pair.transport.closed


async def test_a_request_that_never_ends_runs_out_of_time(pair: MemoryPair) -> None:
    answer = pair.peer.call(PREDICT, BODY[:10], more=True)
    pair.exchange()
    pair.server.tick(asyncio.get_running_loop().time() + LIMITS.request_seconds + 1)
    assert (await pair.answered(answer)).status[0] == Code.DEADLINE_EXCEEDED


@pytest.mark.parametrize("first", [b"", ngh2.Connection(ngh2.Role.CLIENT).data_to_send()])
async def test_a_client_that_says_nothing_is_sent_away(shared: Shared, first: bytes) -> None:
    pair = MemoryPair(Http2Connection(shared))
    silent = Http2Connection(shared)
    silent.connection_made(pair.transport)
    silent.data_received(first) if first else None
    silent.tick(asyncio.get_running_loop().time() + LIMITS.header_seconds + 1)
    assert pair.transport.closed


async def test_headers_that_drip_run_out_of_time(pair: MemoryPair) -> None:
    pair.peer.call(PREDICT, BODY)
    sent = pair.peer.session.data_to_send()
    for position in range(20):
        pair.server.data_received(sent[position : position + 1])
    pair.server.tick(asyncio.get_running_loop().time() + LIMITS.header_seconds + 1)
    assert pair.transport.closed


async def test_an_idle_connection_is_ended_with_a_notice(pair: MemoryPair) -> None:
    await pair.call(PREDICT, BODY)
    pair.server.tick(asyncio.get_running_loop().time() + LIMITS.idle_seconds + 1)
    pair.exchange()
    assert pair.transport.closed
    assert pair.peer.goaways[-1][0] == ngh2.ErrorCode.NO_ERROR


async def test_a_client_that_fetches_nothing_of_an_answer_is_sent_away(shared: Shared) -> None:
    pair = MemoryPair(Http2Connection(shared), ngh2.Configuration(auto_window_update=False))
    rows = np.ones((40_000, 3), np.float32)
    answer = pair.peer.call(PREDICT, framed(predict_request({"x": rows}).SerializeToString()))

    def stuck() -> bool:
        pair.exchange()
        return len(answer.body) > 60_000

    await wait_for(stuck, "the window is full", every_seconds=0.001)
    now = asyncio.get_running_loop().time()
    pair.server.tick(now)
    assert not pair.transport.closed
    pair.server.tick(now + LIMITS.stall_seconds + 1)
    assert pair.transport.closed


async def test_too_many_pings_end_the_connection(pair: MemoryPair) -> None:
    for _ in range(LIMITS.control_frames_per_second + 1):
        pair.peer.session.ping(b"12345678")
        pair.exchange()
    pair.server.tick(asyncio.get_running_loop().time())
    assert pair.transport.closed


async def test_a_flood_of_pings_that_nobody_fetches_the_answers_of_is_bounded(pair: MemoryPair) -> None:
    for _ in range(20_000):
        pair.peer.session.ping(b"12345678")
    pair.server.pause_writing()
    pair.server.data_received(pair.peer.session.data_to_send())
    pair.server.resume_writing()
    assert pair.transport.closed


async def test_a_rapid_reset_ends_the_connection(pair: MemoryPair) -> None:
    for _ in range(2000):
        answer = pair.peer.call(PREDICT, None, more=True)
        pair.exchange()
        pair.peer.session.reset_stream(pair.peer.stream(answer))
        pair.exchange()
        if pair.peer.goaways:
            break
    assert pair.peer.goaways[0][0] != ngh2.ErrorCode.NO_ERROR
    pair.server.tick(asyncio.get_running_loop().time())
    assert pair.transport.closed


async def test_headers_beyond_the_limit_end_the_connection(pair: MemoryPair) -> None:
    pair.peer.call(PREDICT, BODY, filler=b"x" * (LIMITS.header_bytes + 1))
    pair.exchange()
    assert pair.transport.closed


async def test_what_is_no_http2_ends_the_connection(shared: Shared) -> None:
    pair = MemoryPair(Http2Connection(shared))
    other = Http2Connection(shared)
    other.connection_made(pair.transport)
    other.data_received(b"GET /v1/models/tiny HTTP/1.1\r\nHost: test\r\n\r\n")
    assert pair.transport.closed


async def test_requests_of_all_connections_together_are_limited(
    shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "fogline_model_server.fronts.connections.LIMITS",
        type("Less", (), {"held_bytes": 100, "connections": 9}),
    )
    pairs = [MemoryPair(Http2Connection(shared)) for _ in range(2)]
    first, second = (pair.peer.call(PREDICT, b"\0\0\0\1\0" + bytes(60), more=True) for pair in pairs)
    for pair in pairs:
        pair.exchange()
    assert second.status[0] == Code.RESOURCE_EXHAUSTED
    pairs[0].peer.session.reset_stream(pairs[0].peer.stream(first))
    pairs[0].exchange()
    assert (await pairs[1].call(PREDICT, BODY)).status[0] == 0


async def test_a_new_connection_takes_the_place_of_one_that_is_idle(
    shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "fogline_model_server.fronts.connections.LIMITS",
        type("One", (), {"held_bytes": 1 << 20, "connections": 1}),
    )
    idle = MemoryPair(Http2Connection(shared))
    busy = MemoryPair(Http2Connection(shared))
    assert (idle.transport.closed, busy.transport.closed) == (True, False)
    busy.peer.call(PREDICT, BODY[:5], more=True)
    busy.exchange()
    refused = Http2Connection(shared)
    refused.connection_made(idle.transport)
    assert not busy.transport.closed


async def test_a_client_hears_what_it_watches_when_it_changes_and_at_the_end(shared: Shared) -> None:
    state = [b"one"]
    watch = {b"/watch": Method("watch", lambda message: message + state[0], watches=True)}
    both = Shared(shared.serving, watch, shared.work, shared.connections, shared.reader)
    pair = MemoryPair(Http2Connection(both))
    answer = pair.peer.call(b"/watch", framed(b"it is "))
    pair.exchange()
    now = asyncio.get_running_loop().time()
    for state[0] in (b"one", b"two", b"two"):
        pair.server.tick(now)
        pair.exchange()
    assert answer.body == framed(b"it is one") + framed(b"it is two")
    state[0] = b"over"
    pair.server.drain()
    pair.exchange()
    assert answer.body.endswith(framed(b"it is over"))
    assert answer.status == (Code.UNAVAILABLE, "The server is shutting down.")
    assert pair.transport.closed
