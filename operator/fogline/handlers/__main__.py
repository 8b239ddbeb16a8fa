"""Start the operator: ``python -m fogline.handlers``."""

import asyncio
import logging
import sys

from fogline import config
from fogline.errors import FoglineError
from fogline.handlers.operate import operate
from fogline.logs import log_to

KOPF_ATTRIBUTES = ("settings", "k8s_ref", "k8s_skip")
"""What kopf hangs on its log records for its own use."""


def main() -> int:
    """Run the operator; returns the exit code, 2 for settings or a connection that cannot be used."""
    log_to(sys.stderr, hidden=KOPF_ATTRIBUTES)
    logging.getLogger("kopf").setLevel(logging.WARNING)  # it tells of every event that it handled
    if unknown := config.unknown_variables():
        logging.getLogger("fogline").warning("variables that are no settings", extra={"names": unknown})
    try:
        asyncio.run(operate(config.from_environment()))
    except FoglineError as error:
        logging.getLogger("fogline").critical("cannot start", extra={"error": str(error)})
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
