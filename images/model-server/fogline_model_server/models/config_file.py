"""The file of ``--model_config_file``: read at start, and again when it changes."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from fogline_model_server import log, text_files
from fogline_model_server.errors import ConfigError, ServingError
from fogline_model_server.messages import ModelServerConfig
from fogline_model_server.models.config import Config, from_message


def read(path: Path) -> Config:
    """Read a ModelServerConfig file.

    Raises
    ------
    ConfigError
        It cannot be read, is no such message, or asks for what is not possible.

    """
    try:
        return from_message(text_files.read(path, ModelServerConfig()))
    except ServingError as error:
        raise ConfigError(f"{path}: {error.message}") from error


async def follow(
    path: Path, current: Config, pause_seconds: float, apply: Callable[[Config], Awaitable[None]]
) -> None:
    """Read the file again and again, and apply what has changed. A bad file is logged and ignored."""
    complaint = ""
    while True:
        await asyncio.sleep(pause_seconds)
        try:
            found = await asyncio.to_thread(read, path)
            if found != current:
                current = found
                await apply(found)
            complaint = ""
        except (ConfigError, ServingError) as error:
            if str(error) != complaint:
                complaint = str(error)
                log.error("the model config file is not followed", file=path, reason=complaint)
