"""What each process in the cluster does first: its log, a word about misspelt settings, its work."""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from fogline import config
from fogline.errors import FoglineError
from fogline.logs import log_to


def run_until_stopped(
    work: Callable[[], Coroutine[Any, Any, None]],
    settings: type[config.AnySettings],
    hidden: tuple[str, ...] = (),
) -> int:
    """Run; returns the exit code, 2 for settings or a connection that cannot be used.

    Parameters
    ----------
    work
        Reads the settings, and works until it is told to stop.
    settings
        What they are read into.
    hidden
        As in `fogline.logs.log_to`.
    """
    log_to(sys.stderr, hidden=hidden)
    logger = logging.getLogger("fogline")
    if unknown := config.unknown_variables(kind=settings):
        logger.warning("variables that are no settings", extra={"names": unknown})
    try:
        asyncio.run(work())
    except FoglineError as error:
        logger.critical("cannot go on", extra={"error": str(error)})
        return 2
    return 0


async def work_until_told_to_stop(work: Coroutine[Any, Any, Any]) -> None:
    """Work until SIGTERM or SIGINT. An error of the work is raised: the kubelet starts the process anew."""
    task = asyncio.create_task(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task
