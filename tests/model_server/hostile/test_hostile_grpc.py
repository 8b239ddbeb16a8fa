"""Hostile clients of gRPC, of both front ends."""

import gzip
import socket
import struct
import time
from collections.abc import Callable
from contextlib import closing

import grpc
import ngh2
import numpy as np
import pytest
from tests.support.http2_peer import PREDICT, Answer, Peer
from tests.support.model_server import Server, predict_request, unary

from fogline_model_server import messages
from fogline_model_server.fronts.http2.message import framed
from fogline_model_server.limits import LIMITS

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0"
"""What every client of HTTP/2 sends first, with empty SETTINGS."""
DATA, HEADERS, CONTINUATION = 0x0, 0x1, 0x9
END_STREAM, END_HEADERS = 0x1, 0x4
PATIENCE_SECONDS = 30.0
ROW = np.ones((1, 3), np.float32)
GOOD = predict_request({"x": ROW}).SerializeToString()


def frame(kind: int, flags: int, stream: int, payload: bytes, length: int | None = None) -> bytes:
    size = len(payload) if length is None else length
    return struct.pack(">I", size)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def connected(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.grpc_port), timeout=PATIENCE_SECONDS)


def until_closed(client: socket.socket) -> None:
    """Read until the server has closed the connection, within the patience."""
    end = time.monotonic() + PATIENCE_SECONDS
    try:
        while client.recv(1 << 16):
            assert time.monotonic() < end
    except ConnectionResetError:
        pass


def talked(server: Server, begin: Callable[[Peer], Answer]) -> Answer:
    """Let a client make a call and return its answer."""
    peer = Peer(ngh2.Configuration())
    answer = begin(peer)
    end = time.monotonic() + PATIENCE_SECONDS
    with closing(connected(server)) as client:
        try:
            while not answer.closed and time.monotonic() < end:
                client.sendall(peer.session.data_to_send())
                data = client.recv(1 << 16)
                if not data:
                    break
                peer.received(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
    return answer


def test_a_message_beyond_the_limit_is_refused(grpc_target: Server) -> None:
    request = messages.PredictRequest()
    request.model_spec.name = "tiny"
    request.inputs["x"].tensor_content = bytes(LIMITS.grpc_message_bytes + 1)
    with grpc.insecure_channel(f"127.0.0.1:{grpc_target.grpc_port}") as channel:
        predict = unary(channel, "PredictionService/Predict")
        with pytest.raises(grpc.RpcError) as told:
            predict(request, timeout=PATIENCE_SECONDS)
    assert told.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_short_message_that_unpacks_to_a_huge_one_is_refused(grpc_target: Server) -> None:
    bomb = gzip.compress(bytes(512 << 20), compresslevel=1)
    body = b"\1" + struct.pack(">I", len(bomb)) + bomb
    answer = talked(grpc_target, lambda peer: peer.call(PREDICT, body, grpc_encoding=b"gzip"))
    refusals = (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INTERNAL)
    assert answer.status[0] in [code.value[0] for code in refusals]


@pytest.mark.parametrize(
    "dims", [(2**62,), (2**31, 2**31), (-1,), (0, 2**62), (1,) * 200, (2**20, 2**20, 2**20, 2**20)]
)
def test_a_short_message_that_asks_for_a_huge_tensor_is_refused(
    grpc_target: Server, dims: tuple[int, ...]
) -> None:
    tensor = messages.TensorProto(dtype=1, float_val=[1.0])
    for size in dims:
        tensor.tensor_shape.dim.add(size=size)
    with pytest.raises(grpc.RpcError) as told:
        grpc_target.call("PredictionService/Predict", predict_request({"x": tensor}))
    assert told.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0",
        b"\0\xff\xff\xff\xff",
        b"\0\0\0\0\x09short",
        b"\2" + framed(GOOD)[1:],
        b"\1" + framed(GOOD)[1:],
        framed(b"\xff" * 100),
        framed(b"\x0a\xff\xff\xff\xff\x07"),
    ],
    ids=["none", "half a prefix", "4 GB", "cut", "flag 2", "not packed", "noise", "2 GB inside"],
)
def test_what_is_no_message_is_refused(grpc_target: Server, body: bytes) -> None:
    answer = talked(grpc_target, lambda peer: peer.call(PREDICT, body))
    fields = {**answer.headers, **answer.trailers}
    assert answer.reset is not None or fields.get(b"grpc-status", b"0") != b"0"


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(512),
        PREFACE + frame(DATA, 0, 1, b"", length=0xFFFFFF) + bytes(100_000),
        PREFACE + frame(DATA, 0, 0, b"on no stream"),
        PREFACE + frame(CONTINUATION, 0, 1, b"of nothing"),
        PREFACE + frame(HEADERS, END_HEADERS, 2, b"\x82"),
        PREFACE + frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\xff" * 4000),
        PREFACE
        + frame(HEADERS, END_STREAM, 1, b"\x82")
        + frame(CONTINUATION, 0, 1, b"\0\x01a\x01b" * 2000) * 200,
    ],
    ids=["HTTP/1", "TLS", "huge frame", "stream 0", "lost frame", "even stream", "HPACK", "endless headers"],
)
def test_what_breaks_the_protocol_ends_the_connection(grpc_target: Server, sent: bytes) -> None:
    with closing(connected(grpc_target)) as client:
        try:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
        except OSError:
            return  # it has closed before we were done
        until_closed(client)


def test_calls_that_are_reset_at_once_harm_nobody(grpc_target: Server) -> None:
    peer = Peer(ngh2.Configuration())
    with closing(connected(grpc_target)) as client:
        try:
            for _ in range(5000):
                answer = peer.call(PREDICT, framed(GOOD), more=True)
                peer.session.reset_stream(peer.stream(answer))
                client.sendall(peer.session.data_to_send())
                peer.answers.clear()
        except (OSError, ngh2.NGH2Error):
            pass  # it has sent us away
    assert grpc_target.predict({"x": ROW})["total"].tolist() == [3]


def test_clients_that_leave_in_the_middle_harm_nothing(grpc_target: Server) -> None:
    peer = Peer(ngh2.Configuration())
    peer.call(PREDICT, framed(GOOD))
    sent = peer.session.data_to_send()
    for end in range(1, len(sent), 11):
        with closing(connected(grpc_target)) as client:
            client.sendall(sent[:end])


def test_texts_of_errors_say_nothing_about_the_machine(grpc_target: Server) -> None:
    wrong = [
        predict_request({"x": np.ones((1, 2), np.float32)}),
        predict_request({"x": np.ones((1, 3), np.float64)}),
        predict_request({"a": np.ones(3, np.float32), "b": np.ones(2, np.float32)}, signature="divide"),
        predict_request({"x": ROW}, name="../../etc/passwd"),
        predict_request({"x": ROW}, version=7),
    ]
    for request in wrong:
        with pytest.raises(grpc.RpcError) as told:
            grpc_target.call("PredictionService/Predict", request)
        assert told.value.code() is not grpc.StatusCode.INTERNAL
        for secret in ("/root", "/tmp", ".py", ".cc:", "site-packages", "0x"):  # noqa: S108  must not be there
            assert secret not in (told.value.details() or "")
