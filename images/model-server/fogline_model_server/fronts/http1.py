"""One HTTP/1.1 connection of the REST API: answers in the order of the requests, and limits of time."""

import asyncio
import time
import zlib
from collections import deque
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache, partial
from http import HTTPStatus
from typing import cast

from fogline_model_server.errors import Code, ServingError
from fogline_model_server.fronts.connections import Connections
from fogline_model_server.fronts.http1_request import Refused, Request, RequestReader, body_too_large
from fogline_model_server.fronts.work import Work
from fogline_model_server.limits import LIMITS
from fogline_model_server.rest import encode
from fogline_model_server.rest.answer import Reply, answer, refusal
from fogline_model_server.serving import Serving

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_PIPELINED = 16
"""Requests of one connection that may wait before it is read no further, and that are answered in a row
before other connections have their turn."""
_LAST_CALL_SECONDS = 5.0
"""How long an idle connection is kept when the server ends. A request on its way then is lost, and HTTP/1.1
has no notice of the end but an answer, so a client on a busy machine must come to ask in this time."""
_LINGER_SECONDS = 5.0
"""How long the rest of a refused request is thrown away, so that the client comes to read the answer."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all connections of one listener use."""

    serving: Serving
    work: Work
    connections: Connections
    timeout_seconds: float = 30.0
    """How long a request may wait for a thread and be worked on there."""


