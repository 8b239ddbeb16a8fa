"""Load on servers on this machine: the real model server with both engines, and servers that misbehave."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.support.model_server import running
from tests.support.runs import RUN
from tests.support.tiny_models import tiny_models

from fogline.load.job import CONSTANT, GRPC, REST, Job, Outcome, Run, from_json, pack, to_json, unpack
from fogline.load.protobuf import PREDICT, Tensor
from fogline.load.protobuf import predict_request as written
from fogline.load.run import carry_out

ANSWER = b'{"predictions": [[0.1, 0.9]]}'
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.mark.parametrize("model", ["tflite", "saved_model"])
def test_both_engines_answer_by_both_protocols_and_say_the_same(model: str, tmp_path: Path) -> None:
    rows = np.arange(12, dtype=np.float32).reshape(4, 3)
    bodies = {
        REST: [json.dumps({"instances": [row.tolist()]}).encode() for row in rows],
        GRPC: [written("tiny", "", None, {"x": Tensor(1, (1, 3), row.tobytes())}) for row in rows],
    }
    with running(tiny_models() / model, tmp_path / "log") as server:
        base = replace(RUN, rate=60, answer="total")
        runs = (
            replace(base, addresses=(f"127.0.0.1:{server.rest_port}",)),
            replace(base, addresses=(f"127.0.0.1:{server.grpc_port}",), protocol=GRPC, path=PREDICT),
        )
        by_rest, by_grpc = carry_out(Job(bodies, runs))
    for one in (by_rest, by_grpc):
        assert (one.answered, one.unanswered, one.unread) == (one.scheduled, 0, ""), one
        assert one.scheduled > 40
        assert one.at(0.5)
        assert {number: named for number, named, _ in one.answers} == {
            number: pytest.approx(float(row.sum())) for number, row in enumerate(rows)
        }
    assert by_rest.scheduled == by_grpc.scheduled  # the same seed


@contextmanager
def serving(serve: Serve) -> Iterator[str]:
    """Serve connections in a thread of its own; gives the address."""
    loop = asyncio.new_event_loop()
    tasks = set[asyncio.Task[None]]()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = loop.run_until_complete(asyncio.start_server(connected, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:

        async def end() -> None:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def request(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    (length,) = (line.split(b": ")[1] for line in head.split(b"\r\n") if line.startswith(b"Content-Length"))
    await reader.readexactly(int(length))


def answer(body: bytes = ANSWER, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def load(address: str, **changes: object) -> Outcome:
    run = replace(RUN, addresses=(address,), **changes)  # type: ignore[arg-type]  # fields of a run
    (found,) = carry_out(Job({REST: [b"{}"]}, (run,)))
    return found


def test_a_server_that_stalls_for_a_second_shows_in_the_tail() -> None:
    """A client that waits for each answer before it asks again would see one slow request of hundreds."""
    begin: list[float] = []

    async def stalls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            await request(reader)
            begin.append(clock())
            stalled = begin[0] + 0.5 <= clock() < begin[0] + 1.5
            await asyncio.sleep(begin[0] + 1.5 - clock() if stalled else 0)
            writer.write(answer())

    with serving(stalls) as address:
        found = load(address, rate=100, seconds=4, warm_up_seconds=0, arrivals=CONSTANT, in_flight=400)
    assert (found.scheduled, found.answered) == (400, 400)
    p50, p90, p99 = (found.at(share) or 0 for share in (0.5, 0.9, 0.99))
    # a quarter of the requests were due in the second and waited half of it, on a busy machine longer
    assert p50 < 400 < p90 < p99
    assert p99 > 900


def test_what_goes_wrong_is_counted_by_kind_and_never_sent_again() -> None:
    asked = 0

    async def fails(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        while True:
            await request(reader)
            asked += 1
            if asked % 3 == 1:
                writer.write(answer(b'{"error": "busy"}', "503 Service Unavailable"))
            elif asked % 3 == 2:
                return
            else:
                writer.write(answer())

    with serving(fails) as address:
        found = load(address, rate=30, warm_up_seconds=0, arrivals=CONSTANT)
    assert asked == found.scheduled == 30
    assert found.failed == {"Disconnected": 10, "HTTP 503": 10}
    assert found.answered == 10
    assert any("busy" in text for text in found.failures)
    assert found.at(0.5) is None


def test_a_server_that_never_answers_times_out_and_bounds_what_is_in_flight() -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    with serving(silent) as address:
        found = load(address, rate=50, warm_up_seconds=0, arrivals=CONSTANT, in_flight=5, timeout_seconds=6)
    assert found.failed == {"Timeout": 5}
    assert found.dropped == 45
    assert (found.answered, found.throughput, found.mean_milliseconds) == (0, 0, None)


def test_nobody_there_is_no_connection() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody else gets the port, and nobody listens
        found = load(f"127.0.0.1:{taken.getsockname()[1]}", rate=20)
    assert set(found.failed) == {"NotConnected"}


def test_the_warm_up_is_sent_and_not_counted() -> None:
    asked = 0

    async def counts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        while True:
            await request(reader)
            asked += 1
            writer.write(answer())

    with serving(counts) as address:
        began = time.monotonic()
        found = load(address, rate=20, seconds=1, warm_up_seconds=0.5, arrivals=CONSTANT)
        took = time.monotonic() - began
    assert (asked, found.scheduled, found.answered) == (30, 20, 20)
    assert found.answers == ((0, 1, 20),)
    assert 0.99 < found.seconds < took - 0.49, "without the warm-up"


def test_chunked_answers_and_closed_connections_are_read() -> None:
    async def chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        parts = (b"%x;note\r\n%b\r\n" % (len(part), part) for part in (ANSWER[:5], ANSWER[5:]))
        writer.write(head + b"".join(parts) + b"0\r\nTrailer: x\r\n\r\n")
        await writer.drain()

    with serving(chunks) as address:
        found = load(address, rate=20)
    assert found.answered == found.scheduled
    assert {named for _, named, _ in found.answers} == {1}


def test_a_job_and_what_came_of_it_travel_unchanged() -> None:
    job = Job({REST: [b"{}", b"\xff"]}, (RUN, replace(RUN, protocol=GRPC)))
    assert unpack(pack(job)) == job

    async def quick(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request(reader)
            writer.write(answer())

    with serving(quick) as address:
        found = load(address)
    assert from_json(to_json([found])) == (found,)


def test_runs_follow_each_other() -> None:
    told: list[Run] = []

    async def quick(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request(reader)
            writer.write(answer())

    with serving(quick) as address:
        runs = tuple(replace(RUN, addresses=(address,), seconds=0.2, seed=seed) for seed in (1, 2))
        assert len(carry_out(Job({REST: [b"{}"]}, runs), told.append)) == 2
    assert told == list(runs)
