"""A client on libnghttp2 that shows frames, and one that shares memory with a connection of our front end."""

from dataclasses import dataclass, field

import ngh2
import numpy as np
from tests.support.memory_transport import MemoryTransport
from tests.support.model_server import predict_request
from tests.support.wait import wait_for

from fogline_model_server.fronts.http2.connection import Http2Connection
from fogline_model_server.fronts.http2.message import framed

PREDICT = b"/tensorflow.serving.PredictionService/Predict"
STATUS = b"/tensorflow.serving.ModelService/GetModelStatus"
ROWS = predict_request({"x": np.array([[1, 2, 3], [4, 5, 6]], np.float32)}).SerializeToString()
"""A PredictRequest of two rows."""
BODY = framed(ROWS)


@dataclass(slots=True)
class Answer:
    """What came on one stream."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    trailers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    reset: int | None = None
    """Error code of RST_STREAM."""
    closed: bool = False

    @property
    def status(self) -> tuple[int, str]:
        """Return code and message of gRPC."""
        fields = {**self.headers, **self.trailers}
        return int(fields[b"grpc-status"]), fields.get(b"grpc-message", b"").decode()

    def message(self) -> bytes:
        """Return the one message of the body."""
        assert self.body[:5] == framed(bytes(self.body[5:]))[:5]
        return bytes(self.body[5:])


class Peer:
    """A client without a socket: what it has to send and what it got goes through the caller."""

    def __init__(self, config: ngh2.Configuration | None = None) -> None:
        self.session = ngh2.Connection(ngh2.Role.CLIENT, config)
        self.session.initiate_connection()
        self.answers: dict[int, Answer] = {}
        self.goaways: list[tuple[int, int]] = []
        """Error code and last stream of each."""

    def call(
        self,
        path: bytes = PREDICT,
        body: bytes | None = None,
        *,
        more: bool = False,
        **fields: bytes | None,
    ) -> Answer:
        """Begin a call.

        Parameters
        ----------
        body
            With its prefix; None is none at all.
        more
            Body or trailers still follow, with `send`.
        fields
            Headers to add, with ``_`` for ``-``; None leaves one out, ``method`` is the pseudo-header.

        """
        headers: dict[bytes, bytes | None] = {
            b":method": fields.pop("method", b"POST"),
            b":scheme": b"http",
            b":path": path,
            b":authority": b"test",
            b"content-type": b"application/grpc",
            b"te": b"trailers",
            **{name.encode().replace(b"_", b"-"): value for name, value in fields.items()},
        }
        stream = self.session.send_request(
            [(name, value) for name, value in headers.items() if value is not None],
            end_stream=body is None and not more,
        )
        if body is not None:
            self.session.send_data(stream, body, end_stream=not more)
        self.answers[stream] = Answer()
        return self.answers[stream]

    def stream(self, answer: Answer) -> int:
        """Return the number of the stream of an answer."""
        return next(number for number, known in self.answers.items() if known is answer)

    def received(self, data: bytes) -> None:
        """Take what the server has sent."""
        if not self.session.want_read:
            return  # the server has said that it ends, and no call is open
        self.session.receive_data(data)
        for event in self.session.events():
            match event:
                case ngh2.ResponseReceived(stream_id=stream, headers=headers):
                    self.answers[stream].headers.update(headers)
                case ngh2.TrailersReceived(stream_id=stream, headers=headers):
                    self.answers[stream].trailers.update(headers)
                case ngh2.DataReceived(stream_id=stream, data=content):
                    self.answers[stream].body += content
                case ngh2.StreamReset(stream_id=stream, error_code=code):
                    self.answers[stream].reset = code
                case ngh2.StreamClosed(stream_id=stream):
                    self.answers[stream].closed = True
                case ngh2.GoAwayReceived(error_code=code, last_stream_id=last):
                    self.goaways.append((code, last))
                case _:
                    pass


class MemoryPair:
    """A peer and a connection of the server that talk without a socket, step by step."""

    def __init__(self, server: Http2Connection, config: ngh2.Configuration | None = None) -> None:
        self.server = server
        self.peer = Peer(config)
        self.transport = MemoryTransport()
        server.connection_made(self.transport)
        self.exchange()

    def exchange(self) -> None:
        """Carry bytes both ways until there are none."""
        while True:
            sent = self.peer.session.data_to_send()
            if sent and not self.transport.closed:
                self.server.data_received(sent)
            written, self.transport.written = bytes(self.transport.written), bytearray()
            if written:
                self.peer.received(written)
            if not sent and not written:
                return

    async def answered(self, answer: Answer) -> Answer:
        """Exchange until a call is over."""

        def over() -> bool:
            self.exchange()
            return answer.closed

        await wait_for(over, "the call is over", every_seconds=0.002, seen=lambda: answer)
        return answer

    async def call(self, path: bytes = PREDICT, body: bytes | None = None, **fields: bytes | None) -> Answer:
        """Make a call and return its answer."""
        return await self.answered(self.peer.call(path, body, more=False, **fields))