class Http1Connection(asyncio.Protocol):
    """Reads requests and writes replies."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._loop = asyncio.get_running_loop()
        self._reader = RequestReader(self._on_request, self._on_expectation, self._hold)
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[Request | Refused] = deque()
        self._job: asyncio.Future[Reply] | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._held_bytes = 0
        self._ends = False
        """The next answer with nothing behind it is the last."""
        self._deaf = False
        """Nothing more is read."""
        self._request_since: float | None = None
        self._stalled_since: float | None = None
        self._lingers_since: float | None = None
        self.idle_since: float | None = self._loop.time()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has no common class with asyncio's
        if not self._shared.connections.add(self):
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Work on what the client has sent."""
        if self._deaf:
            return
        try:
            self._reader.feed(data)
        except Refused as refused:
            if not self._deaf:
                self._refuse(refused)
        if self._reader.in_request and self._request_since is None:
            self._request_since = self._loop.time()
            self.idle_since = None
        self._work_on()

    def eof_received(self) -> bool:
        """Answer what has come, also when the client sends no more."""
        self._deaf = self._ends = True
        return self._is_busy()

    def pause_writing(self) -> None:
        """Take no more from a client that does not fetch its answers."""
        self._stalled_since = self._loop.time()
        self._pause_or_resume()

    def resume_writing(self) -> None:
        """Go on."""
        self._stalled_since = None
        self._work_on()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the reason changes nothing
        """Forget all requests."""
        self._transport = None
        self._deaf = True
        self._waiting.clear()
        if self._job:
            self._job.cancel()
        if self._expiry:
            self._expiry.cancel()
        self._release()
        self._shared.connections.remove(self)

    # What the reader calls.

    def _on_request(self, request: Request) -> None:
        self._request_since = self.idle_since = None
        self._waiting.append(request)
        if not request.keep_alive:
            self._deaf = self._ends = True

    def _on_expectation(self) -> None:
        if self._transport and not self._is_busy():
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _hold(self, size_bytes: int) -> None:
        self._held_bytes += size_bytes
        self._shared.connections.hold(size_bytes)

    # What the listener calls.

    def tick(self, now: float) -> None:
        """See `connections.Connection`."""
        began, stalled, lingers = self._request_since, self._stalled_since, self._lingers_since
        limit = LIMITS.request_seconds if self._reader.in_body else LIMITS.header_seconds
        if (lingers is not None and now - lingers > _LINGER_SECONDS) or (
            stalled is not None and now - stalled > LIMITS.stall_seconds
        ):
            self.abort()
        elif began is not None and now - began > limit:
            self._refuse(Refused(HTTPStatus.REQUEST_TIMEOUT, "the request did not come in time"))
            self._work_on()
        elif self.idle_since is not None and now - self.idle_since > LIMITS.idle_seconds:
            self._close_idle()

    def drain(self) -> None:
        """See `connections.Connection`."""
        self._ends = True
        self._loop.call_later(_LAST_CALL_SECONDS, self._close_idle)

    def abort(self) -> None:
        """See `connections.Connection`."""
        if self._transport:
            self._transport.abort()

    # Answers.

    def _work_on(self) -> None:
        """Answer the requests that wait, one after the other."""
        work, serving = self._shared.work, self._shared.serving
        for _ in range(_PIPELINED):
            if not self._waiting or self._job or self._stalled_since is not None or not self._transport:
                break
            request = self._waiting.popleft()
            if isinstance(request, Refused):
                self._send(Reply(request.status, encode.error(request.message)), last=True)
                self._linger()
                break
            kind = (request.method, request.path, len(request.body).bit_length())
            size = LIMITS.rest_body_bytes if request.encoding else len(request.body)
            if request.method == "GET" or work.is_quick(kind, size):  # no model runs to answer GET
                self._on_reply(request, work.run(kind, _answer, serving, request))
                continue
            try:
                self._job = work.submit(kind, _answer, serving, request)
            except ServingError as error:
                self._on_reply(request, refusal(error))
                continue
            self._job.add_done_callback(partial(self._on_job_done, request))
            self._expiry = self._loop.call_later(self._shared.timeout_seconds, self._expire, request)
        else:
            self._loop.call_soon(self._work_on)
        self._pause_or_resume()

    def _expire(self, request: Request) -> None:
        """Answer in place of a model that takes too long; what it answers in the end is thrown away."""
        if self._job:
            job, self._job = self._job, None
            job.cancel()
            late = ServingError(
                Code.DEADLINE_EXCEEDED, "the model takes too long for --rest_api_timeout_in_ms"
            )
            self._on_reply(request, refusal(late))
            self._work_on()

    def _on_job_done(self, request: Request, job: "asyncio.Future[Reply]") -> None:
        if self._job is not job:
            return
        self._job = None
        if self._expiry:
            self._expiry.cancel()
        if not job.cancelled() and self._transport:
            self._on_reply(request, job.result())
            self._work_on()

    def _on_reply(self, request: Request, reply: Reply) -> None:
        last = not self._is_busy() and not self._reader.in_request
        if last:
            self._release()
            self.idle_since = self._loop.time()
        self._send(reply, last=last and self._ends, without_body=request.method == "HEAD")
        if last and self._ends and self._transport:
            self._transport.close()

    def _send(self, reply: Reply, *, last: bool, without_body: bool = False) -> None:
        if self._transport:
            fields = (("Content-Type", reply.content_type), *reply.headers)
            head = _head(reply.status, fields, len(reply.body), int(time.time()), last=last)
            self._transport.write(head if without_body else head + reply.body)

    def _refuse(self, refused: Refused) -> None:
        self._request_since = self.idle_since = None
        self._deaf = self._ends = True
        self._waiting.append(refused)

    def _linger(self) -> None:
        """Wait until the client has stopped sending: closing earlier would destroy the answer on its way."""
        self._lingers_since = self._loop.time()
        if self._transport and self._transport.can_write_eof():
            self._transport.write_eof()

    def _close_idle(self) -> None:
        if self.idle_since is not None and self._transport:
            self._transport.close()

    def _is_busy(self) -> bool:
        return self._job is not None or bool(self._waiting)

    def _pause_or_resume(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._stalled_since is not None or len(self._waiting) >= _PIPELINED:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _release(self) -> None:
        self._shared.connections.release(self._held_bytes)
        self._held_bytes = 0


def _answer(serving: Serving, request: Request) -> Reply:
    try:
        body = _decompressed(request.body) if request.encoding else request.body
    except Refused as refused:
        return Reply(refused.status, encode.error(refused.message))
    return answer(serving, request.method, request.path, body)


def _decompressed(packed: bytes) -> bytes:
    decompressor = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        body = decompressor.decompress(packed, LIMITS.rest_body_bytes + 1)
    except zlib.error as error:
        raise Refused(
            HTTPStatus.BAD_REQUEST, "the body is not compressed as Content-Encoding says"
        ) from error
    if len(body) > LIMITS.rest_body_bytes:
        raise body_too_large()
    if not decompressor.eof or decompressor.unused_data:
        raise Refused(HTTPStatus.BAD_REQUEST, "the body is not compressed as Content-Encoding says")
    return body


@lru_cache(maxsize=256)
def _head(status: int, fields: tuple[tuple[str, str], ...], size: int, second: int, *, last: bool) -> bytes:
    named = "".join(f"{name}: {value}\r\n" for name, value in fields)
    closes = "Connection: close\r\n" if last else ""
    return (
        f"HTTP/1.1 {status} {_PHRASES.get(status, 'Error')}\r\n"
        f"{named}"
        f"Date: {formatdate(second, usegmt=True)}\r\n"
        f"Content-Length: {size}\r\n"
        f"{closes}\r\n"
    ).encode()
