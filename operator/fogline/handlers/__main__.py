"""Start the operator: ``python -m fogline.handlers``."""

import asyncio
import logging
import sys
from typing import TextIO

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from fogline import config
from fogline.errors import FoglineError
from fogline.handlers.operate import operate

KOPF_ATTRIBUTES = ("settings", "k8s_ref", "k8s_skip")
"""What kopf hangs on its log records for its own use."""


def main() -> int:
    """Run the operator; returns the exit code, 2 for settings or a connection that cannot be used."""
    _log_to(sys.stderr)
    if unknown := config.unknown_variables():
        logging.getLogger("fogline").warning("variables that are no settings", extra={"names": unknown})
    try:
        asyncio.run(operate(config.from_environment()))
    except FoglineError as error:
        logging.getLogger("fogline").critical("cannot start", extra={"error": str(error)})
        return 2
    return 0


def _log_to(stream: TextIO) -> None:
    """Write one JSON object a line, with the data of each message as fields."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        JsonFormatter(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            reserved_attrs=[*RESERVED_ATTRS, *KOPF_ATTRIBUTES],
            json_default=str,
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("kopf").setLevel(logging.WARNING)  # it tells of every event that it handled


if __name__ == "__main__":
    sys.exit(main())
