"""Start the janitor: ``python -m fogline.janitor``."""

import asyncio
import logging
import sys

from fogline import config
from fogline.errors import FoglineError
from fogline.janitor.run import run
from fogline.logs import log_to


def main() -> int:
    """Run the janitor; returns the exit code, 2 for settings or a connection that cannot be used."""
    log_to(sys.stderr)
    if unknown := config.unknown_variables(kind=config.JanitorSettings):
        logging.getLogger("fogline").warning("variables that are no settings", extra={"names": unknown})
    try:
        asyncio.run(run(config.janitor_from_environment()))
    except FoglineError as error:
        logging.getLogger("fogline").critical("cannot start", extra={"error": str(error)})
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
