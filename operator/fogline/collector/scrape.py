"""Fetches the page of a model server, within limits, from the address of its pod and from nowhere else."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus

import aiohttp

from fogline.collector.exposition import PageReader, Refusal, RefusedPageError
from fogline.collector.reading import Reading
from fogline.names import REST_PORT

PATH = "/monitoring/prometheus/metrics"
"""Where TensorFlow Serving and our model server have their page, on the REST port."""
MOST_AT_ONCE = 16
LIMIT_SECONDS = 3.0
"""For the whole of a page."""
_HEADERS: Mapping[str, str] = {"Accept": "text/plain;version=0.0.4", "Accept-Encoding": "identity"}


class Scraper:
    """Asks model servers; a page costs no more memory than the lines that are wanted."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)

    async def scrape(self, ip: str, port: int = REST_PORT) -> Reading:
        """Ask one of them.

        Raises
        ------
        RefusedPageError
            It does not answer in time, or with what is no page.
        """
        async with self._turns:
            try:
                async with asyncio.timeout(LIMIT_SECONDS):
                    return await self._read(ip, port)
            except TimeoutError as error:
                raise RefusedPageError(
                    Refusal.TOO_SLOW, f"the page was not there within {LIMIT_SECONDS:g} s"
                ) from error
            except aiohttp.ClientConnectorError as error:
                raise RefusedPageError(Refusal.NOT_REACHED, f"port {port} does not answer") from error
            except (aiohttp.ClientError, OSError, ValueError) as error:
                raise RefusedPageError(
                    Refusal.BAD_ANSWER, "the answer is no HTTP, or was broken off"
                ) from error

    async def _read(self, ip: str, port: int) -> Reading:
        host = f"[{ip}]" if ":" in ip else ip
        reader = PageReader()
        async with self._session.get(
            f"http://{host}:{port}{PATH}", headers=_HEADERS, allow_redirects=False
        ) as answer:
            if answer.status != HTTPStatus.OK:
                raise RefusedPageError(Refusal.BAD_ANSWER, f"the answer has status {answer.status}")
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                raise RefusedPageError(Refusal.BAD_ANSWER, "the page is coded, which was not asked for")
            async for piece in answer.content.iter_any():
                reader.feed(piece)
        return reader.end()


@asynccontextmanager
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Open what pages are fetched through: no proxy, no cookies, and no connection is kept."""
    connector = aiohttp.TCPConnector(limit=MOST_AT_ONCE, force_close=True)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, trust_env=False
    ) as made:
        yield made
