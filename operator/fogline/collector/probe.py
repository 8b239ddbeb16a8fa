"""A probe: at a client site, it measures how long it takes from there to pods. It knows no API server."""

import asyncio
import hmac
import ipaddress
import time
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from statistics import median

import msgspec
from aiohttp import web

from fogline import health
from fogline.collector.bearer import read_token
from fogline.collector.wire import PATH, Question, RoundTrips
from fogline.config import ProbeSettings
from fogline.metrics.instruments import Instruments
from fogline.names import REST_PORT
from fogline.process import work_until_told_to_stop

TRIES = 5
"""Connections to one pod; the median counts."""
TRY_SECONDS = 1.0
MOST_AT_ONCE = 16
MOST_QUESTION_BYTES = 64 * 1024


class Probe:
    """Answers who knows the token; connects to the REST port of model servers and to nothing else."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode()
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._busy = False

    def application(self) -> web.Application:
        """Give what is served."""
        application = web.Application(client_max_size=MOST_QUESTION_BYTES)
        application.add_routes([web.post(PATH, self._answer)])
        return application

    async def _answer(self, request: web.Request) -> web.Response:
        shown = request.headers.get("Authorization", "").encode(errors="replace")
        if not hmac.compare_digest(shown, self._expected):
            return _refuse(HTTPStatus.UNAUTHORIZED, "the token is wrong")
        if self._busy:
            return _refuse(HTTPStatus.TOO_MANY_REQUESTS, "another question is being answered")
        self._busy = True
        try:
            question = msgspec.json.decode(await request.read(), type=Question)
            targets = [str(ipaddress.ip_address(text)) for text in question.targets]
            found = await asyncio.gather(*map(self._round_trip, targets))
        except ValueError:
            return _refuse(HTTPStatus.BAD_REQUEST, "the question is none")
        finally:
            self._busy = False
        return web.json_response(body=msgspec.json.encode(RoundTrips(tuple(found))))

    async def _round_trip(self, ip: str) -> float | None:
        """Measure in milliseconds; a pod that one try does not reach is given up."""
        async with self._turns:
            try:
                return median([await connect_milliseconds(ip, REST_PORT) for _ in range(TRIES)])
            except (OSError, TimeoutError):
                return None


def _refuse(status: HTTPStatus, why: str) -> web.Response:
    return web.Response(status=status, text=f"{why}\n")


async def connect_milliseconds(ip: str, port: int) -> float:
    """Tell how long a connection takes to be there: one round trip, whatever the program behind it does.

    Raises
    ------
    OSError
        Nothing listens there, or there is no way.
    TimeoutError
        It takes longer than `TRY_SECONDS`.
    """
    began = time.perf_counter()
    async with asyncio.timeout(TRY_SECONDS):
        _, writer = await asyncio.open_connection(ip, port)
    took = time.perf_counter() - began
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()
    return 1000 * took


async def run(settings: ProbeSettings) -> None:
    """Answer until SIGTERM or SIGINT."""
    probe = Probe(read_token(Path(settings.probe_token_file)))
    async with (
        health.serve(settings.health_port, Instruments().page, lambda: None),
        health.listen(probe.application(), settings.probe_port, "FOGLINE_PROBE_PORT"),
    ):
        await work_until_told_to_stop(asyncio.Event().wait())
