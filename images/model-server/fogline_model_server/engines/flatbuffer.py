"""A reader of FlatBuffers that trusts nothing: each offset is checked before it is followed.

The layout is that of https://flatbuffers.dev/internals: a table begins with the distance back to its
vtable, which says where each field lies in the table; a vector is a count and the elements; references are
distances forward.
"""

import struct
from collections.abc import Iterator
from typing import Any

from fogline_model_server.errors import LoadError

_I32 = struct.Struct("<i")
_U32 = struct.Struct("<I")
_U16 = struct.Struct("<H")
_WIDTHS = {"b": 1, "B": 1, "?": 1, "h": 2, "H": 2, "i": 4, "I": 4, "f": 4, "q": 8, "Q": 8}
_WIDTH_OF_REFERENCE = 4
_VTABLE_HEADER_BYTES = 4
"""Its own size and that of the table. A table begins with 4 bytes too: the distance to its vtable."""


class BrokenFileError(LoadError):
    """The file is no FlatBuffer, or one that a program other than a compiler of models has changed."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the model file is broken: {what}")


class Buffer:
    """The bytes of a file, and how much of them may still be looked at.

    References may overlap, so that a small file can describe a huge one: work is bounded by counting it.

    Parameters
    ----------
    content
        The file.
    work
        How many tables and vector elements may be read.

    """

    def __init__(self, content: bytes, work: int) -> None:
        self.content = content
        self.size = len(content)
        self._work = work

    def spend(self, work: int) -> None:
        """Count work.

        Raises
        ------
        BrokenFileError
            It was more than is allowed.

        """
        self._work -= work
        if self._work < 0:
            raise BrokenFileError("it has too many parts")

    def root(self) -> "Table":
        """Return the table that the file begins with."""
        if self.size < 2 * _WIDTH_OF_REFERENCE:
            raise BrokenFileError("it is too short")
        return Table(self, self.follow(0))

    def follow(self, position: int) -> int:
        """Return where the reference at a position leads to."""
        (distance,) = _U32.unpack_from(self.content, position)
        target: int = position + distance
        if distance == 0 or target + _WIDTH_OF_REFERENCE > self.size:
            raise BrokenFileError("a reference leads out of the file")
        return target


class Table:
    """One table of the file."""

    __slots__ = ("_buffer", "_end", "_position", "_vtable", "_vtable_size")

    def __init__(self, buffer: Buffer, position: int) -> None:
        buffer.spend(1)
        content = buffer.content
        vtable = position - _I32.unpack_from(content, position)[0]
        if position % 4 or vtable % 2 or vtable < 0 or vtable + 4 > buffer.size:
            raise BrokenFileError("a table has no description")
        vtable_size, table_size = (
            _U16.unpack_from(content, vtable)[0],
            _U16.unpack_from(content, vtable + 2)[0],
        )
        end = position + table_size
        if vtable_size < _VTABLE_HEADER_BYTES or vtable_size % 2 or vtable + vtable_size > buffer.size:
            raise BrokenFileError("the description of a table leads out of the file")
        if table_size < _VTABLE_HEADER_BYTES or end > buffer.size:
            raise BrokenFileError("a table leads out of the file")
        self._buffer = buffer
        self._position = position
        self._end = end
        self._vtable = vtable
        self._vtable_size = vtable_size

    def number(self, slot: int, kind: str, default: int = 0) -> int:
        """Return a number.

        Parameters
        ----------
        slot
            Number of the field in its table.
        kind
            Type of the field, as `struct` names it.
        default
            What a field that is not there means.

        """
        position = self._field(slot, _WIDTHS[kind])
        if not position:
            return default
        value: int = struct.unpack_from("<" + kind, self._buffer.content, position)[0]
        return value

    def table(self, slot: int) -> "Table | None":
        """Return a table, or None when the field is not there."""
        position = self._reference(slot)
        return None if position is None else Table(self._buffer, position)

    def tables(self, slot: int) -> Iterator["Table"]:
        """Yield the tables of a vector."""
        start, count = self._vector(slot, _WIDTH_OF_REFERENCE)
        for index in range(count):
            yield Table(self._buffer, self._buffer.follow(start + index * _WIDTH_OF_REFERENCE))

    def numbers(self, slot: int, kind: str) -> tuple[Any, ...] | None:
        """Return a vector of numbers, or None when it is not there."""
        start, count = self._vector(slot, _WIDTHS[kind])
        if not start:
            return None
        self._buffer.spend(count)
        return struct.unpack_from(f"<{count}{kind}", self._buffer.content, start)

    def length(self, slot: int, width: int = 1) -> int | None:
        """Return the length of a vector that is in the file, or None when it is not there."""
        start, count = self._vector(slot, width)
        return count if start else None

    def text(self, slot: int) -> str | None:
        """Return a string, or None when it is not there."""
        start, count = self._vector(slot, 1)
        if not start:
            return None
        end = start + count
        if end >= self._buffer.size or self._buffer.content[end]:
            raise BrokenFileError("a string has no end")
        self._buffer.spend(count)
        try:
            return self._buffer.content[start:end].decode()
        except UnicodeDecodeError as error:
            raise BrokenFileError("a name is not in UTF-8") from error

    def _field(self, slot: int, width: int) -> int:
        """Return where a field lies in the file; 0 when it is not there."""
        entry = 4 + 2 * slot
        if entry + 2 > self._vtable_size:
            return 0
        (offset,) = _U16.unpack_from(self._buffer.content, self._vtable + entry)
        position: int = self._position + offset
        if offset and (offset < _VTABLE_HEADER_BYTES or position + width > self._end):
            raise BrokenFileError("a field leads out of its table")
        return position if offset else 0

    def _reference(self, slot: int) -> int | None:
        position = self._field(slot, _WIDTH_OF_REFERENCE)
        return self._buffer.follow(position) if position else None

    def _vector(self, slot: int, width: int) -> tuple[int, int]:
        """Return where the elements of a vector begin and how many there are; (0, 0) when it is not there."""
        position = self._reference(slot)
        if position is None:
            return 0, 0
        (count,) = _U32.unpack_from(self._buffer.content, position)
        if position + 4 + count * width > self._buffer.size:
            raise BrokenFileError("a list leads out of the file")
        return position + 4, count
