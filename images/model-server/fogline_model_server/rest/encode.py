"""Answers of the REST front end as JSON."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
from google.protobuf.json_format import MessageToDict

from fogline_model_server.dtypes import BY_NUMPY, COMPLEX64, COMPLEX128, STRING, Array
from fogline_model_server.errors import invalid_argument

_BYTES_SUFFIX = "_bytes"
"""Outputs of strings whose name ends so are bytes, not text."""


def prediction(outputs: Mapping[str, Array], *, by_row: bool) -> bytes:
    """Return the outputs in row (``predictions``) or column (``outputs``) form.

    Numbers have as many digits as their type needs. NaN and infinities appear as such, which is no standard
    JSON but what TensorFlow Serving writes.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT: the outputs do not fit the form, or JSON cannot hold their type.

    """
    if not outputs:
        raise invalid_argument("Cannot convert empty tensor map to JSON")
    finite = all(_is_finite(array) for array in outputs.values())
    values = {alias: _value(alias, array, finite=finite) for alias, array in outputs.items()}
    if by_row:
        document = {"predictions": _rows(values, _batch_size(outputs))}
    else:
        document = {"outputs": values if len(values) > 1 else next(iter(values.values()))}
    if finite:
        return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


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


def _batch_size(outputs: Mapping[str, Array]) -> int:
    expected = -1
    for alias, array in outputs.items():
        if array.ndim == 0:
            raise invalid_argument(f"Tensor name: {alias} has no shape information ")
        if expected not in (-1, len(array)):
            raise invalid_argument(
                f"Tensor name: {alias} has inconsistent batch size: {len(array)} expecting: {expected}"
            )
        expected = len(array)
    return expected


def _rows(values: Mapping[str, Any], batch_size: int) -> Any:
    if len(values) == 1:
        return next(iter(values.values()))
    return [{alias: value[row] for alias, value in values.items()} for row in range(batch_size)]


def _is_finite(array: Array) -> bool:
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _value(alias: str, array: Array, *, finite: bool) -> Any:
    """Return what the JSON library can write: an array, a scalar, or nested lists."""
    dtype = BY_NUMPY.get(array.dtype)
    if dtype in (None, COMPLEX64, COMPLEX128):
        name = dtype.name if dtype else array.dtype
        raise invalid_argument(f"Failed to write JSON value for tensor type: {name}")
    if dtype is STRING:
        show = _base64 if alias.endswith(_BYTES_SUFFIX) else _text
        return _nested([show(element) for element in array.ravel()], array.shape)
    if not finite:
        return _nested(_shortest(array.ravel()), array.shape)
    return np.ascontiguousarray(array) if array.ndim else array[()]


def _shortest(array: Array) -> list[Any]:
    """Return numbers that print with the digits of their own type: 0.1 in 32 bits is no 0.10000000149."""
    numbers: list[Any] = orjson.loads(
        orjson.dumps(np.ascontiguousarray(array), option=orjson.OPT_SERIALIZE_NUMPY)
    )
    if array.dtype.kind == "f":
        for position in np.flatnonzero(~np.isfinite(array)).tolist():
            numbers[position] = float(array[position])
    return numbers


def _nested(elements: list[Any], shape: tuple[int, ...]) -> Any:
    flat = np.empty(len(elements), object)
    flat[:] = elements
    return flat.reshape(shape).tolist()


def _text(element: bytes) -> str:
    return element.decode(errors="replace")


def _base64(element: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(element).decode()}
