"""Sends a sample to a model server, within limits, at the address of its pod and nowhere else."""

import asyncio
from collections.abc import Mapping
from urllib.parse import quote

import aiohttp

from fogline.collector.agreement import Reply
from fogline.collector.scrape import LIMIT_SECONDS, MOST_AT_ONCE
from fogline.names import REST_PORT

MOST_ANSWER_BYTES = 256 * 1024
_HEADERS: Mapping[str, str] = {"Content-Type": "application/json", "Accept-Encoding": "identity"}


class Sampler:
    """Asks model servers to predict; an answer costs no more time and memory than one page of a scrape."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)

    async def ask(self, ip: str, model: str, sample: str, port: int = REST_PORT) -> Reply | None:
        """Ask one of them; None when it does not answer in time. Of too long an answer nothing is kept.

        Parameters
        ----------
        model
            Its name on the wire.
        sample
            The body of a request of the REST predict API.
        """
        host = f"[{ip}]" if ":" in ip else ip
        url = f"http://{host}:{port}/v1/models/{quote(model, safe='')}:predict"
        async with self._turns:
            try:
                async with (
                    asyncio.timeout(LIMIT_SECONDS),
                    self._session.post(
                        url, data=sample.encode(), headers=_HEADERS, allow_redirects=False
                    ) as answer,
                ):
                    return Reply(answer.status, await _body(answer))
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
                return None


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > MOST_ANSWER_BYTES:
            return b""
    return bytes(body)
