"""gRPC calls on the HTTP/2 front whose model takes its time: deadlines, cancelling, waiting, watching."""

import asyncio

import pytest
from tests.model_server.http2.conftest import Gate
from tests.support.http2_peer import BODY, PREDICT, STATUS, MemoryPair

from fogline_model_server import messages
from fogline_model_server.errors import Code
from fogline_model_server.fronts.http2.calls import Shared
from fogline_model_server.fronts.http2.connection import Http2Connection
from fogline_model_server.fronts.http2.message import framed
from fogline_model_server.fronts.http2.methods import Method


async def test_a_deadline_is_kept_while_the_model_runs(gated: tuple[MemoryPair, Gate]) -> None:
    pair, gate = gated
    answer = pair.peer.call(b"/gate", framed(b""), grpc_timeout=b"20m")
    pair.exchange()
    assert gate.has_begun.wait(20)  # the event loop stands still meanwhile, and with it the deadline
    assert (await pair.answered(answer)).status == (Code.DEADLINE_EXCEEDED, "Deadline Exceeded")
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
    assert pair.transport.half_closed
