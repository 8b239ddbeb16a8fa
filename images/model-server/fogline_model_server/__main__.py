"""Entry point of ``fogline-model-server``."""

import asyncio
import os
import sys

import uvloop

from fogline_model_server import flags, log
from fogline_model_server.errors import ConfigError, LoadError
from fogline_model_server.serve import serve


def main() -> int:
    """Serve a model until told to stop; return the exit code."""
    settings = flags.parse(sys.argv[1:], os.environ)
    log.configure()
    for note in settings.ignored:
        log.warning("a flag does nothing", flag=note)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings))
    except (ConfigError, LoadError, OSError) as error:
        log.error("cannot serve", reason=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
