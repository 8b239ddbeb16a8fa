"""Answers of the REST front end as JSON."""

import base64
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
from google.protobuf.json_format import MessageToDict

from fogline_model_server.dtypes import BOOL, BY_NUMPY, COMPLEX64, COMPLEX128, STRING, Array
from fogline_model_server.errors import invalid_argument
from fogline_model_server.rest.numbers import decimals

_BYTES_SUFFIX = "_bytes"
"""Outputs of strings whose name ends so are bytes, not text."""


def prediction(outputs: Mapping[str, Array], *, by_row: bool) -> bytes:
    """Return the outputs in row (``predictions``) or column (``outputs``) form.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT: the outputs do not fit the form, or JSON cannot hold their type.

    """
    if not outputs:
        raise invalid_argument("Cannot convert empty tensor map to JSON")
    if by_row:
        return f'{{"predictions":[{_rows(outputs)}]}}'.encode()
    columns = {alias: _nested(_elements(alias, array), array.shape)[0] for alias, array in outputs.items()}
    return f'{{"outputs":{_named(columns)}}}'.encode()


def classification(result: Any) -> bytes:
    """Return a ClassificationResult: label and score of each class of each example."""
    rows = [
        ",".join(
            f"[{_quoted(entry.label)},{score}]"
            for entry, score in zip(found.classes, _scores(found.classes, "score"), strict=True)
        )
        for found in result.classifications
    ]
    return f'{{"results":[{",".join(f"[{row}]" for row in rows)}]}}'.encode()


def regression(result: Any) -> bytes:
    """Return a RegressionResult: one number for each example."""
    return f'{{"results":[{",".join(_scores(result.regressions, "value"))}]}}'.encode()


def error(message: str) -> bytes:
    """Return an error."""
    return orjson.dumps({"error": message.encode(errors="replace").decode(errors="replace")})


def status(response: Any) -> bytes:
    """Return a GetModelStatusResponse."""
    return orjson.dumps(_printed(response))


def metadata(response: Any, definitions: Any) -> bytes:
    """Return the model_spec of a GetModelMetadataResponse, and the SignatureDefMap that belongs to it."""
    return orjson.dumps(
        {
            "model_spec": _printed(response.model_spec),
            "metadata": {"signature_def": _printed(definitions)},
        }
    )


def _printed(message: Any) -> dict[str, Any]:
    """Return a message by field names and with default values, as TensorFlow Serving prints it."""
    return MessageToDict(message, always_print_fields_with_no_presence=True, preserving_proto_field_name=True)


def _scores(entries: Any, field: str) -> list[str]:
    return decimals(np.array([getattr(entry, field) for entry in entries], np.float32))


def _rows(outputs: Mapping[str, Array]) -> str:
    size = _batch_size(outputs)
    by_alias = {
        alias: _nested(_elements(alias, array), array.shape[1:], size) for alias, array in outputs.items()
    }
    if len(by_alias) == 1:
        return ",".join(next(iter(by_alias.values())))
    return ",".join(
        _named(dict(zip(by_alias, row, strict=True))) for row in zip(*by_alias.values(), strict=True)
    )


def _batch_size(outputs: Mapping[str, Array]) -> int:
    expected = -1
    for alias, array in outputs.items():
        if array.ndim == 0:
            raise invalid_argument(f"Tensor name: {alias} has no shape information ")
        if len(array) < 1:
            raise invalid_argument(f"Tensor name: {alias} has invalid batch size: 0")
        if expected not in (-1, len(array)):
            raise invalid_argument(
                f"Tensor name: {alias} has inconsistent batch size: {len(array)} expecting: {expected}"
            )
        expected = len(array)
    return expected


def _named(values: Mapping[str, str]) -> str:
    """Return an object of values that are JSON already; a single one stands without its name."""
    if len(values) == 1:
        return next(iter(values.values()))
    return "{" + ",".join(f"{_quoted(alias)}:{value}" for alias, value in values.items()) + "}"


def _nested(elements: list[str], shape: tuple[int, ...], count: int = 1) -> list[str]:
    """Return ``count`` values of the shape as JSON, from their elements in order."""
    for axis in range(len(shape), 0, -1):
        size = shape[axis - 1]
        lists = count * math.prod(shape[: axis - 1])
        elements = [f"[{','.join(elements[start * size : (start + 1) * size])}]" for start in range(lists)]
    return elements


def _elements(alias: str, array: Array) -> list[str]:
    """Return the elements of an array as JSON, in order."""
    dtype = BY_NUMPY.get(array.dtype)
    if dtype in (None, COMPLEX64, COMPLEX128):
        name = dtype.name if dtype else array.dtype
        raise invalid_argument(f"Failed to write JSON value for tensor type: {name}")
    if dtype is STRING:
        show = _base64 if alias.endswith(_BYTES_SUFFIX) else _text
        return [show(element) for element in array.ravel().tolist()]
    if dtype is BOOL:
        return ["true" if element else "false" for element in array.ravel().tolist()]
    if array.dtype.kind == "f":
        return decimals(array)
    return list(map(str, array.ravel().tolist()))


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()


def _text(element: bytes) -> str:
    return _quoted(element.decode(errors="replace"))


def _base64(element: bytes) -> str:
    return f'{{"b64":"{base64.b64encode(element).decode()}"}}'
