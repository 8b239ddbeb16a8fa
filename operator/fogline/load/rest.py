"""HTTP/1.1 for requests of REST: connections that are kept, and no retry.

The image that this runs in has no library for it, and none that would not send a request again by itself.
"""

import asyncio
from dataclasses import dataclass, field

LONGEST_HEAD = 65_536


class RefusedError(Exception):
    """The server answered with an error.

    Parameters
    ----------
    status
        Of HTTP.
    """

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"HTTP {status}: {body[:300].decode(errors='replace')}")
        self.status = status


class NotConnectedError(Exception):
    """There is no connection."""


class BrokenError(Exception):
    """The connection ended, or what came is no HTTP."""


@dataclass(slots=True)
class RestCalls:
    """Sends bodies to one path of one address; a connection serves one request at a time."""

    address: str
    path: str
    _idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def __call__(self, body: bytes) -> bytes:
        """Send one request and give the body of its answer.

        Raises
        ------
        NotConnectedError
            There is no connection.
        BrokenError
            It ended before the answer.
        RefusedError
            The answer is an error.
        """
        reader, writer = self._kept() or await self._connect()
        keep = False
        try:
            writer.write(self._head(len(body)) + body)
            status, keep, answer = await _answer(reader)
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            raise BrokenError(f"the connection ended without an answer: {error}") from error
        finally:
            if keep:
                self._idle.append((reader, writer))
            else:
                writer.close()
        if status != 200:  # noqa: PLR2004  OK
            raise RefusedError(status, answer)
        return answer

    async def close(self) -> None:
        """Close all connections."""
        for _, writer in self._idle:
            writer.close()
            await writer.wait_closed()
        self._idle.clear()

    def _kept(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """Give a connection that waits for a request, and that the server has not closed meanwhile."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return None

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, _, port = self.address.rpartition(":")
        try:
            return await asyncio.open_connection(host.strip("[]"), int(port), limit=LONGEST_HEAD)
        except OSError as error:
            raise NotConnectedError(f"{self.address}: {error}") from error

    def _head(self, length: int) -> bytes:
        lines = (
            f"POST {self.path} HTTP/1.1",
            f"Host: {self.address}",
            "Content-Type: application/json",
            f"Content-Length: {length}",
        )
        return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool, bytes]:
    """Read status, whether the connection stays, and the body (RFC 9112)."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = dict(_field(line) for line in lines if line)
    status = int(first.split(" ", 2)[1])
    keeps = first.startswith("HTTP/1.1") and fields.get("connection", "").lower() != "close"
    if fields.get("transfer-encoding", "").lower() == "chunked":
        return status, keeps, await _chunks(reader)
    if "content-length" in fields:
        return status, keeps, await reader.readexactly(int(fields["content-length"]))
    return status, False, await reader.read()


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.lower(), value.strip()


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass
    return b"".join(parts)
