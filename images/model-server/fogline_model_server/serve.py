"""The life of the process: load, open the ports, answer, follow what changes, end cleanly."""

import asyncio
import gc
import os
import signal
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fogline_model_server import assembly, log
from fogline_model_server.catalog import Catalog
from fogline_model_server.errors import ConfigError, ServingError
from fogline_model_server.fronts.opening import OpenFront, open_all
from fogline_model_server.loading import Load
from fogline_model_server.models import config_file
from fogline_model_server.models.config import Config
from fogline_model_server.models.loader import Loader
from fogline_model_server.models.manager import Manager
from fogline_model_server.serving import Serving
from fogline_model_server.settings import Settings

GRACE_SECONDS = 30.0
"""How long requests in flight may still take after SIGTERM."""
KILLED_BY_SIGTERM = 128 + signal.SIGTERM
"""The exit code that shells give to it."""


async def serve(settings: Settings, load: Load) -> None:
    """Serve until SIGTERM or SIGINT; a second one ends the process at once.

    Raises
    ------
    ConfigError
        A file that a flag names cannot be used.
    LoadError
        A model cannot be loaded.
    OSError
        A port cannot be had.

    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _stop, stop)
    serving = Serving(Catalog({}), assembly.answer_options(settings))
    loader = Loader(load, serving.meter, assembly.warmup_iterations(settings))
    manager = Manager(serving, loader, assembly.manager_options(settings))
    config = assembly.config(settings)
    try:
        if await _done_unless(stop, _started(manager, config)):
            await _answer(settings, serving, manager, config, stop)
    finally:
        manager.drain()


def _stop(stop: asyncio.Event) -> None:
    if stop.is_set():
        log.error("told to stop twice: requests in flight are given up")
        os._exit(KILLED_BY_SIGTERM)
    stop.set()


async def _done_unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do the work until it is done or somebody wants to stop; tell whether it was done."""
    doing = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait((doing, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not doing.done():
        doing.cancel()
        return False
    doing.result()
    return True


async def _started(manager: Manager, config: Config) -> None:
    try:
        await manager.start(config)
    except ServingError as error:
        raise ConfigError(str(error)) from error


async def _answer(
    settings: Settings, serving: Serving, manager: Manager, config: Config, stop: asyncio.Event
) -> None:
    used = {version.engine.name for model in serving.catalog.models.values() for version in model.available}
    for note in assembly.idle_flags(settings, used):
        log.warning("a flag does nothing", flag=note)
    threads = ThreadPoolExecutor(assembly.answer_threads(settings), thread_name_prefix="serve")
    fronts: list[OpenFront] = []
    if settings.enable_reload_config:
        serving.reload = assembly.reloader(manager)
    following = asyncio.ensure_future(_follow(settings, manager, config))
    try:
        fronts = await open_all(settings, serving, threads)
        # What is there now stays: without this, collecting garbage would look at all of it again and again.
        gc.collect()
        gc.freeze()
        log.info("serving", grpc_port=settings.port, rest_port=settings.rest_api_port)
        await stop.wait()
        log.info("stopping", grace_seconds=GRACE_SECONDS)
    finally:
        following.cancel()
        manager.drain()
        await asyncio.gather(*(front.close(GRACE_SECONDS) for front in fronts))
        end(threads)


async def _follow(settings: Settings, manager: Manager, config: Config) -> None:
    pause = settings.model_config_file_poll_wait_seconds
    if settings.model_config_file and pause:
        await config_file.follow(settings.model_config_file, config, pause, manager.reconfigure)


def end(threads: ThreadPoolExecutor) -> None:
    """Leave the process at once when a request outlives the grace: Python would wait for its thread."""
    ending = threading.Thread(target=threads.shutdown, daemon=True)
    ending.start()
    ending.join(timeout=1)
    if ending.is_alive():
        log.error("gave up on requests that outlived the grace", grace_seconds=GRACE_SECONDS)
        os._exit(1)
