"""Pages of model servers, and servers that hand out any page on the REST port of an address of their own."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from fogline.collector.formulas import BUCKETS, LATENCY_BOUNDS_MICROSECONDS
from fogline.names import REST_PORT

Write = Callable[[asyncio.StreamWriter], Awaitable[None]]

_NUMBERS = itertools.count(1)


def loopback_address() -> str:
    """Give an address of this machine that no other test uses: 127/8 is all ours."""
    number = next(_NUMBERS)
    return f"127.{1 + os.getpid() % 250}.{1 + number // 250 % 250}.{1 + number % 250}"


def page(
    ok: float = 0,
    failed: float = 0,
    buckets: Sequence[float] = (0,) * BUCKETS,
    *,
    cpu_seconds: float | None = None,
    memory_bytes: float | None = None,
    started_at: float | None = None,
) -> str:
    """Write what a model server with these figures would."""
    lines = [
        "# TYPE :tensorflow:serving:request_count counter",
        f':tensorflow:serving:request_count{{model_name="digits",status="OK"}} {ok}',
        f':tensorflow:serving:request_count{{model_name="digits",status="INVALID_ARGUMENT"}} {failed}',
        "# TYPE :tensorflow:serving:request_latency histogram",
    ]
    labels = 'model_name="digits",API="Predict",entrypoint="REST"'
    bounds = (*(f"{bound:g}" for bound in LATENCY_BOUNDS_MICROSECONDS), "+Inf")
    for bound, count in zip(bounds, itertools.accumulate(buckets), strict=True):
        lines.append(f':tensorflow:serving:request_latency_bucket{{{labels},le="{bound}"}} {count}')
    lines.append(f":tensorflow:serving:request_latency_sum{{{labels}}} {100 * sum(buckets)}")
    for name, value in (
        ("process_cpu_seconds_total", cpu_seconds),
        ("process_resident_memory_bytes", memory_bytes),
        ("process_start_time_seconds", started_at),
    ):
        if value is not None:
            lines.append(f"{name} {value}")
    return "\n".join([*lines, ""])


def answered(body: str | bytes, head: str = "HTTP/1.1 200 OK") -> Write:
    """Answer with a page."""
    content = body.encode() if isinstance(body, str) else body

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(f"{head}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content)

    return write


def busy() -> Callable[[], Write]:
    """Play a server that had ten more requests whenever it is asked, one of them with an error."""
    asked = itertools.count()

    def write() -> Write:
        count = next(asked)
        buckets = tuple(float(9 * count) if number == 20 else 0.0 for number in range(BUCKETS))
        return answered(page(9 * count, count, buckets, cpu_seconds=0.1 * count, memory_bytes=2**27))

    return write


@asynccontextmanager
async def serving(
    write: Callable[[], Write], address: str | None = None, port: int = REST_PORT
) -> AsyncIterator[str]:
    """Answer every request by what is given at that moment; gives the address."""
    address = address or loopback_address()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await write()(writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort() if writer.is_closing() else writer.close()

    server = await asyncio.start_server(take, address, port)
    try:
        yield address
    finally:
        server.close()
