"""What the kubelet and Prometheus ask the operator."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from fogline.errors import BadInputError
from fogline.metrics import Metrics


@asynccontextmanager
async def serve(port: int, metrics: Metrics, is_ready: Callable[[], bool]) -> AsyncIterator[None]:
    """Serve /livez (the event loop runs), /readyz (the cluster is known) and /metrics.

    Raises
    ------
    BadInputError
        The port is in use.
    """

    async def livez(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        if is_ready():
            return web.Response(text="ok\n")
        return web.Response(text="the first lists of the cluster are not read yet\n", status=503)

    async def exposition(_: web.Request) -> web.Response:
        return web.Response(body=metrics.exposition(), content_type="text/plain", charset="utf-8")

    application = web.Application()
    application.add_routes(
        [web.get("/livez", livez), web.get("/readyz", readyz), web.get("/metrics", exposition)]
    )
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, port=port).start()
        except OSError as error:
            raise BadInputError(f"port {port} is in use; choose another", "FOGLINE_HEALTH_PORT") from error
        yield
    finally:
        await runner.cleanup()
