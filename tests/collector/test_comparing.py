"""Which pods are asked for samples, how often, and what comes of it: real servers, hostile ones, none."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from tests.collector.test_groups import DIGITS, replica
from tests.support.metric_pages import Write, answered, loopback_address, serving
from tests.support.model_server import running
from tests.support.tiny_models import tiny_models

from fogline.collector import scrape
from fogline.collector.agreement import Reply, is_alike
from fogline.collector.answer import Agreement
from fogline.collector.comparing import COMPARE_SECONDS, Comparing, Trial, trials
from fogline.collector.facts import LiveModel, Model, Replica, to_model
from fogline.collector.sampling import MOST_ANSWER_BYTES, Sampler
from fogline.names import REST_PORT

READY = {"conditions": [{"type": "Ready", "status": "True"}]}
SAMPLES = ('{"instances": [1]}', '{"instances": [2]}')
NEW = (DIGITS, "cloud", "new")


def model(state: str = "Canary", samples: Sequence[str] = SAMPLES, name: str = "") -> Model:
    document = {
        "metadata": {"name": "digits", "namespace": "shop"},
        "spec": {"model": {"name": name} if name else {}, "rollout": {"samples": list(samples)}},
        "status": {"rollouts": [{"variant": "cloud", "state": state, "template": "old"}]},
    }
    return to_model(msgspec.convert(document, LiveModel))


def pod(name: str, revision: str, ip: str, **status: Any) -> Replica:
    return replica(name, revision=revision, podIP=ip, **{**READY, **status})


def found(*replicas: Replica, tried: Model | None = None) -> list[Trial]:
    return trials(replicas, {DIGITS: tried or model()})


def pair(old: str, new: str) -> list[Trial]:
    return found(pod("a", "old", old), pod("b", "new", new))


@asynccontextmanager
async def predicting(**answers: Any) -> AsyncIterator[tuple[str, list[str]]]:
    """Answer samples by their number; gives the address and what was asked."""
    asked: list[str] = []

    async def predict(request: web.Request) -> web.Response:
        body = await request.text()
        asked.append(f"{request.path} {body}")
        return web.json_response({"predictions": [answers[f"to_{json.loads(body)['instances'][0]}"]]})

    application = web.Application()
    application.add_routes([web.post("/v1/models/{name}:predict", predict)])
    runner = web.AppRunner(application)
    await runner.setup()
    address = loopback_address()
    try:
        await web.TCPSite(runner, address, REST_PORT).start()
        yield address, asked
    finally:
        await runner.cleanup()


@asynccontextmanager
async def anyhow(_pods: Iterable[Replica]) -> AsyncIterator[Callable[[], None]]:
    """Keep nothing apart: nobody reads pages here."""
    yield lambda: None


async def compared(old: str, new: str) -> Agreement:
    comparing = Comparing(lambda: pair(old, new), anyhow, lambda: 0)
    async with scrape.session() as session:
        await comparing.look(Sampler(session))
    return comparing.agreements()[NEW]


def test_one_ready_pod_of_each_new_template_is_compared_with_one_of_the_old() -> None:
    one, other = found(
        pod("b", "old", "10.0.0.2"),
        pod("a", "old", "10.0.0.1"),
        pod("d", "new", "10.0.0.4"),
        pod("c", "new", "10.0.0.3"),
        pod("e", "newer", "10.0.0.5"),
        tried=model(name="wire"),
    )
    assert (one.key, one.model, one.samples) == (NEW, "wire", SAMPLES)
    assert (one.old.ip, one.new.ip) == ("10.0.0.1", "10.0.0.3")
    assert (other.key[2], other.old.ip, other.new.ip) == ("newer", "10.0.0.1", "10.0.0.5")


def test_nothing_is_compared_without_a_ready_pod_of_each_or_when_nothing_is_tried() -> None:
    old, new = pod("a", "old", "10.0.0.1"), pod("b", "new", "10.0.0.2")
    assert len(found(old, new)) == len(found(old, new, tried=model("Promoting"))) == 1
    assert found(old) == found(new) == []
    assert found(old, pod("b", "new", "10.0.0.2", conditions=[])) == []
    assert found(old, pod("b", "new", "10.0.0.2", phase="Failed")) == []
    assert found(old, new, tried=model("RolledBack")) == []
    assert found(old, new, tried=model(samples=())) == []


async def test_each_sample_goes_to_both_and_those_alike_are_counted() -> None:
    async with (
        predicting(to_1=[0.1, 0.9], to_2=[0.1, 0.9]) as (old, asked),
        predicting(to_1=[0.2, 0.8], to_2=[0.9, 0.1]) as (new, asked_of_new),
    ):
        assert await compared(old, new) == Agreement(samples=2, alike=1)
    assert asked == asked_of_new == [f"/v1/models/digits:predict {sample}" for sample in SAMPLES]


async def test_a_new_version_is_asked_again_after_a_while_and_forgotten_when_it_is_gone() -> None:
    async with predicting(to_1=1, to_2=2) as (address, asked), scrape.session() as session:
        tried, now = pair(address, address), 0.0
        comparing, sampler = Comparing(lambda: tried, anyhow, lambda: now), Sampler(session)
        for now, times in ((0.0, 1), (COMPARE_SECONDS - 1, 1), (COMPARE_SECONDS, 2)):  # noqa: B007  the clock
            await comparing.look(sampler)
            assert len(asked) == times * 2 * len(SAMPLES)
        assert NEW in comparing.agreements()
        tried = []
        await comparing.look(sampler)
        assert comparing.agreements() == {}


@pytest.mark.parametrize(
    "write",
    [
        answered(b"x" * (MOST_ANSWER_BYTES + 1)),
        answered("", "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/"),
        answered("", "HTTP/1.1 500 Broken"),
    ],
    ids=["endless", "redirect", "error"],
)
async def test_a_hostile_answer_is_one_that_is_not_alike_and_counts_for_nothing_as_the_old_one(
    write: Write,
) -> None:
    async with predicting(to_1=1, to_2=2) as (good, _), serving(lambda: write) as hostile:
        assert await compared(good, hostile) == Agreement(samples=2, alike=0)
        assert await compared(hostile, good) == Agreement(samples=0, alike=0)


async def test_a_server_that_cannot_be_reached_says_nothing_about_its_version() -> None:
    async with predicting(to_1=1, to_2=2) as (good, _):
        assert await compared(good, loopback_address()) == Agreement(samples=0, alike=0)


def test_a_real_model_server_answers_samples(tmp_path: Path) -> None:
    samples = ("[[1, 2, 3]]", "[[4, 5, 60]]", '"none"')
    with running(tiny_models() / "tflite", tmp_path / "log") as server:

        async def ask() -> list[Reply | None]:
            async with scrape.session() as session:
                found = [
                    Sampler(session).ask("127.0.0.1", "tiny", f'{{"instances": {one}}}', server.rest_port)
                    for one in samples
                ]
                return await asyncio.gather(*found)

        one, other, wrong = asyncio.run(ask())
    assert is_alike(one, one)
    assert is_alike(one, other) is False
    assert is_alike(one, wrong) is False
    assert is_alike(wrong, one) is None
