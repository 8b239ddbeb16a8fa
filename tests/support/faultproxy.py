"""A proxy between the operator and a real API server that logs every request and makes faults.

Towards the operator it speaks plain HTTP on a loopback port and asks for no credentials; towards the API
server it speaks as the connection that it was given. Upgraded connections (exec, port-forward) do not pass.
"""

import asyncio
import json
import time
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self
from urllib.parse import parse_qs, urlsplit

import aiohttp
import yaml
from aiohttp import web
from tests.support.answers import Answer, passed_on, refusal, shortened
from tests.support.faults import (
    WRITES,
    Action,
    Chatter,
    Cut,
    Delay,
    Drop,
    Edit,
    Fault,
    Freeze,
    Hold,
    Moment,
    Pause,
    Refuse,
    Request,
    Shorten,
    Stale,
)
from yarl import URL

from fogline.cluster.connection import Connection

LONGEST_LINE_BYTES = 4 * 1024**2
"""One event of a watch; etcd stores no object above 1.5 MiB."""


@dataclass(slots=True)
class _Armed:
    """A fault and what it has seen so far."""

    fault: Fault
    matched: int = 0
    kept: Answer | None = None
    """The answer that a stale API server goes on giving."""

    def hits(self, request: Request) -> bool:
        if not self.fault.matches(request):
            return False
        self.matched += 1
        hits = self.matched - self.fault.skip
        return hits > 0 and (self.fault.times is None or hits <= self.fault.times)

    @property
    def is_at_first(self) -> bool:
        """Whether it has hit one request so far."""
        return self.matched == self.fault.skip + 1


