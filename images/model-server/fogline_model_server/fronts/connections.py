"""The connections of one listener: how many there may be, how long they may be idle, and how they end."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Protocol

from fogline_model_server.errors import Code, ServingError
from fogline_model_server.limits import LIMITS

_TICK_SECONDS = 1.0


class Connection(Protocol):
    """What a listener asks of a connection."""

    @property
    def idle_since(self) -> float | None:
        """Return since when it has no request, in seconds of the event loop's clock."""

    def tick(self, now: float) -> None:
        """Look whether the peer keeps to the limits of time; called about every second."""

    def drain(self) -> None:
        """Take no new request, and close when the last answer is out."""

    def abort(self) -> None:
        """Close now."""


class Connections:
    """All open connections of one front end, and what they hold in memory together."""

    def __init__(self) -> None:
        self._open: set[Connection] = set()
        self._all_closed = asyncio.Event()
        self._all_closed.set()
        self.draining = False
        self._held_bytes = 0

    def add(self, connection: Connection) -> bool:
        """Take a new connection, if need be in place of the one that is idle longest.

        False when all are busy, or the server is ending.
        """
        if self.draining or (len(self._open) >= LIMITS.connections and not self._one_less()):
            return False
        self._open.add(connection)
        self._all_closed.clear()
        return True

    def _one_less(self) -> bool:
        idle = [connection for connection in self._open if connection.idle_since is not None]
        if not idle:
            return False
        longest = min(idle, key=lambda connection: connection.idle_since or 0.0)
        longest.abort()
        self.remove(longest)
        return True

    def count(self) -> int:
        """Return how many are open now."""
        return len(self._open)

    def remove(self, connection: Connection) -> None:
        """Forget a connection that is closed; harmless when it was never taken."""
        self._open.discard(connection)
        if not self._open:
            self._all_closed.set()

    def hold(self, size_bytes: int) -> None:
        """Count bytes of a request that is not answered yet.

        They count also when this refuses them: whoever ends the request releases them.

        Raises
        ------
        ServingError
            RESOURCE_EXHAUSTED: all connections together hold too much.

        """
        self._held_bytes += size_bytes
        if self._held_bytes > LIMITS.held_bytes:
            raise ServingError(Code.RESOURCE_EXHAUSTED, "too many requests at once, try again later")

    def release(self, size_bytes: int) -> None:
        """Count them no more."""
        self._held_bytes -= size_bytes

    def tick(self, now: float) -> None:
        """Look at all of them."""
        for connection in tuple(self._open):
            connection.tick(now)

    async def drain(self, grace_seconds: float) -> None:
        """Let all of them end; those that take longer than the grace are closed."""
        self.draining = True
        for connection in tuple(self._open):
            connection.drain()
        try:
            await asyncio.wait_for(self._all_closed.wait(), grace_seconds)
        except TimeoutError:
            for connection in tuple(self._open):
                connection.abort()


class Listener:
    """Accepts connections until it is closed.

    Parameters
    ----------
    protocol
        Makes the protocol of a new connection.

    """

    def __init__(self, connections: Connections, protocol: Callable[[], asyncio.BaseProtocol]) -> None:
        self._connections = connections
        self._protocol = protocol
        self._servers: list[asyncio.Server] = []
        self._ticking: asyncio.Task[None] | None = None

    async def start(self, sockets: list[socket.socket], tls: ssl.SSLContext | None = None) -> None:
        """Accept on these sockets."""
        loop = asyncio.get_running_loop()
        handshake = LIMITS.handshake_seconds if tls else None
        for bound in sockets:
            create = loop.create_unix_server if bound.family is socket.AF_UNIX else loop.create_server
            server = await create(self._protocol, sock=bound, ssl=tls, ssl_handshake_timeout=handshake)
            self._servers.append(server)
        self._ticking = self._ticking or asyncio.create_task(self._tick_for_ever())

    async def close(self, grace_seconds: float) -> None:
        """Accept no more, answer what is in flight, then close."""
        for server in self._servers:
            server.close()
        await self._connections.drain(grace_seconds)
        if self._ticking:
            self._ticking.cancel()

    async def _tick_for_ever(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self._connections.tick(loop.time())
