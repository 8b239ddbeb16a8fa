"""What the values of flags mean. Each function reads one kind of value."""

from argparse import ArgumentTypeError
from pathlib import Path

from fogline_model_server import monitoring
from fogline_model_server.settings import Front, Peers

_MAX_PORT = 65535
_WORDS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}


def boolean(text: str) -> bool:
    """Read a switch, in the words of TensorFlow's flags."""
    try:
        return _WORDS[text.lower()]
    except KeyError as error:
        raise ArgumentTypeError(f"{text!r} is neither true nor false") from error


def integer(text: str) -> int:
    """Read any whole number."""
    try:
        return int(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a whole number") from error


def whole(text: str) -> int:
    """Read a whole number from 0 on."""
    number = integer(text)
    if number < 0:
        raise ArgumentTypeError(f"{number} is negative")
    return number


def counted(text: str) -> int:
    """Read a whole number from 1 on."""
    number = integer(text)
    if number < 1:
        raise ArgumentTypeError(f"{number} is less than 1")
    return number


def port(text: str) -> int:
    """Read a port, or 0."""
    number = integer(text)
    if not 0 <= number <= _MAX_PORT:
        raise ArgumentTypeError(f"{number} is not between 0 and {_MAX_PORT}")
    return number


def seconds(text: str) -> float:
    """Read a time from 0 on."""
    try:
        number = float(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a number of seconds") from error
    if not 0 <= number < float("inf"):
        raise ArgumentTypeError(f"{text} is not a number of seconds from 0 on")
    return number


def share(text: str) -> float:
    """Read a number from 0 to 1."""
    try:
        number = float(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a number") from error
    if not 0 <= number <= 1:
        raise ArgumentTypeError(f"{text} is not from 0 to 1")
    return number


def load_threads(text: str) -> int:
    """Read a number of threads; TensorFlow Serving means by 0 what we mean by 1, one after the other."""
    return max(1, whole(text))


def file(text: str) -> Path | None:
    """Read a path; an empty one is none."""
    return Path(text) if text else None


def metrics_path(text: str) -> str | None:
    """Read the name of a MonitoringConfig file, and the path of the metrics from it."""
    try:
        return monitoring.metrics_path(Path(text)) if text else None
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error


def front(text: str) -> Front:
    """Read the name of a front end."""
    try:
        return Front(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is none of {', '.join(Front)}") from error


def peers(text: str) -> Peers:
    """Read who may call."""
    try:
        return Peers(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is none of {', '.join(Peers)}") from error


def channel_arguments(text: str) -> tuple[tuple[str, int | str], ...]:
    """Read ``name=value,...``; a value that is a number becomes one, as gRPC wants it."""
    return tuple(_channel_argument(part) for part in text.split(",") if part)


def _channel_argument(text: str) -> tuple[str, int | str]:
    key, sign, value = text.partition("=")
    if not key or not sign:
        raise ArgumentTypeError(f"{text!r} has not the form name=value")
    try:
        return key, int(value)
    except ValueError:
        return key, value
