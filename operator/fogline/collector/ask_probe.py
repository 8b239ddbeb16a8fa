"""Asks a probe."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus

import aiohttp
import msgspec

from fogline.collector.wire import PATH, Question, RoundTrips

LIMIT_SECONDS = 30.0
"""For a whole answer: of 256 pods that do not answer a probe tells after 16 s."""
_MOST_ANSWER_BYTES = 64 * 1024


class ProbeError(Exception):
    """A probe gave no answer that can be used; the message says why, in words of ours."""


async def ask(
    session: aiohttp.ClientSession, url: str, token: str, targets: Sequence[str]
) -> Sequence[float | None]:
    """Ask for the round trips to addresses, in milliseconds; None for those that the probe does not reach.

    Raises
    ------
    ProbeError
        It does not answer in time, or not what it was asked.
    """
    try:
        async with (
            asyncio.timeout(LIMIT_SECONDS),
            session.post(
                f"{url.rstrip('/')}{PATH}",
                data=msgspec.json.encode(Question(tuple(targets))),
                headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
                allow_redirects=False,
            ) as answer,
        ):
            if answer.status != HTTPStatus.OK:
                raise ProbeError(f"the probe answers with status {answer.status}")
            body = await _read(answer)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise ProbeError("the probe does not answer") from error
    try:
        found = msgspec.json.decode(body, type=RoundTrips).milliseconds
    except msgspec.MsgspecError as error:
        raise ProbeError("the answer of the probe is none") from error
    if len(found) != len(targets):
        raise ProbeError("the probe answers for other pods than it was asked for")
    return found


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > _MOST_ANSWER_BYTES:
            raise ProbeError("the answer of the probe is too long")
    return bytes(body)
