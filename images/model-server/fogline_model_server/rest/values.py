"""JSON values to NumPy: nested lists are dimensions, and types are strict."""

import base64
import binascii
from itertools import chain
from typing import Any

import numpy as np

from fogline_model_server.dtypes import (
    BOOL,
    BY_NUMBER,
    DOUBLE,
    FLOAT,
    HALF,
    INT8,
    INT16,
    INT32,
    INT64,
    STRING,
    UINT8,
    UINT16,
    UINT32,
    UINT64,
    Array,
    DType,
)
from fogline_model_server.errors import Code, ServingError, invalid_argument
from fogline_model_server.limits import LIMITS
from fogline_model_server.rest.parse import shown, type_name
from fogline_model_server.signatures import TensorInfo

_NUMBERS = frozenset({int, float})
_LARGEST_EXACT = {HALF: (1 << 11) - 1, FLOAT: (1 << 24) - 1, DOUBLE: (1 << 53) - 1}
"""An integer above it might lose digits."""

_ACCEPTED: dict[DType, frozenset[type]] = {
    **dict.fromkeys((HALF, FLOAT, DOUBLE), _NUMBERS),
    **dict.fromkeys((INT8, UINT8, INT16, UINT16, INT32, INT64, UINT32, UINT64), frozenset({int})),
    BOOL: frozenset({bool}),
    STRING: frozenset({str, dict}),
}
"""Python types of the JSON values that may become an element."""


def is_object(value: Any) -> bool:
    """Tell whether a value names tensors: ``{"b64": "..."}`` is an object that stands for bytes instead."""
    return isinstance(value, dict) and not is_base64(value)


def to_array(value: Any, info: TensorInfo) -> Array:
    """Return a JSON value as a tensor; the first elements tell the size of each dimension.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT: ragged, too deep, or elements of another type. UNIMPLEMENTED: JSON has no such type.

    """
    shape = _shape(value)
    leaves = _leaves(value, shape)
    dtype = BY_NUMBER.get(info.dtype)
    if dtype is None or dtype not in _ACCEPTED:
        name = dtype.name if dtype else f"number {info.dtype}"
        raise ServingError(
            Code.UNIMPLEMENTED, f"Conversion of JSON Value: {shown(next(iter(leaves), None))} to type: {name}"
        )
    _check_types(leaves, dtype)
    return _converted(leaves, dtype).reshape(shape)


def _shape(value: Any) -> tuple[int, ...]:
    shape: list[int] = []
    while isinstance(value, list):
        shape.append(len(value))
        if len(shape) > LIMITS.tensor_rank:
            raise invalid_argument(f"lists are nested deeper than {LIMITS.tensor_rank} levels")
        if not value:
            break
        value = value[0]
    return tuple(shape)


def _leaves(value: Any, shape: tuple[int, ...]) -> list[Any]:
    """Return the elements of all nested lists in order, once they are known to have the shape."""
    items = [value]
    for level, size in enumerate(shape):
        for item in items:
            if type(item) is not list:
                raise invalid_argument(
                    f"JSON Value: {shown(item)} found at incorrect level: {level + 1} in the JSON DOM. "
                    f"Expected at level: {len(shape)}"
                )
            if len(item) != size:
                raise invalid_argument(
                    f"Encountered list at unexpected size: {len(item)} at level: {level} "
                    f"expected size: {size}"
                )
        items = list(chain.from_iterable(items))
    if list in set(map(type, items)):
        rank = len(shape)
        raise invalid_argument(f"Encountered list at unexpected level: {rank} expected < {rank}")
    return items


def _check_types(leaves: list[Any], dtype: DType) -> None:
    accepted = _ACCEPTED[dtype]
    if set(map(type, leaves)) <= accepted:
        return
    raise _type_error(next(leaf for leaf in leaves if type(leaf) not in accepted), dtype)


def _type_error(value: Any, dtype: DType) -> ServingError:
    return invalid_argument(
        f"JSON Value: {shown(value)} Type: {type_name(value)} is not of expected type: {dtype.name}"
    )


def _converted(leaves: list[Any], dtype: DType) -> Array:
    if dtype is STRING:
        strings = np.empty(len(leaves), object)
        strings[:] = [to_bytes(leaf) for leaf in leaves]
        return strings
    if dtype in _LARGEST_EXACT:
        return _floats(leaves, dtype)
    if dtype is not BOOL:
        _check_range(leaves, dtype)
    return np.array(leaves, dtype.numpy)


def _check_range(leaves: list[int], dtype: DType) -> None:
    bounds = np.iinfo(dtype.numpy)
    for extreme in (min(leaves, default=0), max(leaves, default=0)):
        if not bounds.min <= extreme <= bounds.max:
            raise _type_error(extreme, dtype)


def _floats(leaves: list[int | float], dtype: DType) -> Array:
    largest = _LARGEST_EXACT[dtype]
    if int in set(map(type, leaves)):
        for leaf in leaves:
            if type(leaf) is int and abs(leaf) > largest:
                raise lossy(leaf, dtype.name)
    doubles = np.array(leaves, np.float64)
    with np.errstate(over="ignore"):
        values = doubles.astype(dtype.numpy, copy=False)
    overflowed = np.isinf(values) & np.isfinite(doubles)
    if overflowed.any():
        raise lossy(leaves[int(overflowed.argmax())], dtype.name)
    return values


def lossy(value: float, type_name: str) -> ServingError:
    """Return the error for a number that the type cannot hold."""
    return invalid_argument(
        f"Cannot convert JSON value: {shown(value)} to {type_name} without loss of precision."
    )


def is_base64(value: Any) -> bool:
    """Tell whether a value is an object that stands for bytes."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def to_bytes(leaf: Any) -> bytes:
    """Return a string, or an object that stands for bytes, as bytes.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT: it is neither, or not base64.

    """
    if isinstance(leaf, str):
        return leaf.encode(errors="surrogatepass")
    if not is_base64(leaf):
        raise invalid_argument(f"JSON Value: {shown(leaf)} not formatted correctly for base64 data")
    text = leaf["b64"]
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid_argument("Unable to base64 decode") from error
