"""The REST front end on aiohttp."""

import asyncio
import errno
import socket
import time
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web

from fogline_model_server.limits import LIMITS
from fogline_model_server.rest import encode
from fogline_model_server.rest.answer import Reply, answer
from fogline_model_server.serving import Serving

INLINE_SECONDS = 0.0005
"""Requests that take less are answered in the event loop: going through a thread costs 0.13 to 0.25 ms."""
INLINE_BODY_BYTES = 64 << 10


class RestFront:
    """Listens, and decides for each request whether it is answered in the event loop or in a thread."""

    def __init__(self, serving: Serving, threads: ThreadPoolExecutor) -> None:
        self._serving = serving
        self._threads = threads
        self._last_seconds = float("inf")

    async def start(self, port: int, grace_seconds: float) -> web.AppRunner:
        """Listen on all addresses. To end it, clean up the runner: it answers what is in flight first.

        Raises
        ------
        OSError
            The port is taken.

        """
        application = web.Application(client_max_size=LIMITS.rest_body_bytes)
        application.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=grace_seconds)
        await runner.setup()
        await web.SockSite(runner, _listener(port)).start()
        return runner

    async def _handle(self, request: web.Request) -> web.Response:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            text = f"body is larger than {LIMITS.rest_body_bytes} bytes"
            return web.Response(status=413, body=encode.error(text), content_type="application/json")
        path = request.raw_path.partition("?")[0]
        if self._last_seconds < INLINE_SECONDS and len(body) <= INLINE_BODY_BYTES:
            reply = self._timed_answer(request.method, path, body)
        else:
            loop = asyncio.get_running_loop()
            reply = await loop.run_in_executor(self._threads, self._timed_answer, request.method, path, body)
        return web.Response(
            status=reply.status, body=reply.body, headers={"Content-Type": reply.content_type}
        )

    def _timed_answer(self, method: str, path: str, body: bytes) -> Reply:
        began = time.perf_counter()
        reply = answer(self._serving, method, path, body)
        self._last_seconds = time.perf_counter() - began
        return reply


def _listener(port: int) -> socket.socket:
    """Return a socket that listens on all addresses, of IPv6 too where the machine has it."""
    try:
        return socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=128)
    except OSError as error:
        if error.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
            raise OSError(f"cannot listen on REST port {port}: {error.strerror}") from error
    return socket.create_server(("0.0.0.0", port), backlog=128)  # noqa: S104  a server in a pod
