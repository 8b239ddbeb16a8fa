"""Pages of pods that are sent samples: what clients ask is told apart."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count

import pytest
from aiohttp import web
from tests.collector.test_comparing import NEW, SAMPLES, pair
from tests.support.metric_pages import loopback_address, page
from tests.support.wait import wait_for

from fogline.collector import scrape
from fogline.collector.answer import Agreement
from fogline.collector.comparing import Comparing
from fogline.collector.pages import Pages
from fogline.collector.reading import Increase
from fogline.collector.sampling import Sampler
from fogline.collector.scrape import PATH, Scraper
from fogline.collector.window import Followed, Window
from fogline.names import REST_PORT


class Server:
    """Answers predictions, counts them, and tells how many there were."""

    def __init__(self) -> None:
        self.asked = 0
        self.pages = 0
        self.answers = asyncio.Event()
        self.answers.set()

    async def page(self, _request: web.Request) -> web.Response:
        """Tell what there was."""
        self.pages += 1
        return web.Response(text=page(ok=self.asked))

    async def predict(self, _request: web.Request) -> web.Response:
        """Answer, as soon as there are answers."""
        self.asked += 1
        await self.answers.wait()
        return web.json_response({"predictions": [1]})


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Server, str]]:
    server, application = Server(), web.Application()
    application.add_routes(
        [web.get(PATH, server.page), web.post("/v1/models/{name}:predict", server.predict)]
    )
    runner = web.AppRunner(application)
    await runner.setup()
    address = loopback_address()
    try:
        await web.TCPSite(runner, address, REST_PORT).start()
        yield server, address
    finally:
        server.answers.set()
        await runner.cleanup()


class Scene:
    """An old and a new server, and what a collector knows of them."""

    def __init__(
        self, old: Server, new: Server, addresses: tuple[str, str], pages: Pages, window: Window
    ) -> None:
        self.servers = (old, new)
        self.new = new
        self.pages = pages
        self.window = window
        self.trials = pair(*addresses)
        (trial,) = self.trials
        self._pods = (trial.old, trial.new)

    async def read(self) -> None:
        """Read the pages of both, as every round does."""
        await self.pages.read(self.window.follow(self._pods, 0))

    def clients_ask(self, requests: int) -> None:
        """Let clients ask both."""
        for one in self.servers:
            one.asked += requests

    def told(self, of: Callable[[Followed], Increase | None]) -> list[float]:
        """Give the requests to each pod."""
        return [found.requests if (found := of(self.window.of(pod))) else 0 for pod in self._pods]

    @property
    def all(self) -> list[float]:
        """Give all requests to each pod."""
        return self.told(lambda one: one.increase)

    @property
    def of_clients(self) -> list[float]:
        """Give what is told of clients."""
        return self.told(lambda one: one.of_clients)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    ticks = count()
    window = Window(300, began=0)
    async with serving() as (old, first), serving() as (new, second), scrape.session() as session:
        pages = Pages(Scraper(session), window, lambda: float(next(ticks)), lambda _: None)
        yield Scene(old, new, (first, second), pages, window)


async def compared(scene: Scene, limit_seconds: float = 10) -> Agreement:
    comparing = Comparing(lambda: scene.trials, scene.pages.apart, lambda: 0)
    async with asyncio.timeout(limit_seconds), scrape.session() as session:
        await comparing.look(Sampler(session))
    return comparing.agreements()[NEW]


async def test_samples_are_among_all_requests_and_not_among_those_of_clients(scene: Scene) -> None:
    await scene.read()
    scene.clients_ask(5)
    assert await compared(scene) == Agreement(samples=2, alike=2)
    scene.clients_ask(3)
    await scene.read()
    assert scene.all == [8 + len(SAMPLES)] * 2
    assert scene.of_clients == [8, 8]


async def test_a_new_pod_that_was_sent_samples_before_its_page_was_ever_read_counts_none_of_them(
    scene: Scene,
) -> None:
    await compared(scene)
    scene.clients_ask(3)
    await scene.read()
    assert scene.of_clients == [3, 3]


async def test_no_round_reads_a_page_while_samples_are_underway(scene: Scene) -> None:
    await scene.read()
    scene.new.answers.clear()
    comparison = asyncio.create_task(compared(scene))
    await wait_for(lambda: scene.new.asked, "a sample is underway")
    before = [one.pages for one in scene.servers]
    await scene.read()
    assert [one.pages for one in scene.servers] == before
    scene.new.answers.set()
    await comparison
    assert scene.of_clients == [0, 0]


async def test_the_time_after_a_sample_that_was_not_answered_is_left_out_too(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fogline.collector.sampling.LIMIT_SECONDS", 0.1)
    await scene.read()
    scene.new.answers.clear()
    assert await compared(scene) == Agreement(samples=0, alike=0)
    scene.new.answers.set()
    scene.clients_ask(4)  # or an answer that comes late
    await scene.read()
    assert scene.of_clients == [0, 0]
    scene.clients_ask(4)
    await scene.read()
    assert scene.of_clients == [4, 4]
