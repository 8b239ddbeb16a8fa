"""The command ``fogline-model-fetcher``, run as init container of a model server."""

import contextlib
import errno
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from fogline_model_fetcher.digest import sha256_of
from fogline_model_fetcher.errors import FetchError
from fogline_model_fetcher.fetch import Order, fetch
from fogline_model_fetcher.mounted import check_mounted
from fogline_model_fetcher.settings import (
    DEFAULT_TERMINATION_LOG,
    Settings,
    parse_flags,
    parse_settings,
)
from fogline_model_fetcher.sources import open_source
from fogline_model_fetcher.uris import MountedUri

TERMINATED = 128 + signal.SIGTERM


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 1 cannot be brought, 2 wrong use."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # As process 1 of a container it would not be stopped by the signal without a handler.
    signal.signal(signal.SIGTERM, _stop)
    termination_log = DEFAULT_TERMINATION_LOG
    try:
        flags = parse_flags(sys.argv[1:] if arguments is None else arguments)
        termination_log = flags.termination_log
        if flags.print_sha256:
            sys.stdout.write(f"{sha256_of(Path(flags.print_sha256))}\n")
            return 0
        _run(parse_settings(flags))
    except FetchError as error:
        return _fail(str(error), error.exit_code, termination_log)
    except OSError as error:
        return _fail(_about_the_volume(error), FetchError.exit_code, termination_log)
    return 0


def _run(settings: Settings) -> None:
    if isinstance(settings.uri, MountedUri):
        check_mounted(settings.uri, settings.folder, settings.sha256)
        return
    order = Order(
        uri=str(settings.uri),
        destination=settings.folder,
        version=settings.version,
        sha256=settings.sha256,
        max_bytes=settings.max_bytes,
        attempts=settings.attempts,
        retry_wait_seconds=settings.retry_wait_seconds,
        connections=settings.connections,
        stall_seconds=settings.stall_seconds,
    )
    with open_source(settings.uri, settings) as source:
        fetch(order, source)


def _about_the_volume(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "the volume is full: make it bigger, or free disk space on the node"
    # strerror, unlike the whole text, holds no path.
    return f"the volume cannot be used: {error.strerror}"


def _fail(sentence: str, exit_code: int, termination_log: str) -> int:
    logging.getLogger(__name__).error("%s", sentence)
    with contextlib.suppress(OSError):
        Path(termination_log).write_text(f"{sentence}\n", "utf-8")
    return exit_code


def _stop(_signal: int, _frame: object) -> NoReturn:
    sys.exit(TERMINATED)


if __name__ == "__main__":
    sys.exit(main())
