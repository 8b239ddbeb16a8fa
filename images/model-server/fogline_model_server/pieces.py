"""A Predict message cut around the values of its tensors, without reading it as a message.

Only values that stand there as they are in memory are cut out: ``tensor_content``, and ``float_val`` and
``double_val`` when they are packed. Encoding: https://protobuf.dev/programming-guides/encoding/.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fogline_model_server.dtypes import BOOL, BY_NUMBER, DOUBLE, FLOAT, STRING

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_FIXED_BYTES = {_FIXED64: 8, _FIXED32: 4}
_VARINT_BYTES = 10
_REQUEST_INPUTS, _RESPONSE_OUTPUTS = 2, 1
_KEY, _VALUE = 1, 2
_DTYPE, _SHAPE, _VERSION, _CONTENT, _FLOAT_VALUES, _DOUBLE_VALUES = range(1, 7)
_TENSORS = 64


class _Unusual(Exception):  # noqa: N818  no failure: the message has to be read as a message
    pass


@dataclass(frozen=True, slots=True)
class Pieces:
    """What stands around the values of one message, and where the values are."""

    aliases: tuple[str, ...]
    """Of the tensors, in the order of their values."""
    fixed: tuple[tuple[int, bytes], ...]
    """Offset and bytes of what is not values: before each of them, and after the last."""
    spans: tuple[tuple[int, int], ...]
    """Start and end of each tensor's values."""

    def values(self, message: bytes) -> list[bytes] | None:
        """Return the values of a message of the same length, if nothing else differs."""
        for start, part in self.fixed:
            if not message.startswith(part, start):
                return None
        return [message[start:end] for start, end in self.spans]

    def joined(self, values: Sequence[bytes]) -> bytes:
        """Return the message with other values of the same sizes."""
        parts = [part for _, part in self.fixed]
        for position, value in enumerate(values):
            parts.insert(2 * position + 1, value)
        return b"".join(parts)


def of_request(message: bytes) -> Pieces | None:
    """Cut a PredictRequest; None when values are written in another way, or anything is unusual."""
    return _cut(message, _REQUEST_INPUTS)


def of_response(message: bytes) -> Pieces | None:
    """Cut a PredictResponse; None as above."""
    return _cut(message, _RESPONSE_OUTPUTS)


def _cut(message: bytes, tensors_field: int) -> Pieces | None:
    try:
        found = [
            _entry(message, start, end)
            for number, wire, start, end in _fields(message, 0, len(message))
            if number == tensors_field and _is(wire, _LENGTH)
        ]
    except (_Unusual, UnicodeDecodeError):
        return None
    aliases = tuple(alias for alias, _ in found)
    if not found or len(found) > _TENSORS or len(set(aliases)) < len(aliases):
        return None
    spans = tuple(span for _, span in found)
    starts, ends = (0, *(end for _, end in spans)), (*(start for start, _ in spans), len(message))
    fixed = tuple((start, message[start:end]) for start, end in zip(starts, ends, strict=True))
    return Pieces(aliases, fixed, spans)


def _entry(message: bytes, start: int, end: int) -> tuple[str, tuple[int, int]]:
    """Return the key of a map's entry and where the values of its tensor are."""
    parts = {}
    for number, wire, part_start, part_end in _fields(message, start, end):
        if number not in (_KEY, _VALUE) or number in parts or wire != _LENGTH:
            raise _Unusual
        parts[number] = part_start, part_end
    if len(parts) != _VALUE:
        raise _Unusual
    key_start, key_end = parts[_KEY]
    return message[key_start:key_end].decode(), _values(message, *parts[_VALUE])


def _values(message: bytes, start: int, end: int) -> tuple[int, int]:
    seen: dict[int, tuple[int, int]] = {}
    for number, wire, field_start, field_end in _fields(message, start, end):
        if (
            number in seen
            or number > _DOUBLE_VALUES
            or wire != (_VARINT if number in (_DTYPE, _VERSION) else _LENGTH)
        ):
            raise _Unusual
        seen[number] = field_start, field_end
    spans = [seen[number] for number in (_CONTENT, _FLOAT_VALUES, _DOUBLE_VALUES) if number in seen]
    if _DTYPE not in seen or len(spans) != 1:
        raise _Unusual
    dtype = BY_NUMBER.get(_varint(message, *seen[_DTYPE])[0])
    allowed = {FLOAT: _FLOAT_VALUES, DOUBLE: _DOUBLE_VALUES}.get(dtype) if dtype else None
    # The bytes of a boolean may be anything on the wire, and those of a string are no values.
    raw = _CONTENT in seen and dtype not in (None, STRING, BOOL)
    if not (raw or allowed in seen) or spans[0][0] == spans[0][1]:
        raise _Unusual
    return spans[0]


def _is(wire: int, expected: int) -> bool:
    if wire != expected:
        raise _Unusual
    return True


def _fields(message: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, wire type, start and end of each field between two offsets."""
    while start < end:
        tag, start = _varint(message, start, end)
        number, wire = tag >> 3, tag & 7
        if wire == _LENGTH:
            size, start = _varint(message, start, end)
            stop = start + size
        elif wire == _VARINT:
            stop = _varint(message, start, end)[1]
        elif wire in _FIXED_BYTES:
            stop = start + _FIXED_BYTES[wire]
        else:
            raise _Unusual
        if stop > end or number == 0:
            raise _Unusual
        yield number, wire, start, stop
        start = stop


def _varint(message: bytes, start: int, end: int) -> tuple[int, int]:
    """Return a number and the offset behind it."""
    number = 0
    for position, byte in enumerate(message[start : min(end, start + _VARINT_BYTES)]):
        number |= (byte & 0x7F) << (7 * position)
        if byte < 0x80:  # noqa: PLR2004  the bit that says whether more follow
            return number, start + position + 1
    raise _Unusual
