"""Tensors between the wire and NumPy, by the rules of tensorflow::Tensor::FromProto and AsProtoField."""

import math
from typing import Any

import numpy as np

from fogline_model_server.dtypes import BY_NUMBER, BY_NUMPY, STRING, Array, DType
from fogline_model_server.errors import Code, ServingError, invalid_argument
from fogline_model_server.limits import LIMITS
from fogline_model_server.messages import TensorProto

_VARINT_BYTES = 5
"""Of a 32-bit number."""


def to_array(proto: Any, alias: str) -> Array:
    """Return the array that a TensorProto describes.

    Values come from ``tensor_content`` if it is there, else from the typed field: missing values repeat the
    last one, no value at all means zeros, values beyond the shape are ignored.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT: the parts do not fit together, or the tensor is larger than the limits allow.

    """
    dtype = BY_NUMBER.get(proto.dtype)
    if dtype is None or proto.tensor_shape.unknown_rank:
        raise _unreadable(alias)
    shape = _shape(proto.tensor_shape.dim, dtype, alias)
    size = math.prod(shape)
    if proto.tensor_content:
        if dtype is STRING:
            return _strings(proto.tensor_content, size, alias).reshape(shape)
        if len(proto.tensor_content) != size * dtype.numpy.itemsize:
            raise _unreadable(alias)
        return np.frombuffer(proto.tensor_content, dtype.numpy).reshape(shape)
    field = getattr(proto, dtype.field)
    if len(field) > size * dtype.parts:
        field = field[: size * dtype.parts]
    if len(field) % dtype.parts:
        raise _unreadable(alias)
    values = np.array(field, dtype.wire).astype(dtype.carrier, copy=False).view(dtype.numpy)
    return _filled(values, size, b"" if dtype is STRING else 0).reshape(shape)


def _unreadable(alias: str) -> ServingError:
    return invalid_argument(f"tensor parsing error: {alias}")


def _shape(dims: Any, dtype: DType, alias: str) -> tuple[int, ...]:
    if len(dims) > LIMITS.tensor_rank:
        raise invalid_argument(f"tensor {alias} has {len(dims)} dimensions, allowed are {LIMITS.tensor_rank}")
    shape = tuple([dim.size for dim in dims])
    if any(size < 0 for size in shape):
        raise _unreadable(alias)
    # A dimension of size 0 makes the tensor empty, but NumPy refuses large ones beside it.
    needed_bytes = math.prod([size or 1 for size in shape]) * dtype.numpy.itemsize
    if needed_bytes > LIMITS.tensor_bytes:
        raise invalid_argument(
            f"tensor {alias} is too large: {needed_bytes} bytes, allowed are {LIMITS.tensor_bytes}"
        )
    return shape


def _strings(content: bytes, size: int, alias: str) -> Array:
    """Read strings from ``tensor_content``: the lengths of all, each a varint, then all characters."""
    start, lengths = 0, []
    for _ in range(size):
        end = start
        while end < len(content) and content[end] & 0x80:
            end += 1
        groups = content[start : end + 1]
        if end >= len(content) or len(groups) > _VARINT_BYTES:
            raise _unreadable(alias)
        lengths.append(sum((group & 0x7F) << 7 * place for place, group in enumerate(groups)))
        start = end + 1
    if start + sum(lengths) != len(content):
        raise _unreadable(alias)
    strings = np.empty(size, object)
    for position, length in enumerate(lengths):
        strings[position] = content[start : start + length]
        start += length
    return strings


def _filled(values: Array, size: int, empty: Any) -> Array:
    given = len(values)
    if given == size:
        return values
    filled = np.full(size, values[-1] if given else empty, values.dtype)
    filled[:given] = values
    return filled


def set_proto(proto: Any, array: Array, *, as_content: bool = False) -> None:
    """Write an array into an empty TensorProto.

    Values go into the typed field, or on request into ``tensor_content``. Strings are always in their field:
    from the content not even TensorFlow's own Python client can read them.

    Raises
    ------
    ServingError
        UNIMPLEMENTED: the model returned an element type that we cannot send.

    """
    dtype = BY_NUMPY.get(array.dtype)
    if dtype is None:
        raise ServingError(Code.UNIMPLEMENTED, f"Outputs of element type {array.dtype} cannot be sent")
    proto.dtype = dtype.number
    dims = proto.tensor_shape.dim
    for size in array.shape:
        dims.add(size=size)
    if as_content and dtype is not STRING:
        proto.tensor_content = array.tobytes()
        return
    values = np.ascontiguousarray(array).ravel().view(dtype.carrier)
    getattr(proto, dtype.field).extend(values.tolist())


def to_proto(array: Array) -> Any:
    """Return an array as a TensorProto."""
    proto = TensorProto()
    set_proto(proto, array)
    return proto
