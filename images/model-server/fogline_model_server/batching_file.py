"""The file of ``--batching_parameters_file``: how requests are run together."""

from itertools import pairwise
from pathlib import Path
from typing import Any

from fogline_model_server.engines.batching import BatchingParameters
from fogline_model_server.errors import ConfigError
from fogline_model_server.messages import BatchingParameters as Message

_MICROSECONDS = 1_000_000


def read(file: Path, cores: int) -> BatchingParameters:
    """Read the parameters; what the file does not say has TensorFlow Serving's default.

    Parameters
    ----------
    cores
        Default of ``num_batch_threads``.

    Raises
    ------
    ConfigError
        The file cannot be read, is no text BatchingParameters, or its values do not fit together.

    """
    from google.protobuf import text_format  # noqa: PLC0415  slow to import, and seldom needed

    try:
        message = text_format.Parse(file.read_text(), Message())
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {file}: {error}") from error
    except text_format.ParseError as error:
        text = f"Error parsing text-format tensorflow.serving.BatchingParameters: {file}: {error}"
        raise ConfigError(text) from error
    default = BatchingParameters(threads=cores)
    parameters = BatchingParameters(
        max_batch_size=_value(message, "max_batch_size", default.max_batch_size),
        timeout_seconds=_value(message, "batch_timeout_micros", 0) / _MICROSECONDS,
        max_enqueued_batches=_value(message, "max_enqueued_batches", default.max_enqueued_batches),
        threads=_value(message, "num_batch_threads", default.threads),
        allowed_batch_sizes=tuple(message.allowed_batch_sizes),
        pad_variable_length_inputs=message.pad_variable_length_inputs,
    )
    problem = _problem(parameters)
    if problem:
        raise ConfigError(f"{file}: {problem}")
    return parameters


def _value(message: Any, name: str, default: int) -> int:
    value: int = getattr(message, name).value if message.HasField(name) else default
    return value


def _problem(parameters: BatchingParameters) -> str:
    """Say what is wrong with the values, in the words of TensorFlow Serving where it has any."""
    for name, value, least in (
        ("max_batch_size", parameters.max_batch_size, 1),
        ("batch_timeout_micros", parameters.timeout_seconds, 0),
        ("max_enqueued_batches", parameters.max_enqueued_batches, 1),
        ("num_batch_threads", parameters.threads, 1),
    ):
        if value < least:
            return f"{name} must be {'positive' if least else 'non-negative'}; was {value}"
    sizes = (0, *parameters.allowed_batch_sizes)
    if any(size >= after for size, after in pairwise(sizes)):
        return "allowed_batch_sizes entries must be in increasing order"
    if len(sizes) > 1 and sizes[-1] != parameters.max_batch_size:
        return "final entry in allowed_batch_sizes must match max_batch_size"
    return ""
