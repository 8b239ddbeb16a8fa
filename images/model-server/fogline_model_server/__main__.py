"""Entry point of ``fogline-model-server``."""

import asyncio
import os
import sys

from fogline_model_server import flags, log
from fogline_model_server.errors import LoadError
from fogline_model_server.serve import serve


def main() -> int:
    """Serve a model until told to stop; return the exit code."""
    settings = flags.parse(sys.argv[1:], os.environ)
    log.configure()
    try:
        asyncio.run(serve(settings))
    except (LoadError, OSError) as error:
        log.error("cannot serve", reason=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
