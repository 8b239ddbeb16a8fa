"""What the kubelet and Prometheus ask a process of ours."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from fogline.errors import BadInputError


@asynccontextmanager
async def serve(
    port: int, metrics: Callable[[str], tuple[bytes, str]], trouble: Callable[[], str | None]
) -> AsyncIterator[None]:
    """Serve /livez (the event loop runs), /readyz (the work could be done) and /metrics.

    Parameters
    ----------
    metrics
        Writes them, given the header ``Accept``; returns the page and its content type.
    trouble
        Tells why the work could not be done; None when it could. A standby is ready.

    Raises
    ------
    BadInputError
        The port is in use.
    """

    async def livez(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        why = trouble()
        return web.Response(text=f"{why}\n", status=503) if why else web.Response(text="ok\n")

    async def exposition(request: web.Request) -> web.Response:
        page, content_type = metrics(request.headers.get("Accept", ""))
        return web.Response(body=page, headers={"Content-Type": content_type})

    application = web.Application()
    application.add_routes(
        [web.get("/livez", livez), web.get("/readyz", readyz), web.get("/metrics", exposition)]
    )
    async with listen(application, port, "FOGLINE_HEALTH_PORT"):
        yield


@asynccontextmanager
async def listen(application: web.Application, port: int, setting: str) -> AsyncIterator[None]:
    """Serve an application.

    Parameters
    ----------
    setting
        The one that the port comes from.

    Raises
    ------
    BadInputError
        The port is in use.
    """
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, port=port).start()
        except OSError as error:
            raise BadInputError(f"port {port} is in use; choose another", setting) from error
        yield
    finally:
        await runner.cleanup()
