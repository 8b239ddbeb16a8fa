"""Scrapes of model servers: a real one is read, a hostile one costs a bounded time and is told about."""

import asyncio
import time
from pathlib import Path

import pytest
from tests.support.metric_pages import Write, answered, loopback_address, page, serving
from tests.support.model_server import running
from tests.support.tiny_models import tiny_models

from fogline.collector import scrape
from fogline.collector.exposition import MOST_PAGE_BYTES, Refusal, RefusedPageError
from fogline.collector.formulas import latency_quantile
from fogline.collector.reading import Reading
from fogline.collector.scrape import LIMIT_SECONDS, MOST_AT_ONCE, Scraper

PATIENT_SECONDS = 60.0


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Let a busy machine take its time."""
    monkeypatch.setattr(scrape, "LIMIT_SECONDS", PATIENT_SECONDS)
    return monkeypatch


async def scraped(write: Write) -> Reading:
    async with serving(lambda: write) as address, scrape.session() as session:
        return await Scraper(session).scrape(address)


async def refused(write: Write) -> Refusal:
    with pytest.raises(RefusedPageError) as caught:
        await scraped(write)
    return caught.value.reason


def test_a_real_model_server_tells_requests_latencies_use_and_the_time_to_load(tmp_path: Path) -> None:
    monitoring = tmp_path / "monitoring.txt"
    monitoring.write_text("prometheus_config { enable: true }")
    flag = f"--monitoring_config_file={monitoring}"
    with running(tiny_models() / "tflite", tmp_path / "log", flag) as server:
        for _ in range(3):
            assert server.rest_predict({"instances": [[1, 2, 3]]})[0] == 200
        status, _ = server.rest_predict({"instances": "none"})
        assert status == 400

        async def read() -> Reading:
            async with scrape.session() as session:
                return await Scraper(session).scrape("127.0.0.1", server.rest_port)

        found = asyncio.run(read())
    assert (found.ok, found.failed, sum(found.buckets)) == (3, 1, 3)
    quantile = latency_quantile(0.5, found.buckets)
    assert quantile is not None
    assert 0 < quantile < 1000
    assert found.load_microseconds
    assert found.cpu_seconds
    assert found.memory_bytes
    assert found.memory_bytes > 1e6
    assert found.started_at
    assert abs(found.started_at - time.time()) < 600


async def test_a_page_is_read_whole() -> None:
    assert (await scraped(answered(page(7, 2)))).ok == 7


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (answered("", "HTTP/1.1 500 Broken"), Refusal.BAD_ANSWER),
        (answered("", "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/"), Refusal.BAD_ANSWER),
        (answered(page(1), "HTTP/1.1 200 OK\r\nContent-Encoding: gzip"), Refusal.BAD_ANSWER),
        (answered("", "SSH-2.0-OpenSSH_9.2"), Refusal.BAD_ANSWER),
        (answered("x 1\n" * (MOST_PAGE_BYTES // 4 + 1)), Refusal.TOO_LARGE),
    ],
    ids=["error", "redirect", "coded", "no-http", "huge"],
)
async def test_what_is_no_page_is_refused_with_a_reason(write: Write, reason: Refusal) -> None:
    assert await refused(write) is reason


async def test_nobody_there_is_a_reason_too() -> None:
    async with scrape.session() as session:
        with pytest.raises(RefusedPageError) as caught:
            await Scraper(session).scrape(loopback_address())
    assert caught.value.reason is Refusal.NOT_REACHED


async def test_a_page_that_never_ends_is_given_up_in_time_and_keeps_no_other_one_waiting(
    patience: pytest.MonkeyPatch,
) -> None:
    stopped = asyncio.Event()

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not stopped.is_set() and not writer.transport.is_closing():
            writer.write(b"# still here\n")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with (
        serving(lambda: drip) as hostile,
        serving(lambda: answered(page(7))) as good,
        scrape.session() as session,
    ):
        scraper, began = Scraper(session), time.monotonic()
        with patience.context() as hurried:
            hurried.setattr(scrape, "LIMIT_SECONDS", LIMIT_SECONDS)
            bad = [asyncio.create_task(scraper.scrape(hostile)) for _ in range(MOST_AT_ONCE - 1)]
            await asyncio.sleep(0)  # each begins
        assert (await scraper.scrape(good)).ok == 7
        found = await asyncio.gather(*bad, return_exceptions=True)
        took = time.monotonic() - began
        stopped.set()
    assert {one.reason for one in found if isinstance(one, RefusedPageError)} == {Refusal.TOO_SLOW}
    assert took < 5 * LIMIT_SECONDS, "one after the other they would take three times as long"


async def test_no_more_are_asked_at_once_than_there_may_be() -> None:
    now = most = 0

    async def slow(writer: asyncio.StreamWriter) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.05)
        now -= 1
        await answered(page(1))(writer)

    async with serving(lambda: slow) as address, scrape.session() as session:
        scraper = Scraper(session)
        await asyncio.gather(*(scraper.scrape(address) for _ in range(3 * MOST_AT_ONCE)))
    assert most <= MOST_AT_ONCE
