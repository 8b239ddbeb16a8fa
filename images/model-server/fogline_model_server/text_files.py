"""Files that flags name: protobuf messages in text format."""

from pathlib import Path
from typing import Any

from fogline_model_server.errors import ConfigError


def read(path: Path, message: Any) -> Any:
    """Read a file into an empty message, and return it.

    Raises
    ------
    ConfigError
        The file cannot be read, or is not such a message.

    """
    from google.protobuf import text_format  # noqa: PLC0415  slow to import, and seldom needed

    name = message.DESCRIPTOR.full_name
    try:
        text_format.Parse(path.read_text(), message)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"Cannot read the {name} file {path}: {error}") from error
    except text_format.ParseError as error:
        raise ConfigError(f"Error parsing text-format {name}: {path}:{error}") from error
    return message
