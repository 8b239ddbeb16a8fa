"""One HTTP/2 connection: from bytes to calls, and from answers to bytes."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from ngh2 import (
    Configuration,
    Connection,
    DataReceived,
    ErrorCode,
    Event,
    NGH2Error,
    PingAcknowledged,
    PingReceived,
    RequestReceived,
    Role,
    Setting,
    SettingsReceived,
    StreamClosed,
    StreamProtocolError,
    TrailersReceived,
    WindowUpdated,
)

from fogline_model_server.admission import admit
from fogline_model_server.errors import Code, ServingError
from fogline_model_server.fronts.connections import Connections
from fogline_model_server.fronts.http2 import message, request
from fogline_model_server.fronts.http2.call import Call
from fogline_model_server.fronts.http2.methods import Method
from fogline_model_server.fronts.work import Work
from fogline_model_server.limits import LIMITS
from fogline_model_server.serving import Serving

_CONFIGURATION = Configuration(
    max_inbound_header_list_size=LIMITS.header_bytes, max_inbound_header_count=LIMITS.header_count
)
_STREAM_WINDOW_BYTES = 1 << 20
_CONNECTION_WINDOW_BYTES = 4 << 20
"""What a client may send unasked; with HTTP/2's 64 KiB large messages would be slow from afar."""
_SETTINGS = {
    Setting.MAX_CONCURRENT_STREAMS: LIMITS.streams,
    Setting.INITIAL_WINDOW_SIZE: _STREAM_WINDOW_BYTES,
    Setting.MAX_HEADER_LIST_SIZE: LIMITS.header_bytes,
}
_HEADERS = [
    (b":status", b"200"),
    (b"content-type", request.CONTENT_TYPE),
    (b"grpc-accept-encoding", b",".join(request.ENCODINGS)),
]
_OK = request.trailers(0, "")
_DRAIN_PING = b"fogline!"
_DRAIN_SECONDS = 1.0
"""How long a client that does not answer the ping may go on opening calls after the notice of the end."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all connections of one listener use."""

    serving: Serving
    methods: Mapping[bytes, Method]
    work: Work
    connections: Connections
    reader: request.Reader


