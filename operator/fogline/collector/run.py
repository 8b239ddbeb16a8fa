"""Put the collector together and run it until it is told to stop."""

import asyncio
import time
from pathlib import Path

import aiohttp

from fogline import health
from fogline.cluster import connection
from fogline.cluster.client import Client
from fogline.collector.bearer import read_token
from fogline.collector.comparing import Comparing, trials
from fogline.collector.loop import Collector
from fogline.collector.pages import Pages
from fogline.collector.probing import FIELD_MANAGER, Probing
from fogline.collector.scrape import Scraper, session
from fogline.collector.serve import application
from fogline.config import CollectorSettings
from fogline.process import work_until_told_to_stop


async def run(settings: CollectorSettings) -> None:
    """Run until SIGTERM or SIGINT."""
    token = read_token(Path(settings.probe_token_file)) if settings.probes else ""
    async with Client(connection.default(), manager=FIELD_MANAGER) as client, session() as to_pages:
        collector = Collector(client, settings, time.monotonic)
        page = collector.metrics.instruments.page
        async with (
            health.serve(settings.health_port, page, collector.trouble),
            health.listen(
                application(collector.figures, collector.trouble),
                settings.figures_port,
                "FOGLINE_FIGURES_PORT",
            ),
        ):
            await work_until_told_to_stop(_work(collector, client, settings, token, to_pages))


async def _work(
    collector: Collector,
    client: Client,
    settings: CollectorSettings,
    token: str,
    to_pages: aiohttp.ClientSession,
) -> None:
    # sessions outside: the group waits for its tasks when it is left, and they need them
    async with session() as to_models, session() as to_probes, asyncio.TaskGroup() as group:
        pages = Pages(Scraper(to_pages), collector.window, time.monotonic, collector.metrics.scraped)
        group.create_task(collector.run(pages))
        comparing = Comparing(
            lambda: trials(collector.replicas(), collector.models()), pages.apart, time.monotonic
        )
        collector.agreements = comparing.agreements
        group.create_task(comparing.run(to_models))
        if not settings.probes:
            return
        probing = Probing(client, settings, token, collector, time.monotonic)
        collector.round_trips = probing.round_trips
        await probing.run(to_probes)
