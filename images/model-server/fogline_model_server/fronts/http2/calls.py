"""The calls of one connection: from requests to answers."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from ngh2 import Connection, DataReceived, ErrorCode, RequestReceived, StreamProtocolError

from fogline_model_server.admission import admit
from fogline_model_server.errors import Code, ServingError
from fogline_model_server.fronts.connections import Connections
from fogline_model_server.fronts.http2 import message, request
from fogline_model_server.fronts.http2.call import Call
from fogline_model_server.fronts.http2.methods import Method
from fogline_model_server.fronts.work import Work
from fogline_model_server.limits import LIMITS
from fogline_model_server.serving import Serving

_HEADERS = [
    (b":status", b"200"),
    (b"content-type", request.CONTENT_TYPE),
    (b"grpc-accept-encoding", b",".join(request.ENCODINGS)),
]
_OK = request.trailers(0, "")
_SHUTTING_DOWN = request.trailers(Code.UNAVAILABLE, "The server is shutting down.")


@dataclass(frozen=True, slots=True)
class Shared:
    """What all connections of one front end use."""

    serving: Serving
    methods: Mapping[bytes, Method]
    work: Work
    connections: Connections
    reader: request.Reader


class Calls:
    """Takes the events of calls, and hands answers to libnghttp2.

    Parameters
    ----------
    session
        Of libnghttp2; whoever owns it sends what it has to send after each method of this class.
    peer
        The client, as gRPC writes it.
    flush
        Sends what the session has to send; False when that has to wait.

    """

    def __init__(self, shared: Shared, session: Connection, peer: str, flush: Callable[[], bool]) -> None:
        self._shared = shared
        self._session = session
        self._peer = peer
        self._flush = flush
        self._loop = asyncio.get_running_loop()
        self._open: dict[int, Call] = {}
        self.idle_since: float | None = self._loop.time()
        """Since when there is no call, in seconds of the event loop's clock."""

    def on_request(self, event: RequestReceived) -> None:
        """Begin a call, or refuse it by its headers."""
        stream, unfinished = event.stream_id, not event.end_stream
        try:
            asked = self._shared.reader.read(event.headers)
            method = self._admitted(asked)
        except request.NotGrpc as error:
            self._send_status(stream, [(b":status", b"%d" % error.status)], unfinished=unfinished)
            return
        except ServingError as error:
            self._send_error(stream, error, unfinished=unfinished)
            return
        self.idle_since = None
        call = Call(stream, method, asked.encoding, self._loop.time())
        self._open[stream] = call
        if asked.timeout_seconds is not None:
            call.expiry = self._loop.call_later(asked.timeout_seconds, self._expire, call)
        if event.end_stream:
            self._on_message(call, b"")

    def on_data(self, event: DataReceived) -> None:
        """Collect the message, and answer it when it is complete."""
        call = self._open.get(event.stream_id)
        if call is None or call.complete:
            return
        if call.body is None and event.end_stream:
            self._on_message(call, event.data)
            return
        try:
            body = call.add(event.data)
            self._shared.connections.hold(len(event.data))
            message.check_size(body)
        except ServingError as error:
            self._refuse(call, error, unfinished=not event.end_stream)
            return
        if event.end_stream:
            self._on_message(call, body)

    def on_trailers(self, stream: int) -> None:
        """Answer a call whose client ends it with trailers, which mean nothing in a request."""
        call = self._open.get(stream)
        if call and not call.complete:
            self._on_message(call, call.body or b"")

    def on_closed(self, stream: int) -> None:
        """Forget a call that the client has cancelled."""
        call = self._open.get(stream)
        if call:
            self._forget(call)

    def tick(self, now: float) -> None:
        """Refuse calls whose message does not come, and tell those who watch what has changed."""
        for call in tuple(self._open.values()):
            if call.watches is not None:
                self._tell(call)
            elif not call.complete and now - call.began > LIMITS.request_seconds:
                late = ServingError(Code.DEADLINE_EXCEEDED, "the request did not come in time")
                self._refuse(call, late, unfinished=True)

    def end_watches(self) -> None:
        """Tell those who watch that this is the end; everything else is answered."""
        for call in tuple(self._open.values()):
            if call.watches is not None:
                self._tell(call)
                self._forget(call)
                with suppress(StreamProtocolError):  # as in `_answer`
                    self._session.send_trailers(call.stream, _SHUTTING_DOWN)

    def end(self) -> None:
        """Forget all calls: the connection is gone."""
        for call in tuple(self._open.values()):
            self._forget(call)

    def _admitted(self, asked: request.Request) -> Method:
        method = self._shared.methods.get(asked.path)
        if method is None:
            raise ServingError(Code.UNIMPLEMENTED, "Method not found!")
        admit(self._shared.serving, method.name, self._peer)
        if asked.timeout_seconds == 0:
            raise _expired()
        if self._session.queued_body_size() > LIMITS.queued_answer_bytes:
            raise ServingError(Code.RESOURCE_EXHAUSTED, "the answers before this one wait to be fetched")
        return method

    def _on_message(self, call: Call, body: bytes | bytearray) -> None:
        work, method = self._shared.work, call.method
        call.complete = True
        try:
            asked = message.unframed(body, call.encoding)
            if method.watches:
                call.watches = asked
                self._tell(call)
                return
            kind = method.kind(asked)
            if method.informs or work.is_quick(kind, len(asked)):
                self._answer(call, work.run(kind, method.answer, asked))
                return
            if method.waits:
                call.job = work.submit_waiting(method.answer, asked)
            else:
                call.job = work.submit(kind, method.answer, asked)
        except ServingError as error:
            self._refuse(call, error, unfinished=False)
            return
        call.job.add_done_callback(lambda job: self._on_job_done(call, job))

    def _on_job_done(self, call: Call, job: "asyncio.Future[bytes]") -> None:
        error = None if job.cancelled() else job.exception()
        if self._open.get(call.stream) is not call:
            return
        if isinstance(error, ServingError):
            self._refuse(call, error, unfinished=False)
        elif error:
            self._refuse(call, ServingError(Code.INTERNAL, "internal error"), unfinished=False)
        else:
            self._answer(call, job.result())
        self._flush()

    def _expire(self, call: Call) -> None:
        self._refuse(call, _expired(), unfinished=not call.complete)
        self._flush()

    def _answer(self, call: Call, answered: bytes) -> None:
        self._forget(call)
        session = self._session
        try:
            session.send_response(call.stream, _HEADERS)
            session.send_data(call.stream, message.framed(answered))
            session.send_trailers(call.stream, _OK)
        except StreamProtocolError:
            pass  # the client has cancelled it: libnghttp2 knows already, its event comes later

    def _tell(self, call: Call) -> None:
        """Send what a client watches, if it has changed."""
        told = call.method.answer(call.watches or b"")
        if told == call.told:
            return
        with suppress(StreamProtocolError):  # as in `_answer`
            if call.told is None:
                self._session.send_response(call.stream, _HEADERS)
            self._session.send_data(call.stream, message.framed(told))
        call.told = told

    def _refuse(self, call: Call, error: ServingError, *, unfinished: bool) -> None:
        if self._open.get(call.stream) is call:
            self._forget(call)
            self._send_error(call.stream, error, unfinished=unfinished)

    def _send_error(self, stream: int, error: ServingError, *, unfinished: bool) -> None:
        headers = [*_HEADERS, *request.trailers(error.code, error.message)]
        self._send_status(stream, headers, unfinished=unfinished)

    def _send_status(self, stream: int, headers: list[tuple[bytes, bytes]], *, unfinished: bool) -> None:
        """Answer with headers alone.

        Parameters
        ----------
        unfinished
            The client may still be sending: tell it to stop.

        """
        with suppress(StreamProtocolError):  # as in `_answer`
            self._session.send_response(stream, headers, end_stream=True)
            # A reset overtakes headers that are not sent yet, and then nobody would see them.
            if unfinished and self._flush():
                self._session.reset_stream(stream, ErrorCode.NO_ERROR)

    def _forget(self, call: Call) -> None:
        del self._open[call.stream]
        self._shared.connections.release(call.end())
        if not self._open:
            self.idle_since = self._loop.time()


def _expired() -> ServingError:
    return ServingError(Code.DEADLINE_EXCEEDED, "Deadline Exceeded")
