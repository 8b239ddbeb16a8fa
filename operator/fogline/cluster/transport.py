"""One session to the API server: rates, time limits, retries, errors."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from itertools import count
from types import TracebackType
from typing import Any, Self

import aiohttp
import msgspec

from fogline.cluster.backoff import Backoff
from fogline.cluster.connection import Connection
from fogline.cluster.kinds import resource_of
from fogline.cluster.limiter import DECISION_RATE, OTHER_RATE, Lane, Limiter, Rate
from fogline.cluster.observer import WATCH, Nobody, Observer, Request
from fogline.cluster.refusals import error_from_body
from fogline.errors import ApiError, TooManyRequestsError, UnavailableError

NOT_CONNECTED = "NotConnected"
"""Nothing was sent."""
CONNECTION_LOST = "ConnectionLost"
TIMED_OUT = "TimedOut"


@dataclass(frozen=True, slots=True)
class Limits:
    """What Fogline may ask of the API server, and how long it waits for it."""

    decisions: Rate = DECISION_RATE
    other: Rate = OTHER_RATE
    attempts: int = 4
    """Tries of one call, the first included."""
    connect_seconds: float = 10
    attempt_seconds: float = 30
    """From sending a request to the last byte of its answer."""
    retry_after_seconds: float = 30
    """A call that is asked to wait for longer is given up, for its caller to come back."""
    inactivity_seconds: float = 70
    """A watch that is silent for longer is dead: bookmarks come every 60 s."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    """Sent as JSON."""
    content_type: str = "application/json"
    lane: Lane = Lane.OTHER
    idempotent: bool = True
    """May be sent again when nobody knows whether it was carried out."""

    @property
    def request(self) -> Request:
        """What an `Observer` hears of it."""
        return Request(WATCH if "watch" in self.query else self.method, resource_of(self.path))


Fence = Callable[[], None]
"""Asked right before each try of a write; raises an error when it must not leave."""


def no_fence() -> None:
    """Let every write leave."""


class Transport:
    """Sends calls; for its rates it must be the only one that talks to the API server."""

    def __init__(
        self,
        connection: Connection,
        limits: Limits,
        fence: Fence = no_fence,
        observer: Observer | None = None,
    ) -> None:
        self._connection = connection
        self._limits = limits
        self._fence = fence
        self._observer = observer or Nobody()
        self._limiters = {Lane.DECISION: Limiter(limits.decisions), Lane.OTHER: Limiter(limits.other)}
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        secure = self._connection.server.startswith("https:")
        tls = await asyncio.to_thread(self._connection.ssl_context) if secure else True
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=tls),
            headers={"Accept": "application/json", "User-Agent": "fogline"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._session.close()

    async def send(self, call: Call) -> bytes:
        """Send a call, again after a refusal for overload or, if that does no harm, after a failure.

        Raises
        ------
        ApiError
            The last try failed.
        """
        backoff = Backoff(first_seconds=0.2, max_seconds=5)
        for attempt in count(1):
            last = attempt >= self._limits.attempts
            await self._wait_for_turn(call.lane)
            if call.method != "GET":
                self._fence()
            try:
                return await self._attempt(call)
            except TooManyRequestsError as error:
                self._obey(call.lane, error)
                asked_seconds = error.retry_after_seconds or 0
                if last or _is_budget(error) or asked_seconds > self._limits.retry_after_seconds:
                    raise
                if not asked_seconds:
                    await asyncio.sleep(backoff.next_seconds())
            except UnavailableError as error:
                if last or not (call.idempotent or error.reason == NOT_CONNECTED):
                    raise
                await asyncio.sleep(backoff.next_seconds())
        raise AssertionError("the last attempt returns or raises")

    async def date(self, call: Call) -> datetime | None:
        """Send a call, once, and give the time that the answer says it was made at; None without a time.

        Raises
        ------
        ApiError
            The server refused the call, or cannot be reached.
        """
        limit = aiohttp.ClientTimeout(total=self._limits.attempt_seconds)
        async with self._exchange(call, limit) as response:
            said = response.headers.get("Date")
        return parsedate_to_datetime(said) if said else None

    async def lines(self, call: Call) -> AsyncGenerator[bytes, None]:
        """Send a call, once, whose answer comes line by line and may go on for minutes.

        Close the iterator when done with it: `contextlib.aclosing`.

        Raises
        ------
        ApiError
            The server refused the call, cannot be reached, or was silent for ``inactivity_seconds``.
        """
        await self._wait_for_turn(call.lane)
        limit = aiohttp.ClientTimeout(
            sock_connect=self._limits.connect_seconds, sock_read=self._limits.inactivity_seconds
        )
        try:
            async with self._exchange(call, limit) as response:
                # An object may be longer than the line reader of aiohttp allows.
                rest = bytearray()
                async for chunk in response.content.iter_any():
                    rest += chunk
                    if b"\n" in chunk:
                        *complete, rest = rest.split(b"\n")
                        for line in complete:
                            yield bytes(line)
        except TooManyRequestsError as error:
            self._obey(call.lane, error)
            raise

    async def _wait_for_turn(self, lane: Lane) -> None:
        began = time.monotonic()
        await self._limiters[lane].acquire()
        self._observer.waited(lane, time.monotonic() - began)

    async def _attempt(self, call: Call) -> bytes:
        limit = aiohttp.ClientTimeout(
            total=self._limits.attempt_seconds, sock_connect=self._limits.connect_seconds
        )
        async with self._exchange(call, limit) as response:
            return await response.read()

    def _obey(self, lane: Lane, error: TooManyRequestsError) -> None:
        """Let nothing leave while the server asks to wait; a disruption budget concerns one pod only."""
        if error.retry_after_seconds and not _is_budget(error):
            seconds = min(error.retry_after_seconds, self._limits.retry_after_seconds)
            self._limiters[lane].hold(seconds)

    @asynccontextmanager
    async def _exchange(
        self, call: Call, limit: aiohttp.ClientTimeout
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {}
        if self._connection.authorization and (header := self._connection.authorization()):
            headers["Authorization"] = header
        if call.body is not None:
            headers["Content-Type"] = call.content_type
        began, status = time.monotonic(), 0
        try:
            with _failures_as_api_errors():
                async with self._session.request(
                    call.method,
                    self._connection.server + call.path,
                    params=call.query,
                    data=None if call.body is None else msgspec.json.encode(call.body),
                    headers=headers,
                    timeout=limit,
                    allow_redirects=False,
                    proxy=self._connection.proxy_url,
                    server_hostname=self._connection.tls_server_name,
                ) as response:
                    status = response.status
                    if status >= HTTPStatus.MULTIPLE_CHOICES:
                        body = await response.read()
                        raise error_from_body(status, body, response.headers.get("Retry-After"))
                    try:
                        yield response
                    finally:
                        # What is left unread is not wanted: do not wait for the peer to agree to the end.
                        if response.connection and response.connection.transport:
                            response.connection.transport.abort()
        except ApiError as error:
            status = error.status
            raise
        finally:
            self._observer.answered(call.request, status, time.monotonic() - began)


@contextmanager
def _failures_as_api_errors() -> Iterator[None]:
    try:
        yield
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise UnavailableError(0, NOT_CONNECTED, str(error)) from error
    except TimeoutError as error:
        raise UnavailableError(0, TIMED_OUT, "no answer in time") from error
    except (aiohttp.ClientError, OSError) as error:
        raise UnavailableError(0, CONNECTION_LOST, str(error) or type(error).__name__) from error


def _is_budget(error: TooManyRequestsError) -> bool:
    """Tell the refusal of an eviction by a disruption budget from overload."""
    return any(cause["reason"] == "DisruptionBudget" for cause in error.causes)
