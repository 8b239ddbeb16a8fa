"""The few messages of TensorFlow Serving's Predict method, as bytes. Pure.

Their fields: tensorflow_serving/apis/predict.proto and model.proto, tensorflow/core/framework/tensor.proto.
The wire format: protobuf.dev, "Encoding".
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

PREDICT = "/tensorflow.serving.PredictionService/Predict"
STRING = 7
"""DataType of text (tensorflow/core/framework/types.proto)."""
_NUMBERS = {1: "f", 2: "d", 3: "i", 4: "B", 5: "h", 6: "b", 9: "q", 10: "?", 17: "H", 22: "I", 23: "Q"}
"""DataType and the code that `struct` has for it."""
_VALUES = {5: "f", 6: "d", 7: "", 8: "", 10: "", 11: "", 16: "", 17: ""}
"""Fields of a TensorProto that hold values, and the code of those with a fixed width; others are varints."""
_TEXTS = 8
_UNSIGNED = (16, 17)
_CONTENT = 4
_BITS = 64
_VARINT, _FIXED64, _DELIMITED, _FIXED32 = 0, 1, 2, 5

Scalar = int | float | str


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input of a request."""

    data_type: int
    shape: tuple[int, ...]
    content: bytes
    """All values, row by row, in little-endian order; for `STRING` see `texts`."""
    texts: tuple[bytes, ...] = ()


def predict_request(model: str, signature: str, version: int | None, inputs: Mapping[str, Tensor]) -> bytes:
    """Write a PredictRequest; without a version the latest is asked."""
    spec = _text(1, model.encode()) + (_text(3, signature.encode()) if signature else b"")
    if version is not None:
        spec += _text(2, _number(1, version))
    entries = (_text(1, name.encode()) + _text(2, _tensor(tensor)) for name, tensor in inputs.items())
    return _text(1, spec) + b"".join(_text(2, entry) for entry in entries)


def outputs(response: bytes) -> dict[str, tuple[list[int], list[Scalar]]]:
    """Read the outputs of a PredictResponse: name, shape, and values row by row.

    Raises
    ------
    ValueError
        It is none.
    """
    found = {}
    for field, entry in _fields(response):
        if field == 1 and isinstance(entry, bytes):
            parts = dict(_fields(entry))
            name, tensor = parts.get(1, b""), parts.get(2, b"")
            if not isinstance(name, bytes) or not isinstance(tensor, bytes):
                raise ValueError("an output is no tensor")
            found[name.decode()] = _read_tensor(tensor)
    return found


def _tensor(tensor: Tensor) -> bytes:
    shape = b"".join(_text(2, _number(1, size)) for size in tensor.shape)
    values = b"".join(_text(_TEXTS, text) for text in tensor.texts) or _text(_CONTENT, tensor.content)
    return _number(1, tensor.data_type) + _text(2, shape) + values


def _read_tensor(message: bytes) -> tuple[list[int], list[Scalar]]:
    data_type, shape = 0, []
    values: list[Scalar] = []
    for field, value in _fields(message):
        if field == 1 and isinstance(value, int):
            data_type = value
        elif field == 2 and isinstance(value, bytes):  # noqa: PLR2004  a number of the message
            shape = [
                int(dict(_fields(one)).get(1, 0))
                for number, one in _fields(value)
                if number == 2 and isinstance(one, bytes)  # noqa: PLR2004  the same
            ]
        elif field == _CONTENT and isinstance(value, bytes) and value:
            values = list(_unpack(_NUMBERS[data_type], value))
        elif field in _VALUES:
            values += _values(field, value)
    return shape, _repeated(values, shape)


def _values(field: int, value: int | bytes) -> Sequence[Scalar]:
    if field == _TEXTS and isinstance(value, bytes):
        return [value.decode()]
    if isinstance(value, bytes) and _VALUES[field]:
        return _unpack(_VALUES[field], value)
    numbers = [value] if isinstance(value, int) else list(_varints(value))
    return numbers if field in _UNSIGNED else [_signed(one) for one in numbers]


def _signed(number: int) -> int:
    return number - (1 << _BITS) if number >> (_BITS - 1) else number


def _unpack(code: str, value: bytes) -> Sequence[Scalar]:
    return struct.unpack(f"<{len(value) // struct.calcsize(code)}{code}", value)


def _repeated(values: list[Scalar], shape: Sequence[int]) -> list[Scalar]:
    """Give as many values as the shape has: a server may leave out the last ones where they are the same."""
    count = 1
    for size in shape:
        count *= size
    return values + values[-1:] * (count - len(values))


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Read the fields of a message one after the other; a fixed-width number comes as its bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind, field = key & 7, key >> 3
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield field, value
            continue
        if kind == _DELIMITED:
            size, at = _varint(message, at)
        elif kind in {_FIXED32, _FIXED64}:
            size = 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"wire type {kind} is none of protobuf")
        if at + size > len(message):
            raise ValueError("a field is longer than its message")
        yield field, message[at : at + size]
        at += size


def _varints(packed: bytes) -> Iterator[int]:
    at = 0
    while at < len(packed):
        value, at = _varint(packed, at)
        yield value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message):
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:  # noqa: PLR2004  the bit that says that more follows
            return value, at
    raise ValueError("the message ends in a number")


def _number(field: int, value: int) -> bytes:
    return _encoded(field << 3 | _VARINT) + _encoded(value % (1 << _BITS))


def _text(field: int, content: bytes) -> bytes:
    return _encoded(field << 3 | _DELIMITED) + _encoded(len(content)) + content


def _encoded(value: int) -> bytes:
    parts = bytearray()
    while value > 127:  # noqa: PLR2004  seven bits a byte
        parts.append(value & 127 | 128)
        value >>= 7
    parts.append(value)
    return bytes(parts)
