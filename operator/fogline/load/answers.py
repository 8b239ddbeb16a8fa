"""What an answer names: it can be compared with a label and with the answer of another replica. Pure."""

import json
import math
from collections.abc import Sequence
from typing import Any

from fogline.load import protobuf
from fogline.load.job import Answer


class UnreadableError(Exception):
    """An answer cannot be compared with anything; the request was answered all the same."""


def of_rest(body: bytes, output: str | None) -> Answer:
    """Read the answer to a REST request of one row.

    Parameters
    ----------
    output
        Its name; None for the only one.

    Raises
    ------
    UnreadableError
        There is no such output, or it names nothing.
    """
    try:
        document = json.loads(body)
        (row,) = document["predictions"]
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableError("the answer has no row of predictions") from error
    return _named(_chosen(row, output) if isinstance(row, dict) else row)


def of_grpc(message: bytes, output: str | None) -> Answer:
    """Read the answer to a gRPC request of one row.

    Raises
    ------
    UnreadableError
        There is no such output, or it names nothing.
    """
    try:
        found = protobuf.outputs(message)
    except (ValueError, KeyError) as error:
        raise UnreadableError(f"the answer is no PredictResponse: {error}") from error
    shape, values = _chosen(found, output)
    if len(shape) > 2:  # noqa: PLR2004  a row of scores
        raise UnreadableError(f"an output of the shape {shape} is no row of scores")
    return _named(values)


def same(one: Answer, other: Answer) -> bool:
    """Tell whether two answers say the same; numbers may differ in their fourth digit."""
    if isinstance(one, str) or isinstance(other, str):
        return str(one) == str(other)
    return math.isclose(one, other, rel_tol=1e-3, abs_tol=1e-6)


def _chosen(outputs: dict[str, Any], output: str | None) -> Any:
    if output is None and len(outputs) == 1:
        return next(iter(outputs.values()))
    if output in outputs:
        return outputs[output]
    names = ", ".join(sorted(outputs)) or "none"
    raise UnreadableError(f"the outputs are {names}: say which one names the answer")


def _named(value: Any) -> Answer:
    """Give the place of the highest score, or what is there alone."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, Sequence) and len(value) == 1:
        return _named(value[0])
    if isinstance(value, Sequence) and value and all(isinstance(one, int | float) for one in value):
        return max(range(len(value)), key=value.__getitem__)
    raise UnreadableError("the output is neither a row of scores nor a number or text")
