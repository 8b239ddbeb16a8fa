"""A server that answers as a worker of a training does, or as a hostile one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


def response(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """Write a response of HTTP/1.1."""
    head = "\r\n".join((f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""))
    return head.encode() + body


@asynccontextmanager
async def answering(answer: bytes, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """Answer every request with the same bytes, and close; with none, never. Gives the port."""
    forever = asyncio.Event()

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if not answer:
            await forever.wait()
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(respond, host, port)
    try:
        found: int = server.sockets[0].getsockname()[1]
        yield found
    finally:
        forever.set()
        server.close()
        await server.wait_closed()
