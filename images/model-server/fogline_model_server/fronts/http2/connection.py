"""One HTTP/2 connection: bytes in, bytes out, and limits of time."""

import asyncio
from typing import cast

from ngh2 import (
    Configuration,
    Connection,
    ConnectionClosed,
    ConnectionStateError,
    DataReceived,
    DenialOfServiceError,
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
    TrailersReceived,
)

from fogline_model_server.fronts.http2.calls import Calls, Shared
from fogline_model_server.limits import LIMITS

_CONFIGURATION = Configuration(
    max_inbound_header_list_size=LIMITS.header_bytes, max_inbound_header_count=LIMITS.header_count
)
_MAX_STREAM = (1 << 31) - 1
_STREAM_WINDOW_BYTES = 1 << 20
_CONNECTION_WINDOW_BYTES = 4 << 20
"""What a client may send unasked; with HTTP/2's 64 KiB large messages would be slow from afar."""
_SETTINGS = {
    Setting.MAX_CONCURRENT_STREAMS: LIMITS.streams,
    Setting.INITIAL_WINDOW_SIZE: _STREAM_WINDOW_BYTES,
    Setting.MAX_HEADER_LIST_SIZE: LIMITS.header_bytes,
}
_GOAWAY = b"\0\0\x08\x07" + bytes(5) + _MAX_STREAM.to_bytes(4, "big")
"""The frame without its error code. Which calls were answered is for the client to know."""
_LAST_PING = b"fogline!"
_LAST_CALL_SECONDS = 5.0
"""How long a client that does not answer the ping may go on opening calls after the notice of the end. A call
on its way then is lost, so a client on a busy machine must come to read the notice in this time."""
_LINGER_SECONDS = 5.0
"""How long a connection that is over may stay open until its client closes it."""


class Http2Connection(asyncio.Protocol):
    """Feeds libnghttp2, and sends what it has to send."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._loop = asyncio.get_running_loop()
        self._session = Connection(Role.SERVER, _CONFIGURATION)
        self._transport: asyncio.Transport | None = None
        self._calls: Calls
        self._paused = False
        self._control_frames = 0
        self._unfinished_since: float | None = self._loop.time()
        """Since when bytes come that are no whole frame; the first have to come at once."""
        self._queued: tuple[int, float] = (0, 0.0)
        """How many bytes of answers the client had not fetched, and since when it is that many."""
        self._drains = False
        self._last_ping_answered = False
        """The end is told once the calls that came along with the answer are taken."""
        self._ends = False
        self._lingers_since: float | None = None

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the client."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has no common class with asyncio's
        self._calls = Calls(self._shared, self._session, _peer(transport), self._flush)
        if not self._shared.connections.add(self):
            self._transport.abort()
            return
        self._session.initiate_connection(_SETTINGS)
        self._session.set_local_window_size(_CONNECTION_WINDOW_BYTES)
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Work on what the client has sent."""
        if self._lingers_since is not None:
            return
        try:
            self._session.receive_data(data)
        except NGH2Error as error:
            self._give_up(error)
            return
        events = self._session.events()
        if events:
            self._unfinished_since = None
            for event in events:
                self._on_event(event)
            if self._last_ping_answered:
                self._take_no_more()
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
        self._calls.end()
        self._shared.connections.remove(self)

    # What the listener calls.

    @property
    def idle_since(self) -> float | None:
        """See `connections.Connection`."""
        return self._calls.idle_since

    def tick(self, now: float) -> None:
        """See `connections.Connection`."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._lingers_since is not None:
            if now - self._lingers_since > _LINGER_SECONDS:
                self.abort()
            return
        if not (self._session.want_read or self._session.want_write):
            self._close()  # libnghttp2 has ended it
            return
        floods = self._control_frames > LIMITS.control_frames_per_second
        self._control_frames = 0
        since, idle_since = self._unfinished_since, self.idle_since
        drips = since is not None and now - since > LIMITS.header_seconds
        if floods or drips or self._stalls(now):
            self._session.terminate_connection(ErrorCode.ENHANCE_YOUR_CALM)
            self._flush()
            self._close()
            return
        self._calls.tick(now)
        if idle_since is not None and now - idle_since > LIMITS.idle_seconds:
            self.drain()
        self._flush()

    def drain(self) -> None:
        """Say that the end is near: the client opens no more calls, and none on its way is lost."""
        if not self._drains:
            self._drains = True
            self._calls.end_watches()
            self._session.send_shutdown_notice()
            self._session.ping(_LAST_PING)
            self._flush()
            self._loop.call_later(_LAST_CALL_SECONDS, self._take_no_more)

    def abort(self) -> None:
        """See `connections.Connection`."""
        if self._transport:
            self._transport.abort()

    # What happens inside.

    def _on_event(self, event: Event) -> None:
        if isinstance(event, RequestReceived):
            self._calls.on_request(event)
        elif isinstance(event, DataReceived):
            self._calls.on_data(event)
        elif isinstance(event, StreamClosed):
            self._calls.on_closed(event.stream_id)
        elif isinstance(event, TrailersReceived):
            self._calls.on_trailers(event.stream_id)
        elif isinstance(event, PingReceived | SettingsReceived):
            self._control_frames += 1
        elif isinstance(event, PingAcknowledged) and self._drains:
            self._last_ping_answered = True
        elif isinstance(event, ConnectionClosed):
            self._close()

    def _give_up(self, error: NGH2Error) -> None:
        """End a connection whose client breaks the protocol or a limit; libnghttp2 says nothing any more."""
        if self._transport and not isinstance(error, ConnectionStateError):
            calm = isinstance(error, DenialOfServiceError)
            code = ErrorCode.ENHANCE_YOUR_CALM if calm else ErrorCode.PROTOCOL_ERROR
            self._transport.write(_GOAWAY + code.to_bytes(4, "big"))
        self._close()

    def _take_no_more(self) -> None:
        if self._transport and not self._ends:
            self._ends = True
            self._session.send_goaway(ErrorCode.NO_ERROR)
            self._flush()

    def _stalls(self, now: float) -> bool:
        queued = self._session.queued_body_size()
        if queued == 0 or queued != self._queued[0]:
            self._queued = (queued, now)
        return now - self._queued[1] > LIMITS.stall_seconds

    def _flush(self) -> bool:
        if self._paused or self._transport is None or self._transport.is_closing():
            return False
        data = self._session.data_to_send()
        if data:
            self._transport.write(data)
        if self._ends and self.idle_since is not None and not self._session.queued_body_size():
            self._linger()
        return True

    def _linger(self) -> None:
        """Let the client close.

        To close now would break off a call on its way before the client has read that it was not taken, and
        may be made elsewhere.
        """
        if self._transport and self._lingers_since is None:
            self._lingers_since = self._loop.time()
            if self._transport.can_write_eof():
                self._transport.write_eof()

    def _close(self) -> None:
        if self._transport:
            self._transport.close()


def _peer(transport: asyncio.BaseTransport) -> str:
    """Return the other side as gRPC writes it."""
    name = transport.get_extra_info("peername")
    if not isinstance(name, tuple):
        return "unix:"
    host, port = name[:2]
    return f"ipv6:[{host}]:{port}" if ":" in host else f"ipv4:{host}:{port}"
