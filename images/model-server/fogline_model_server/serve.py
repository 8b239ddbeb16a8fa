"""The life of the process: wait for a version, load it, open the ports, answer, end cleanly."""

import asyncio
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from fogline_model_server import log
from fogline_model_server.catalog import Catalog, ModelVersion, ServedModel, State, VersionStatus
from fogline_model_server.fronts.opening import OpenFront, open_all
from fogline_model_server.loading import Load
from fogline_model_server.models import folders
from fogline_model_server.serving import AnswerOptions, Serving
from fogline_model_server.settings import Peers, Settings

THREADS = 2
"""They answer gRPC, and the slow requests of REST. More do not help: Python runs one at a time."""
GRACE_SECONDS = 30.0
"""How long requests in flight may still take after SIGTERM."""
POLL_SECONDS = 1.0
"""How often a base path without versions is looked at."""


async def serve(settings: Settings, load: Load) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises
    ------
    LoadError
        The model cannot be loaded.
    OSError
        A port cannot be had.

    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    folder = await _first_version(settings, stop)
    if folder is None:
        return
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="serve")
    serving = Serving(await _loaded(settings, folder, load, threads), _answer_options(settings))
    fronts: list[OpenFront] = []
    try:
        fronts = await open_all(settings, serving, threads)
        log.info("serving", grpc_port=settings.port, rest_port=settings.rest_api_port)
        await stop.wait()
        log.info("stopping", grace_seconds=GRACE_SECONDS)
    finally:
        await asyncio.gather(*(front.close(GRACE_SECONDS) for front in fronts))
        end(threads)


def _answer_options(settings: Settings) -> AnswerOptions:
    return AnswerOptions(
        tensor_content=settings.enable_serialization_as_tensor_content,
        cors=settings.rest_api_enable_cors_support,
        metrics_path=settings.metrics_path,
        check_method_names=settings.enable_signature_method_name_check,
        reload_from_anywhere=settings.reload_config_peers is Peers.ANY,
    )


async def _first_version(settings: Settings, stop: asyncio.Event) -> folders.VersionFolder | None:
    """Return the latest version, as soon as there is one; None when told to stop before."""
    told = False
    while not stop.is_set():
        folder = folders.latest(settings.model_base_path)
        if folder:
            return folder
        if not told:
            log.info("waiting for a version", base_path=settings.model_base_path)
            told = True
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), POLL_SECONDS)
    return None


async def _loaded(
    settings: Settings, folder: folders.VersionFolder, load: Load, threads: ThreadPoolExecutor
) -> Catalog:
    began = time.perf_counter()
    engine = await asyncio.get_running_loop().run_in_executor(threads, load, folder.path)
    log.info(
        "model loaded",
        model=settings.model_name,
        version=folder.number,
        engine=engine.name,
        seconds=round(time.perf_counter() - began, 3),
    )
    return Catalog(
        {
            settings.model_name: ServedModel(
                available=(ModelVersion(folder.number, engine),),
                statuses=(VersionStatus(folder.number, State.AVAILABLE),),
            )
        }
    )


def end(threads: ThreadPoolExecutor) -> None:
    """Leave the process at once when a request outlives the grace: Python would wait for its thread."""
    ending = threading.Thread(target=threads.shutdown, daemon=True)
    ending.start()
    ending.join(timeout=1)
    if ending.is_alive():
        log.error("gave up on requests that outlived the grace", grace_seconds=GRACE_SECONDS)
        os._exit(1)
