"""Start the operator: ``python -m fogline.handlers``."""

import asyncio
import logging
import sys

from pythonjsonlogger.json import JsonFormatter

from fogline import config
from fogline.errors import FoglineError
from fogline.handlers.operate import operate


def main() -> int:
    """Run the operator; returns the exit code, 2 for settings or a connection that cannot be used."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    try:
        asyncio.run(operate(config.from_environment()))
    except FoglineError as error:
        logging.getLogger("fogline").critical("cannot start", extra={"error": str(error)})
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
