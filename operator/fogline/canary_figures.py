"""What the collector tells of new versions that are tried: read while a limit needs it, in memory alone."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, NoReturn

import aiohttp
import msgspec
from msgspec import Meta

from fogline.api import ModelDeployment, RolloutState
from fogline.cluster.objects.metadata import Slim
from fogline.names import ModelKey
from fogline.observe import Models
from fogline.rollout import Figures, Revision, needs_figures

PATH = "/v1/figures"
READ_SECONDS = 5.0
"""From one reading to the next: rollouts look as often."""
LIMIT_SECONDS = 3.0
"""For a whole answer."""
MOST_ANSWER_BYTES = 8 * 1024**2
"""Of 2,000 pods on as many nodes an answer has 2 MiB."""
_WATCHED = (RolloutState.CANARY, RolloutState.PROMOTING)

logger = logging.getLogger(__name__)

_Number = Annotated[float, Meta(ge=0, le=2**53)]
Measurements = Mapping[ModelKey, Mapping[str, tuple[Revision, ...]]]
"""By model and variant."""


class FiguresError(Exception):
    """The collector gave no figures; the message says why."""


class _Latency(Slim, frozen=True):
    p99: _Number


class _Clients(Slim, frozen=True):
    requests: _Number
    failed: _Number
    latency_milliseconds: _Latency | None = None


class _Agreement(Slim, frozen=True):
    samples: _Number
    alike: _Number


class _Revision(Slim, frozen=True):
    namespace: str
    model: str
    variant: str
    revision: str
    clients: _Clients
    agreement: _Agreement | None = None


class _Answer(Slim, frozen=True):
    revisions: tuple[_Revision, ...]


class Measured:
    """What is measured of each model; nothing while nobody asks or nobody answers."""

    def __init__(self) -> None:
        self._found: Measurements = {}

    def of(self, model: ModelKey) -> Mapping[str, tuple[Revision, ...]]:
        """Give what is measured of a model, by variant."""
        return self._found.get(model, {})

    def take(self, found: Measurements) -> None:
        """Replace all that is known."""
        self._found = found


def is_awaited(models: Models) -> bool:
    """Tell whether a model tries a new version within limits that need figures."""
    found = (models.get(key) for key in models)
    return any(isinstance(one, ModelDeployment) and _is_judged(one) for one in found)


def _is_judged(model: ModelDeployment) -> bool:
    tried = model.status.rollouts if model.status else ()
    return needs_figures(model.spec.rollout) and any(one.state in _WATCHED for one in tried)


async def keep_reading(url: str, models: Models, measured: Measured) -> NoReturn:
    """Read for ever, while somebody waits for figures. Without an answer nothing is known."""
    before: str | None = None
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=False) as session:
        while True:
            found: Measurements = {}
            if is_awaited(models):
                why = None
                try:
                    found = await read(session, url)
                except FiguresError as error:
                    why = str(error)
                if why and why != before:
                    logger.warning("no figures of new versions", extra={"why": why})
                before = why
            measured.take(found)
            await asyncio.sleep(READ_SECONDS)


async def read(session: aiohttp.ClientSession, url: str) -> Measurements:
    """Ask the collector once.

    Raises
    ------
    FiguresError
        It does not answer in time, or not with figures.
    """
    try:
        async with (
            asyncio.timeout(LIMIT_SECONDS),
            session.get(f"{url.rstrip('/')}{PATH}", allow_redirects=False) as answer,
        ):
            if answer.status != HTTPStatus.OK:
                raise FiguresError(f"the collector answers with status {answer.status}")
            return measurements(await _body(answer))
    except TimeoutError as error:
        raise FiguresError(f"the collector does not answer within {LIMIT_SECONDS:g} s") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise FiguresError("the collector does not answer") from error


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > MOST_ANSWER_BYTES:
            raise FiguresError(f"the collector answers more than {MOST_ANSWER_BYTES} bytes")
    return bytes(body)


def measurements(body: bytes) -> Measurements:
    """Read an answer of the collector.

    Raises
    ------
    FiguresError
        It is none.
    """
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise FiguresError("the collector answers in another form") from error
    found: defaultdict[ModelKey, defaultdict[str, list[Revision]]] = defaultdict(lambda: defaultdict(list))
    for one in answer.revisions:
        found[ModelKey(one.namespace, one.model)][one.variant].append(_revision(one))
    return {
        key: {variant: tuple(revisions) for variant, revisions in by_variant.items()}
        for key, by_variant in found.items()
    }


def _revision(one: _Revision) -> Revision:
    latency, agreement = one.clients.latency_milliseconds, one.agreement
    return Revision(
        one.revision,
        Figures(int(one.clients.requests), int(one.clients.failed), latency.p99 if latency else None),
        agreement.alike / agreement.samples if agreement and agreement.samples else None,
    )