class FaultProxy:
    """An async context manager; it ends with all its connections.

    Parameters
    ----------
    target
        The API server, and as whom to speak to it.
    """

    def __init__(self, target: Connection) -> None:
        self.requests: list[Request] = []
        """In the order of arrival."""
        self._target = target
        self._armed: list[_Armed] = []
        self._open: set[asyncio.Transport] = set()

    async def __aenter__(self) -> Self:
        # The answer to a watch comes when something happens, so there is no time limit here.
        self._upstream = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._target.ssl_context(), limit=0),
            timeout=aiohttp.ClientTimeout(),
            auto_decompress=False,
            read_bufsize=LONGEST_LINE_BYTES,
        )
        server = web.Server(self._handle, handler_cancellation=True, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port: int = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.cut()
        await self._runner.cleanup()
        await self._upstream.close()

    @property
    def connection(self) -> Connection:
        """For a client in this process."""
        return Connection(server=f"http://127.0.0.1:{self._port}", namespace=self._target.namespace)

    def kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig for another process."""
        cluster = {"name": "proxy", "cluster": {"server": self.connection.server}}
        context = {"name": "proxy", "context": {"cluster": "proxy", "namespace": self._target.namespace}}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [cluster],
            "contexts": [context],
            "users": [],
            "current-context": "proxy",
        }
        path.write_text(yaml.safe_dump(document))
        return path

    @property
    def changes(self) -> list[Request]:
        """The requests that ask for a change of anything."""
        return [request for request in self.requests if request.method in WRITES]

    @property
    def writes(self) -> list[Request]:
        """The requests that ask for a change of anything but a Lease."""
        return [request for request in self.requests if request.writes]

    def add(self, fault: Fault) -> None:
        """Make a fault from now on; of several that hit a request, the one that was added first."""
        self._armed.append(_Armed(fault))

    def clear(self) -> None:
        """Make no more faults."""
        self._armed.clear()

    def cut(self) -> None:
        """Drop every connection that waits for an answer now, watches included."""
        for transport in list(self._open):
            transport.abort()

    async def _handle(self, incoming: web.BaseRequest) -> web.StreamResponse:
        transport = incoming.transport
        if transport is None:
            raise ConnectionResetError("the sender is gone already")
        body = await incoming.content.read()
        request = Request(
            number=len(self.requests) + 1,
            method=incoming.method,
            path=incoming.raw_path,
            body=body,
            at_seconds=time.monotonic(),
            agent=incoming.headers.get("User-Agent", ""),
        )
        self.requests.append(request)
        self._open.add(transport)
        try:
            return await self._respond(incoming, request)
        except (aiohttp.ClientError, _DroppedError):
            transport.abort()
            return web.Response()
        finally:
            self._open.discard(transport)

    async def _respond(self, incoming: web.BaseRequest, request: Request) -> web.StreamResponse:
        armed = next((armed for armed in self._armed if armed.hits(request)), None)
        action = armed.fault.action if armed else None
        answer = armed.kept if armed else None
        if armed and isinstance(action, Freeze):
            await self._freeze(incoming, request, armed, action)
        if isinstance(action, Refuse):
            answer = refusal(action)
        await _hold_up(action)
        if answer is None:
            async with self._forward(incoming, request) as response:
                if request.watches and response.ok:
                    return await self._stream(incoming, request, response, action)
                answer = Answer(response.status, passed_on(response.headers), await response.read())
        if isinstance(action, Drop):
            raise _dropped(action)
        if isinstance(action, Shorten):
            answer = shortened(answer, action.to)
        if armed and isinstance(action, Stale):
            armed.kept = answer
        request.status = answer.status
        if answer.status == HTTPStatus.FORBIDDEN:
            request.refusal = answer.body.decode()
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    async def _freeze(
        self, incoming: web.BaseRequest, request: Request, armed: _Armed, action: Freeze
    ) -> NoReturn:
        if armed.is_at_first:
            if action.moment is Moment.AFTER:
                async with self._forward(incoming, request) as response:
                    request.status = response.status
            action.meanwhile()
        await asyncio.Event().wait()
        raise _DroppedError

    def _forward(
        self, incoming: web.BaseRequest, request: Request
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        headers = passed_on(incoming.headers)
        if self._target.authorization and (header := self._target.authorization()):
            headers["Authorization"] = header
        url = URL(self._target.server + request.path, encoded=True)
        return self._upstream.request(
            request.method, url, headers=headers, data=request.body or None, allow_redirects=False
        )

    async def _stream(
        self,
        incoming: web.BaseRequest,
        request: Request,
        response: aiohttp.ClientResponse,
        action: Action | None,
    ) -> web.StreamResponse:
        request.status = response.status
        outgoing = web.StreamResponse(status=response.status, headers=passed_on(response.headers))
        await outgoing.prepare(incoming)
        lines = _Lines(response, request, action.every_seconds if isinstance(action, Chatter) else None)
        passed = 0
        try:
            while True:
                if isinstance(action, Cut) and passed >= action.after:
                    raise _DroppedError
                if isinstance(action, Hold) and passed >= action.after:
                    await asyncio.Event().wait()
                line = await lines.next()
                if not line:
                    return outgoing
                for edited in action.lines_for(line) if isinstance(action, Edit) else (line,):
                    await outgoing.write(edited)
                passed += 1
        finally:
            lines.end()
            if response.connection and response.connection.transport:
                response.connection.transport.abort()


async def _hold_up(action: Action | None) -> None:
    """Keep a request from going on, for a while or for ever."""
    if isinstance(action, Delay):
        await asyncio.sleep(action.seconds)
    elif isinstance(action, Pause):
        await action.goes_on.wait()
    elif isinstance(action, Drop) and action.moment is Moment.BEFORE:
        raise _dropped(action)


class _Lines:
    """The lines of a watch, with bookmarks in between where `bookmark_seconds` are given."""

    def __init__(
        self, response: aiohttp.ClientResponse, request: Request, bookmark_seconds: float | None
    ) -> None:
        self._response = response
        self._bookmark_seconds = bookmark_seconds
        self._version = parse_qs(urlsplit(request.path).query)["resourceVersion"][0]
        self._next: asyncio.Task[bytes] | None = None

    async def next(self) -> bytes:
        """Give the next line; empty at the end."""
        self._next = self._next or asyncio.create_task(self._response.content.readline())
        done, _ = await asyncio.wait([self._next], timeout=self._bookmark_seconds)
        if not done:
            bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": self._version}}}
            return json.dumps(bookmark).encode() + b"\n"
        line, self._next = self._next.result(), None
        if line and self._bookmark_seconds:
            self._version = json.loads(line)["object"]["metadata"]["resourceVersion"]
        return line

    def end(self) -> None:
        """Read no more."""
        if self._next:
            self._next.cancel()


class _DroppedError(Exception):
    """The connection to the sender is to be dropped."""


def _dropped(action: Drop) -> _DroppedError:
    if action.meanwhile:
        action.meanwhile()
    return _DroppedError()
