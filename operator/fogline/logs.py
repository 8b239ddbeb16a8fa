"""The log of a process: one JSON object a line, with the data of each message as fields."""

import logging
from typing import TextIO

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter


def log_to(stream: TextIO, hidden: tuple[str, ...] = ()) -> None:
    """Write all messages from INFO on to a stream.

    Parameters
    ----------
    hidden
        Attributes that a library hangs on its log records for its own use.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        JsonFormatter(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            reserved_attrs=[*RESERVED_ATTRS, *hidden],
            json_default=str,
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler])
