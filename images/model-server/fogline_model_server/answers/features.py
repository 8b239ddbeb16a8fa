"""tf.Example to the inputs of a model that has no operation to parse them: features are inputs by name.

Error texts are those of TensorFlow's operation ``ParseExampleV2``, so a client cannot tell the two apart.
"""

import math
from collections.abc import Sequence
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
from fogline_model_server.signatures import Signature, TensorInfo

_KIND_NAMES = {"bytes_list": "string", "float_list": "float", "int64_list": "int64"}
_KIND_OF_TYPE: dict[DType, str] = {
    STRING: "bytes_list",
    **dict.fromkeys((FLOAT, DOUBLE, HALF), "float_list"),
    **dict.fromkeys((INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64, BOOL), "int64_list"),
}


def columns(signature: Signature, examples: Sequence[Any]) -> dict[str, Array]:
    """Return the inputs of a signature, one row for each of the Example messages.

    Features that are no inputs are ignored.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT: a feature is missing, or has another type or size than its input. UNIMPLEMENTED: the
        input has a type that no feature can hold.

    """
    features = [example.features.feature for example in examples]
    return {alias: _column(alias, info, features) for alias, info in signature.inputs.items()}


def _column(alias: str, info: TensorInfo, features: Sequence[Any]) -> Array:
    dtype = BY_NUMBER.get(info.dtype)
    kind = _KIND_OF_TYPE.get(dtype) if dtype else None
    if dtype is None or kind is None:
        name = dtype.name if dtype else f"number {info.dtype}"
        raise ServingError(Code.UNIMPLEMENTED, f"Input {alias} has type {name}, which no tf.Example can hold")
    rows: list[Sequence[Any]] = []
    shape: tuple[int, ...] = ()
    for position, row in enumerate(features):
        values = _values(alias, kind, position, row)
        shape = shape if rows else _row_shape(alias, info.shape, len(values))
        if len(values) != math.prod(shape):
            raise _wrong(
                alias,
                position,
                f"Number of {_KIND_NAMES[kind]} values != expected.  "
                f"Values size: {len(values)} but output shape: [{','.join(map(str, shape))}]",
            )
        rows.append(values)
    is_scalar = info.shape == () and len(rows) == 1
    return _array(alias, dtype, rows).reshape(() if is_scalar else (len(rows), *shape))


def _values(alias: str, kind: str, position: int, row: Any) -> Sequence[Any]:
    given = row[alias].WhichOneof("kind") if alias in row else None
    if given is None:
        raise invalid_argument(
            f"Name: <unknown>, Feature: {alias} (data type: {_KIND_NAMES[kind]}) "
            "is required but could not be found."
        )
    if given != kind:
        raise _wrong(
            alias,
            position,
            f"Data types don't match. Data type: {_KIND_NAMES[given]} but expected type: {_KIND_NAMES[kind]}",
        )
    values: Sequence[Any] = getattr(row[alias], kind).value
    return values


def _row_shape(alias: str, shape: tuple[int, ...] | None, first_size: int) -> tuple[int, ...]:
    """Return the shape of one row; the first row tells the size of a dimension that may have any."""
    if shape is None:
        return (first_size,)
    row = shape[1:]
    if row.count(-1) > 1:
        raise invalid_argument(
            f"Input {alias} has several dimensions of any size, and a tf.Example has no shape: use Predict"
        )
    known = math.prod(size for size in row if size >= 0)
    return tuple(first_size // known if size < 0 and known else size for size in row)


def _array(alias: str, dtype: DType, rows: Sequence[Sequence[Any]]) -> Array:
    flat = [value for row in rows for value in row]
    if dtype is STRING:
        strings = np.empty(len(flat), object)
        strings[:] = flat
        return strings
    values: Array = np.array(flat, np.int64 if dtype.numpy.kind in "iub" else np.float32)
    if dtype.numpy.kind in "iu":
        bounds = np.iinfo(dtype.numpy)
        outside = (values < bounds.min) | (values > min(bounds.max, np.iinfo(np.int64).max))
        if outside.any():
            position = int(outside.argmax()) // max(1, len(rows[0]))
            raise _wrong(alias, position, f"Value {values[outside][0]} does not fit into {dtype.name}")
    with np.errstate(over="ignore"):
        return values.astype(dtype.numpy)


def _wrong(alias: str, position: int, what: str) -> ServingError:
    return invalid_argument(f"Name: <unknown>, Key: {alias}, Index: {position}.  {what}")
