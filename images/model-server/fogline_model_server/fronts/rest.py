"""The REST front end on the event loop."""

import socket

from fogline_model_server.answers.observed import REST
from fogline_model_server.fronts.connections import Connections, Listener
from fogline_model_server.fronts.http1 import Http1Connection, Shared
from fogline_model_server.fronts.work import Work
from fogline_model_server.serving import Serving


class RestFront:
    """Answers REST requests.

    Parameters
    ----------
    work
        Shared with other fronts: they use the same engines.
    timeout_seconds
        How long a request may wait for a thread and be worked on there.

    """

    def __init__(self, serving: Serving, work: Work, timeout_seconds: float) -> None:
        connections = Connections()
        serving.meter.connections[REST] = connections.count
        shared = Shared(serving, work, connections, timeout_seconds)
        self._listener = Listener(connections, lambda: Http1Connection(shared))

    async def start(self, sockets: list[socket.socket]) -> None:
        """Listen."""
        await self._listener.start(sockets)

    async def close(self, grace_seconds: float) -> None:
        """Take no new requests, answer those in flight, and close."""
        await self._listener.close(grace_seconds)
