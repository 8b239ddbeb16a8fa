"""The gRPC front end on libnghttp2 and the event loop."""

import socket
import ssl

from fogline_model_server import wire
from fogline_model_server.answers.observed import GRPC
from fogline_model_server.fronts.connections import Connections, Listener
from fogline_model_server.fronts.http2.calls import Shared
from fogline_model_server.fronts.http2.connection import Http2Connection
from fogline_model_server.fronts.http2.methods import methods
from fogline_model_server.fronts.http2.request import Reader
from fogline_model_server.fronts.work import Work
from fogline_model_server.serving import Serving


class Http2Front:
    """Answers gRPC calls.

    Parameters
    ----------
    work
        Shared with other fronts: they use the same engines.

    """

    def __init__(self, serving: Serving, work: Work) -> None:
        predictor = wire.Predictor(serving)
        connections = Connections()
        serving.meter.connections[GRPC] = connections.count
        shared = Shared(serving, methods(serving, predictor), work, connections, Reader())
        self._listener = Listener(connections, lambda: Http2Connection(shared))

    async def start(self, sockets: list[socket.socket], tls: ssl.SSLContext | None = None) -> None:
        """Listen; may be called again for other sockets."""
        await self._listener.start(sockets, tls)

    async def close(self, grace_seconds: float) -> None:
        """Take no new calls, answer those in flight, and close."""
        await self._listener.close(grace_seconds)
