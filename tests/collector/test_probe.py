"""A probe answers who knows its token, and the collector believes no more than it asked for."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web
from dev.ports import free_port
from tests.support.metric_pages import answered, loopback_address, serving

from fogline import health
from fogline.collector.ask_probe import ProbeError, ask
from fogline.collector.bearer import read_token
from fogline.collector.probe import Probe
from fogline.collector.wire import MOST_TARGETS, PATH, Question
from fogline.errors import BadInputError

TOKEN = "0123456789abcdef"  # noqa: S105  of these tests


@asynccontextmanager
async def probe() -> AsyncIterator[str]:
    port = free_port()
    async with health.listen(Probe(TOKEN).application(), port, "FOGLINE_PROBE_PORT"):
        yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def liar(answer: Any) -> AsyncIterator[str]:
    """Be a probe that answers whatever it likes."""

    async def lie(_: web.Request) -> web.Response:
        return web.Response(body=answer if isinstance(answer, bytes) else msgspec.json.encode(answer))

    application, port = web.Application(), free_port()
    application.add_routes([web.post(PATH, lie)])
    async with health.listen(application, port, ""):
        yield f"http://127.0.0.1:{port}"


async def asked(url: str, *targets: str, token: str = TOKEN) -> list[float | None]:
    async with aiohttp.ClientSession() as session:
        return list(await ask(session, url, token, targets))


async def post(url: str, body: bytes, token: str = TOKEN) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}{PATH}", data=body, headers={"Authorization": f"Bearer {token}"}) as answer,
    ):
        return answer.status


async def test_the_round_trip_to_who_listens_is_measured_and_others_are_not_reached() -> None:
    async with probe() as url, serving(lambda: answered("")) as there:
        began = time.monotonic()
        near, nobody = await asked(url, there, loopback_address())
        took = time.monotonic() - began
    assert near is not None
    assert 0 < near < 1000 * took, "milliseconds"
    assert nobody is None


async def test_who_does_not_know_the_token_gets_no_answer() -> None:
    async with probe() as url:
        for token in ("", "wrong", TOKEN[:-1], "ÿ"):
            assert await post(url, b'{"targets": []}', token) == HTTPStatus.UNAUTHORIZED
        with pytest.raises(ProbeError, match="status 401"):
            await asked(url, token="another-token-16")  # noqa: S106  of these tests


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"targets": ["example.com"]}',
        b'{"targets": ["10.0.0.1:22"]}',
        b'{"targets": ["10.0.0.1"], "port": 22}',
        msgspec.json.encode(Question(("10.0.0.1",) * (MOST_TARGETS + 1))),
    ],
)
async def test_names_ports_and_too_many_addresses_are_no_question(body: bytes) -> None:
    async with probe() as url:
        assert await post(url, body) == HTTPStatus.BAD_REQUEST


async def test_one_question_is_answered_at_a_time() -> None:
    body = msgspec.json.encode(Question(("192.0.2.1",)))  # TEST-NET-1: nothing answers there
    async with probe() as url:
        statuses = await asyncio.gather(*(post(url, body) for _ in range(5)))
    assert min(statuses) == HTTPStatus.OK
    assert set(statuses) <= {HTTPStatus.OK, HTTPStatus.TOO_MANY_REQUESTS}


@pytest.mark.parametrize(
    "answer",
    [
        {"milliseconds": []},
        {"milliseconds": [1.0, 2.0]},
        {"milliseconds": [-1.0]},
        {"milliseconds": [1e300]},
        {"milliseconds": ["1"]},
        b"{",
        b'{"milliseconds": [' + b"1," * 100_000 + b"1]}",
    ],
    ids=["too-few", "too-many", "negative", "huge", "text", "broken", "long"],
)
async def test_a_probe_that_answers_anything_else_is_not_believed(answer: Any) -> None:
    async with liar(answer) as url:
        with pytest.raises(ProbeError):
            await asked(url, "10.0.0.1")


async def test_a_probe_that_is_away_is_an_error_that_says_so() -> None:
    with pytest.raises(ProbeError, match="does not answer"):
        await asked(f"http://127.0.0.1:{free_port()}", "10.0.0.1")


def test_a_token_that_is_missing_or_short_is_refused_at_the_start(tmp_path: Path) -> None:
    file = tmp_path / "token"
    with pytest.raises(BadInputError, match="FOGLINE_PROBE_TOKEN_FILE"):
        read_token(file)
    file.write_text("short\n")
    with pytest.raises(BadInputError, match="at least 16 characters"):
        read_token(file)
    file.write_text(f"{TOKEN}\n")
    assert read_token(file) == TOKEN
