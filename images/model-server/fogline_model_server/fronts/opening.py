"""Which front ends there are, and on what they listen."""

from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from fogline_model_server import tls
from fogline_model_server.fronts import listen
from fogline_model_server.fronts.http2.front import Http2Front
from fogline_model_server.fronts.rest import RestFront
from fogline_model_server.fronts.work import Work
from fogline_model_server.serving import Serving
from fogline_model_server.settings import Front, Settings


class OpenFront(Protocol):
    """A front end that listens."""

    async def close(self, grace_seconds: float) -> None:
        """Take nothing new, answer what is in flight, and close what is left when the grace is over."""


async def open_all(settings: Settings, serving: Serving, threads: ThreadPoolExecutor) -> list[OpenFront]:
    """Listen for gRPC and REST.

    Raises
    ------
    ConfigError
        The certificates of TLS do not fit together.
    OSError
        A port or socket cannot be had.

    """
    work = Work(threads)
    serving.meter.calls_waiting = work.count
    opened: list[OpenFront] = []
    if settings.port or settings.grpc_socket_path:
        opened.append(await _grpc(settings, serving, threads, work))
    if settings.rest_api_port:
        rest = RestFront(serving, work, settings.rest_api_timeout_in_ms / 1000)
        await rest.start([listen.tcp(settings.rest_api_port, "REST")])
        opened.append(rest)
    return opened


async def _grpc(settings: Settings, serving: Serving, threads: ThreadPoolExecutor, work: Work) -> OpenFront:
    secrets = tls.read(settings.ssl_config_file) if settings.ssl_config_file else None
    if settings.front is Front.GRPCIO:
        from fogline_model_server.fronts.grpc import GrpcioFront  # noqa: PLC0415  grpcio takes 13 MB

        return GrpcioFront(serving, settings, secrets, threads)
    front = Http2Front(serving, work)
    if settings.port:
        context = tls.context(secrets) if secrets else None
        await front.start([listen.tcp(settings.port, "gRPC")], context)
    if settings.grpc_socket_path:
        await front.start([listen.unix(settings.grpc_socket_path)])
    return front
