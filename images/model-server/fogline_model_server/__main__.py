"""Entry point of ``fogline-model-server``."""

import asyncio
import os
import sys
import threading
from typing import NoReturn

import uvloop

from fogline_model_server import flags, log
from fogline_model_server.errors import ConfigError, LoadError


def main() -> NoReturn:
    """Serve models until told to stop, and end the process."""
    _leave(run())


def run() -> int:
    """Serve models until told to stop; return the exit code."""
    settings = flags.parse(sys.argv[1:], os.environ)
    log.configure()
    for note in settings.ignored:
        log.warning("a flag does nothing", flag=note)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy is to start no threads: no model needs them
    from fogline_model_server.loading import loader  # noqa: PLC0415  imports NumPy

    try:
        load = loader(settings)
        from fogline_model_server.serve import serve  # noqa: PLC0415  not for the process that tries models

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings, load))
    except (ConfigError, LoadError, OSError) as error:
        log.error("cannot serve", reason=str(error))
        return 1
    return 0


def _leave(code: int) -> NoReturn:
    """End the process. Python would first wait for threads, and one that loads a model may take minutes."""
    this = threading.current_thread()
    if any(thread is not this and not thread.daemon for thread in threading.enumerate()):
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
