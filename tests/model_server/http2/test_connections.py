"""Connections of the HTTP/2 front: how they end, and what clients cannot do to them."""

import asyncio

import ngh2
import numpy as np
import pytest
from tests.model_server.http2.conftest import Gate
from tests.support.http2_peer import BODY, PREDICT, MemoryPair
from tests.support.model_server import predict_request
from tests.support.wait import wait_for

from fogline_model_server.errors import Code
from fogline_model_server.fronts.http2.calls import Shared
from fogline_model_server.fronts.http2.connection import Http2Connection
from fogline_model_server.fronts.http2.message import framed
from fogline_model_server.limits import LIMITS


async def test_a_draining_connection_answers_what_is_in_flight_and_ends(
    gated: tuple[MemoryPair, Gate],
) -> None:
    pair, gate = gated
    slow = pair.peer.call(b"/gate", framed(b"slow"))
    pair.exchange()
    pair.server.drain()
    pair.exchange()
    assert [code for code, _ in pair.peer.goaways] == [ngh2.ErrorCode.NO_ERROR] * 2
    assert pair.peer.goaways[-1][1] == pair.peer.stream(slow)
    assert not pair.transport.half_closed
    gate.open.set()
    assert (await pair.answered(slow)).message() == b"slow"
    assert pair.transport.half_closed


async def test_an_idle_connection_ends_at_once_when_it_drains(pair: MemoryPair) -> None:
    pair.server.drain()
    pair.exchange()
    assert pair.transport.half_closed


async def test_a_connection_that_is_over_stays_open_for_its_client_to_close(pair: MemoryPair) -> None:
    """A call that crosses the end on its way must not break the connection off before the end is read."""
    pair.exchange()
    pair.peer.call(PREDICT, BODY)
    on_its_way = pair.peer.session.data_to_send()
    before = asyncio.get_running_loop().time()
    pair.server.drain()
    pair.exchange()
    pair.server.data_received(on_its_way)
    pair.server.tick(before)
    assert not pair.transport.closed
    pair.server.tick(asyncio.get_running_loop().time() + 6)
    assert pair.transport.closed


@pytest.mark.parametrize("cut", [0, 10], ids=["whole", "in two pieces"])
async def test_a_call_begun_before_the_notice_of_the_end_was_read_is_answered(
    pair: MemoryPair, cut: int
) -> None:
    """It may be written behind the answer to the ping that comes with the notice."""
    call = pair.peer.call(PREDICT, BODY)
    sent = pair.peer.session.data_to_send()
    pair.server.drain()
    notice, pair.transport.written = bytes(pair.transport.written), bytearray()
    pair.peer.received(notice)
    pair.server.data_received(pair.peer.session.data_to_send() + sent[: len(sent) - cut])
    pair.server.data_received(sent[len(sent) - cut :])
    assert (await pair.answered(call)).status == (0, "")
    assert pair.transport.half_closed


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
    assert pair.transport.half_closed
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
    for _ in range(20_000):  # libnghttp2 lets some pass in each second that this takes
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
