"""Logs: one JSON object a line on stderr, a constant message with data beside it."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import orjson

_LOGGER = logging.getLogger("fogline_model_server")


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "data", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def configure() -> None:
    """Send our log, and warnings of libraries, to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    _LOGGER.setLevel(logging.INFO)


def info(message: str, **data: Any) -> None:
    """Log progress."""
    _LOGGER.info(message, extra={"data": data})


def warning(message: str, **data: Any) -> None:
    """Log what somebody should look at while the server goes on."""
    _LOGGER.warning(message, extra={"data": data})


def error(message: str, **data: Any) -> None:
    """Log what ends the process."""
    _LOGGER.error(message, extra={"data": data})


def unexpected(message: str, error: Exception, **data: Any) -> None:
    """Log a mistake of ours with its traceback."""
    _LOGGER.error(message, extra={"data": data}, exc_info=error)
