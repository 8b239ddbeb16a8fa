"""The token that the collector shows to probes."""

from pathlib import Path

from fogline.errors import BadInputError

_SETTING = "FOGLINE_PROBE_TOKEN_FILE"
_LEAST_CHARACTERS = 16


def read_token(path: Path) -> str:
    """Read the token that the collector shows and probes ask for.

    Raises
    ------
    BadInputError
        The file is not there, or has no token of at least 16 characters.
    """
    try:
        token = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path} cannot be read: {error}", _SETTING) from error
    if len(token) < _LEAST_CHARACTERS or not token.isascii():
        raise BadInputError(
            f"{path} holds no token of at least {_LEAST_CHARACTERS} characters of ASCII",
            _SETTING,
        )
    return token
