"""Asks workers how far they are. They may be hostile: little is read, for a short time, and only shown."""

import asyncio
from collections.abc import Mapping

import aiohttp
from yarl import URL

from fogline.objects import PROGRESS_PORT
from fogline.training import Progress, read_progress
from fogline.training.progress import MAX_BYTES

LIMIT_SECONDS = 2.0


async def ask(addresses: Mapping[int, str]) -> dict[int, Progress]:
    """Ask workers, by number, at their IP addresses; who does not answer in time is left out."""
    limit = aiohttp.ClientTimeout(total=LIMIT_SECONDS)
    async with aiohttp.ClientSession(timeout=limit, trust_env=False) as session:
        answers = await asyncio.gather(*(_ask_one(session, address) for address in addresses.values()))
    return {index: answer for index, answer in zip(addresses, answers, strict=True) if answer}


async def _ask_one(session: aiohttp.ClientSession, address: str) -> Progress | None:
    url = URL.build(scheme="http", host=address, port=PROGRESS_PORT, path="/progress")
    try:
        async with session.get(url, allow_redirects=False) as answer:
            if answer.status != 200:  # noqa: PLR2004  OK
                return None
            body = await answer.content.read(MAX_BYTES + 1)
            while len(body) <= MAX_BYTES and (more := await answer.content.read(MAX_BYTES + 1 - len(body))):
                body += more
    except (aiohttp.ClientError, TimeoutError, ValueError, OSError):
        return None
    return read_progress(body)
