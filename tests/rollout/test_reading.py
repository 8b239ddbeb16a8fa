"""What the operator reads of the collector, and what it does with an answer that is none."""

import asyncio
from typing import Any

import aiohttp
import msgspec
import pytest
from tests.collector.test_schema import EMPTY, NOTHING
from tests.support.builders import make_variant
from tests.support.metric_pages import Write, answered, loopback_address, serving
from tests.support.wait import wait_for

from fogline import canary_figures
from fogline.canary_figures import (
    MOST_ANSWER_BYTES,
    FiguresError,
    Measured,
    Measurements,
    is_awaited,
    keep_reading,
    read,
)
from fogline.collector.answer import Agreement, Clients, Latency, Revision
from fogline.names import REST_PORT, ModelKey
from fogline.observe import Models
from fogline.rollout import Figures
from fogline.rollout import Revision as Told

DIGITS = ModelKey("shop", "digits")
CLIENTS = Clients(requests=40, failed=3, latency_milliseconds=Latency(mean=1, p50=1, p90=2, p99=7.5))
ANSWER = msgspec.structs.replace(
    EMPTY,
    revisions=(
        Revision(
            namespace="shop",
            model="digits",
            variant="cloud",
            revision="abc",
            version="7",
            tier="Cloud",
            figures=msgspec.structs.replace(NOTHING, requests=56, failed=5),
            clients=CLIENTS,
            agreement=Agreement(samples=8, alike=6),
        ),
    ),
)
"""As the collector writes it."""


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a busy machine take its time."""
    monkeypatch.setattr(canary_figures, "LIMIT_SECONDS", 60.0)


def told(answer: Any = ANSWER, head: str = "HTTP/1.1 200 OK") -> Write:
    return answered(msgspec.json.encode(answer), head)


async def found(write: Write) -> Measurements:
    async with serving(lambda: write) as address, aiohttp.ClientSession() as session:
        return await read(session, f"http://{address}:{REST_PORT}/")


async def test_what_the_collector_tells_of_revisions_is_read() -> None:
    assert await found(told()) == {DIGITS: {"cloud": (Told("abc", Figures(40, 3, 7.5), 0.75),)}}


async def test_samples_of_which_none_counts_are_no_agreement() -> None:
    (revision,) = ANSWER.revisions
    none = msgspec.structs.replace(revision, agreement=Agreement(samples=0, alike=0))
    measured = await found(told(msgspec.structs.replace(ANSWER, revisions=(none,))))
    assert measured[DIGITS]["cloud"][0].agreement is None


@pytest.mark.parametrize(
    ("write", "why"),
    [
        (told(head="HTTP/1.1 503 Service Unavailable"), "the collector answers with status 503"),
        (told(head="HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/"), "answers with status 302"),
        (told({"revisions": [{"namespace": 1}]}), "the collector answers in another form"),
        (answered("[" * 100_000), "the collector answers in another form"),
        (answered(" " * (MOST_ANSWER_BYTES + 1)), f"answers more than {MOST_ANSWER_BYTES} bytes"),
        (answered("SSH-2.0", "none"), "the collector does not answer"),
    ],
    ids=["not-ready", "redirect", "form", "depth", "length", "no-http"],
)
async def test_an_answer_that_is_none_is_refused_with_a_reason(write: Write, why: str) -> None:
    with pytest.raises(FiguresError, match=why):
        await found(write)


@pytest.mark.parametrize("value", [-1, 2**53 + 2, "1"])
async def test_numbers_that_count_nothing_are_refused(value: object) -> None:
    document = msgspec.to_builtins(ANSWER)
    document["revisions"][0]["clients"]["requests"] = value
    with pytest.raises(FiguresError, match="in another form"):
        await found(told(document))


async def test_a_collector_that_never_answers_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canary_figures, "LIMIT_SECONDS", 0.5)

    async def silent(_: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    with pytest.raises(FiguresError, match=r"does not answer within 0\.5 s"):
        await found(silent)


async def test_nobody_there_is_a_reason_too() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(FiguresError, match="the collector does not answer"):
            await read(session, f"http://{loopback_address()}:{REST_PORT}")


def models(state: str | None, **rules: object) -> Models:
    rollouts = [{"variant": "cloud", "state": state, "from": "a", "to": "b", "since": "2030-01-01T00:00:00Z"}]
    document = {
        "metadata": {"name": "digits", "namespace": "shop", "resourceVersion": "1"},
        "spec": {"variants": [make_variant("cloud", "Cloud")], "rollout": {"canaryPercent": 50, **rules}},
        "status": {"rollouts": rollouts if state else []},
    }
    known = Models()
    known.remember(document)
    return known


@pytest.mark.parametrize(
    ("state", "rules", "is_asked"),
    [
        ("Canary", {"maxErrorRate": "0.1"}, True),
        ("Promoting", {"maxLatencyRatio": "2"}, True),
        ("Canary", {"minAgreement": "0.9", "samples": ["{}"]}, True),
        ("Canary", {}, False),
        ("RolledBack", {"maxErrorRate": "0.1"}, False),
        (None, {"maxErrorRate": "0.1"}, False),
    ],
)
async def test_the_collector_is_asked_while_a_new_version_is_tried_within_limits(
    state: str | None, rules: dict[str, str], *, is_asked: bool
) -> None:
    assert is_awaited(models(state, **rules)) == is_asked


async def nothing_of(measured: Measured) -> bool:
    return not measured.of(DIGITS)


async def test_figures_that_nobody_confirms_any_more_are_none() -> None:
    measured = Measured()
    measured.take({DIGITS: {"cloud": (Told("abc", Figures(1, 0, None)),)}})
    url = f"http://{loopback_address()}:{REST_PORT}"
    reading = asyncio.create_task(keep_reading(url, models("Canary", maxErrorRate="0.1"), measured))
    await wait_for(lambda: nothing_of(measured), "nothing is known any more")
    reading.cancel()
