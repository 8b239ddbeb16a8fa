"""gRPC calls on the HTTP/2 front: what they may be, and what they are answered."""

import gzip
import zlib
from typing import Any

import ngh2
import numpy as np
import pytest
from tests.support.http2_peer import BODY, PREDICT, ROWS, MemoryPair
from tests.support.model_server import predict_request
from tests.support.wait import wait_for

from fogline_model_server import messages
from fogline_model_server.errors import Code
from fogline_model_server.fronts.http2.calls import Shared
from fogline_model_server.fronts.http2.connection import Http2Connection
from fogline_model_server.fronts.http2.message import framed
from fogline_model_server.limits import LIMITS

ONE = "The method requires exactly one request message."


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
