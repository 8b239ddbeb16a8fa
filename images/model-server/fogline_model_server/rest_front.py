"""The REST front end: JSON in, JSON out."""

import asyncio
import errno
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from aiohttp import web

from fogline_model_server import inform, log, predict, rest_decode, rest_encode, rest_parse, rest_paths
from fogline_model_server.catalog import Catalog, ModelSpec, find
from fogline_model_server.errors import Code, ServingError, invalid_argument
from fogline_model_server.limits import LIMITS
from fogline_model_server.signatures import DEFAULT_SIGNATURE

INLINE_SECONDS = 0.0005
"""Requests that take less are answered in the event loop: going through a thread costs 0.13 to 0.25 ms."""
INLINE_BODY_BYTES = 64 << 10

_HTTP_STATUS = {
    Code.INVALID_ARGUMENT: 400,
    Code.FAILED_PRECONDITION: 400,
    Code.OUT_OF_RANGE: 400,
    Code.UNAUTHENTICATED: 401,
    Code.PERMISSION_DENIED: 403,
    Code.NOT_FOUND: 404,
    Code.ABORTED: 409,
    Code.ALREADY_EXISTS: 409,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.CANCELLED: 499,
    Code.UNIMPLEMENTED: 501,
    Code.UNAVAILABLE: 503,
    Code.DEADLINE_EXCEEDED: 504,
}


class Reply(NamedTuple):
    """What goes back to the client."""

    status: int
    body: bytes


def answer(catalog: Catalog, method: str, path: str, body: bytes) -> Reply:
    """Answer one request; errors are answers too.

    Parameters
    ----------
    method
        Of HTTP, upper case.
    path
        As it came, percent-encoded, without the query.

    """
    try:
        target = rest_paths.parse(method, path)
        if target is None:
            return Reply(404, rest_encode.error(f"Not found: {method} {path}"))
        if target.verb == "predict":
            return Reply(200, _predict(catalog, target.spec, body))
        if target.verb == "metadata":
            return Reply(200, rest_encode.metadata(*inform.signature_definitions(catalog, target.spec)))
        return Reply(200, rest_encode.status(inform.status(catalog, target.spec)))
    except ServingError as error:
        return Reply(_HTTP_STATUS.get(error.code, 500), rest_encode.error(error.message))
    except Exception as error:  # noqa: BLE001  our own mistake must not take the connection down
        log.unexpected("request failed", error, method=method, path=path)
        return Reply(500, rest_encode.error("internal error"))


def _predict(catalog: Catalog, spec: ModelSpec, body: bytes) -> bytes:
    request = rest_parse.document(body)
    name = rest_decode.signature_name(request)
    version = find(catalog, spec)
    signature = version.engine.signatures.get(name or DEFAULT_SIGNATURE)
    if signature is None:
        raise invalid_argument(
            f'Serving signature name: "{name or DEFAULT_SIGNATURE}" not found in signature def'
        )
    if not signature.inputs:
        raise invalid_argument(f"Failed to get input map for signature: {name or 'DEFAULT'}")
    tensors = rest_decode.tensors(request, signature)
    call = predict.Call(version, name or DEFAULT_SIGNATURE, signature, tuple(signature.outputs))
    return rest_encode.prediction(predict.run(call, tensors.arrays), by_row=tensors.by_row)


class RestFront:
    """Listens, and decides for each request whether it is answered in the event loop or in a thread."""

    def __init__(self, catalog: Catalog, threads: ThreadPoolExecutor) -> None:
        self._catalog = catalog
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
            return web.Response(status=413, body=rest_encode.error(text), content_type="application/json")
        path = request.raw_path.partition("?")[0]
        if self._last_seconds < INLINE_SECONDS and len(body) <= INLINE_BODY_BYTES:
            reply = self._timed_answer(request.method, path, body)
        else:
            loop = asyncio.get_running_loop()
            reply = await loop.run_in_executor(self._threads, self._timed_answer, request.method, path, body)
        return web.Response(status=reply.status, body=reply.body, content_type="application/json")

    def _timed_answer(self, method: str, path: str, body: bytes) -> Reply:
        began = time.perf_counter()
        reply = answer(self._catalog, method, path, body)
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