class Http2Connection(asyncio.Protocol):
    """Feeds libnghttp2 and acts on what it finds."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._loop = asyncio.get_running_loop()
        self._session = Connection(Role.SERVER, _CONFIGURATION)
        self._calls: dict[int, Call] = {}
        self._transport: asyncio.Transport | None = None
        self._peer = ""
        self._paused = False
        self._control_frames = 0
        self._unfinished_since: float | None = self._loop.time()
        """Since when bytes come that are no whole frame; a client has to begin with whole ones at once."""
        self._stalled: tuple[int, float] = (0, 0.0)
        """How many bytes of answers the client had not fetched, and since when it is that many."""
        self.idle_since: float | None = self._loop.time()
        self._drains = False
        self._last_call = False

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the client."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has no common class with asyncio's
        self._peer = _peer(transport)
        if not self._shared.connections.add(self):
            self._transport.abort()
            return
        self._session.initiate_connection(_SETTINGS)
        self._session.set_local_window_size(_CONNECTION_WINDOW_BYTES)
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Work on what the client has sent."""
        try:
            self._session.receive_data(data)
        except NGH2Error:
            # The client breaks the protocol or a limit; the last bytes tell it so.
            self._flush()
            self._close()
            return
        events = self._session.events()
        if events:
            self._unfinished_since = None
            for event in events:
                self._on_event(event)
        elif self._unfinished_since is None:
            self._unfinished_since = self._loop.time()
        self._flush()

    def pause_writing(self) -> None:
        """Take no more from a client that does not fetch its answers."""
        self._paused = True
        if self._transport:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self._paused = False
        if self._transport:
            self._transport.resume_reading()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the reason changes nothing
        """Forget all calls."""
        self._transport = None
        for call in self._calls.values():
            self._shared.connections.held_bytes -= call.end()
        self._calls.clear()
        self._shared.connections.remove(self)

    # What the listener calls.

    def tick(self, now: float) -> None:
        """See `connections.Connection`."""
        floods = self._control_frames > LIMITS.control_frames_per_second
        self._control_frames = 0
        since = self._unfinished_since
        drips = since is not None and now - since > LIMITS.header_seconds
        if floods or drips or self._is_stalled(now):
            self._terminate(ErrorCode.ENHANCE_YOUR_CALM)
            return
        for call in tuple(self._calls.values()):
            if call.job is None and now - call.began > LIMITS.request_seconds:
                self._refuse(call, ServingError(Code.DEADLINE_EXCEEDED, "the request did not come in time"))
        if self.idle_since is not None and now - self.idle_since > LIMITS.idle_seconds:
            self.drain()
        self._flush()

    def drain(self) -> None:
        """Say that the end is near: the client opens no more calls, and none on its way is lost."""
        if not self._drains:
            self._drains = True
            self._session.send_shutdown_notice()
            self._session.ping(_DRAIN_PING)
            self._flush()
            self._loop.call_later(_DRAIN_SECONDS, self._take_no_more)

    def abort(self) -> None:
        """See `connections.Connection`."""
        if self._transport:
            self._transport.abort()

    # Calls.

    def _on_event(self, event: Event) -> None:
        kind = type(event)
        if kind is RequestReceived:
            self._on_request(event)  # type: ignore[arg-type]  # mypy does not follow type()
        elif kind is DataReceived:
            self._on_data(event)  # type: ignore[arg-type]  # mypy does not follow type()
        elif kind is StreamClosed:
            self._on_stream_closed(event)  # type: ignore[arg-type]  # mypy does not follow type()
        elif kind is WindowUpdated:
            pass
        elif kind is TrailersReceived:
            call = self._calls.get(event.stream_id)  # type: ignore[attr-defined]  # mypy does not follow type()
            if call:
                self._on_message(call, call.body or b"")
        elif kind is PingReceived or kind is SettingsReceived:
            self._control_frames += 1
        elif kind is PingAcknowledged and self._drains:
            self._take_no_more()

    def _on_request(self, event: RequestReceived) -> None:
        stream = event.stream_id
        self.idle_since = None
        try:
            asked = self._shared.reader.read(event.headers)
            method = self._shared.methods.get(asked.path)
            if method is None:
                raise ServingError(Code.UNIMPLEMENTED, "Method not found!")  # noqa: TRY301  one way to refuse
            admit(self._shared.serving, method.name, self._peer)
            if asked.timeout_seconds == 0:
                raise ServingError(Code.DEADLINE_EXCEEDED, "Deadline Exceeded")  # noqa: TRY301  as above
            if self._session.queued_body_size() > LIMITS.queued_answer_bytes:
                raise ServingError(Code.RESOURCE_EXHAUSTED, "fetch the answers first")  # noqa: TRY301  as above
        except request.NotGrpc as error:
            self._send_status(stream, [(b":status", b"%d" % error.status)], unfinished=not event.end_stream)
            return
        except ServingError as error:
            self._send_error(stream, error, unfinished=not event.end_stream)
            return
        call = Call(stream, method, asked.encoding, self._loop.time())
        self._calls[stream] = call
        if asked.timeout_seconds is not None:
            call.expiry = self._loop.call_later(asked.timeout_seconds, self._expire, call)
        if event.end_stream:
            self._on_message(call, b"")

    def _on_data(self, event: DataReceived) -> None:
        call = self._calls.get(event.stream_id)
        if call is None:
            return
        data = event.data
        if call.body is None:
            if event.end_stream:
                self._on_message(call, data)
                return
            call.body = bytearray(data)
        else:
            call.body += data
        shared = self._shared.connections
        shared.held_bytes += len(data)
        try:
            message.check_size(call.body)
            if shared.held_bytes > LIMITS.held_bytes:
                raise ServingError(Code.RESOURCE_EXHAUSTED, "too many requests at once, try again later")  # noqa: TRY301  one way to refuse
        except ServingError as error:
            self._refuse(call, error, unfinished=not event.end_stream)
            return
        if event.end_stream:
            self._on_message(call, call.body)

    def _on_message(self, call: Call, body: bytes | bytearray) -> None:
        """Answer a call whose request is complete."""
        work = self._shared.work
        try:
            asked = message.unframed(body, call.encoding)
            kind = call.method.kind(asked)
            if work.is_quick(kind, len(asked)):
                self._answer(call, work.run(kind, call.method.answer, asked))
                return
            call.job = work.submit(kind, call.method.answer, asked)
        except ServingError as error:
            self._refuse(call, error, unfinished=False)
            return
        call.job.add_done_callback(lambda job: self._on_job_done(call, job))

    def _on_job_done(self, call: Call, job: "asyncio.Future[bytes]") -> None:
        if job.cancelled() or self._calls.get(call.stream) is not call:
            job.cancelled() or job.exception()
            return
        error = job.exception()
        if error is None:
            self._answer(call, job.result())
        elif isinstance(error, ServingError):
            self._refuse(call, error, unfinished=False)
        else:
            self._refuse(call, ServingError(Code.INTERNAL, "internal error"), unfinished=False)
        self._flush()

    def _expire(self, call: Call) -> None:
        self._refuse(call, ServingError(Code.DEADLINE_EXCEEDED, "Deadline Exceeded"))
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

    def _refuse(self, call: Call, error: ServingError, *, unfinished: bool = True) -> None:
        if self._calls.get(call.stream) is call:
            self._forget(call)
            self._send_error(call.stream, error, unfinished=unfinished)

    def _send_error(self, stream: int, error: ServingError, *, unfinished: bool) -> None:
        self._send_status(
            stream, [*_HEADERS, *request.trailers(error.code, error.message)], unfinished=unfinished
        )

    def _send_status(self, stream: int, headers: list[tuple[bytes, bytes]], *, unfinished: bool) -> None:
        """Answer with headers alone.

        Parameters
        ----------
        unfinished
            The client may still be sending: tell it to stop.

        """
        with suppress(StreamProtocolError):  # as in `_answer`
            self._session.send_response(stream, headers, end_stream=True)
            if unfinished:
                self._session.reset_stream(stream, ErrorCode.NO_ERROR)
        if not self._calls:
            self.idle_since = self._loop.time()

    def _on_stream_closed(self, event: StreamClosed) -> None:
        call = self._calls.get(event.stream_id)
        if call:
            self._forget(call)

    def _forget(self, call: Call) -> None:
        del self._calls[call.stream]
        if call.body is not None or call.expiry or call.job:
            self._shared.connections.held_bytes -= call.end()
        if not self._calls:
            self.idle_since = self._loop.time()

    # The end.

    def _take_no_more(self) -> None:
        if self._transport and not self._last_call:
            self._last_call = True
            self._session.send_goaway(ErrorCode.NO_ERROR)
            self._flush()

    def _terminate(self, code: ErrorCode) -> None:
        self._session.terminate_connection(code)
        self._flush()
        self._close()

    def _close(self) -> None:
        if self._transport:
            self._transport.close()

    def _is_stalled(self, now: float) -> bool:
        queued = self._session.queued_body_size()
        if queued == 0 or queued != self._stalled[0]:
            self._stalled = (queued, now)
        return now - self._stalled[1] > LIMITS.stall_seconds

    def _flush(self) -> None:
        if self._paused or self._transport is None:
            return
        data = self._session.data_to_send()
        if data:
            self._transport.write(data)
        if self._last_call and not self._calls and not self._session.queued_body_size():
            self._transport.close()


def _peer(transport: asyncio.BaseTransport) -> str:
    """Return the other side as gRPC writes it."""
    name = transport.get_extra_info("peername")
    if not isinstance(name, tuple):
        return "unix:"
    host, port = name[:2]
    return f"ipv6:[{host}]:{port}" if ":" in host else f"ipv4:{host}:{port}"
