"""What an operator takes while nothing happens, and what a scrape of its metrics costs."""

import asyncio
import os
import time

import aiohttp

from bench.operator.figures import quantile, tell
from bench.operator.plane import UNTHROTTLED, Bench, bench, cheap_nodes, model

_NODES = int(os.environ.get("NODES", "500"))
_MODELS = int(os.environ.get("MODELS", "100"))
_IDLE_SECONDS = float(os.environ.get("IDLE_SECONDS", "300"))
_SCRAPE_SECONDS = 15.0
"""As often as an eager Prometheus asks."""
_SCRAPES = 50
_ACCEPT = {"Accept": "application/openmetrics-text;version=1.0.0"}


async def measure() -> None:
    """Bring the models up, and leave a fresh operator alone but for scrapes."""
    async with bench(cheap_nodes(_NODES), UNTHROTTLED) as one:
        await one.builder.start()
        await one.create("models", [model(f"model-{number:04}", 1) for number in range(_MODELS)])
        await one.until_ready(60 + _MODELS)
        await one.settled()
        await one.builder.stop()
        await one.operator.start()
        await one.passed(one.operator, _MODELS)
        await one.settled()
        await _idle(one)
        await _scrape(one)


async def _idle(one: Bench) -> None:
    operator, began = one.operator, one.operator.cpu_seconds()
    end = time.monotonic() + _IDLE_SECONDS
    while time.monotonic() < end:
        await operator.metrics()
        await asyncio.sleep(_SCRAPE_SECONDS)
    cores = (operator.cpu_seconds() - began) / _IDLE_SECONDS
    now, most = operator.memory()
    tell(
        f"nothing happens for {_IDLE_SECONDS:.0f} s, {_NODES} nodes, {_MODELS} models",
        f"{cores:.3f} cores, {now / 1e6:.0f} MB resident, at most {most / 1e6:.0f} MB",
        "0.1 cores, 150 MB",
    )


async def _scrape(one: Bench) -> None:
    """Scrape often, so that what it costs shows; the time of a core is the operator's own."""
    seconds: list[float] = []
    size = 0
    before = one.operator.cpu_seconds()
    async with aiohttp.ClientSession() as session:
        for _ in range(_SCRAPES):
            began = time.monotonic()
            async with session.get(one.operator.url("/metrics"), headers=_ACCEPT) as answer:
                size = len(await answer.read())
            seconds.append(time.monotonic() - began)
    took = (one.operator.cpu_seconds() - before) / _SCRAPES
    tell(
        f"a scrape, {_NODES} nodes, {_MODELS} models",
        f"{1000 * took:.1f} ms of a core, p50 {1000 * quantile(seconds, 0.5):.1f} ms, {size / 1000:.0f} kB",
        "10 ms of a core",
    )
