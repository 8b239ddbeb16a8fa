"""TFRecord files, read and written without TensorFlow."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

import google_crc32c

_HEAD_BYTES = 12


class DamagedFileError(Exception):
    """It is no TFRecord file, it was cut or changed, or a record has too many bytes."""


def records(source: BinaryIO, max_bytes: int) -> Iterator[bytes]:
    """Read a file: of each record length, its checksum, content, its checksum.

    Parameters
    ----------
    max_bytes
        Of one record.

    Raises
    ------
    DamagedFileError
        A checksum does not match, the file ends within a record, or a record is too big.

    """
    while head := source.read(_HEAD_BYTES):
        length, checksum = struct.unpack("<QI", head) if len(head) == _HEAD_BYTES else (0, None)
        if checksum != _masked(head[:8]):
            raise DamagedFileError("is not a TFRecord file, or it is damaged")
        if length > max_bytes:
            raise DamagedFileError(f"has a record of {length} bytes, allowed are {max_bytes}")
        content = source.read(length)
        if source.read(4) != struct.pack("<I", _masked(content)) or len(content) != length:
            raise DamagedFileError("is damaged: a checksum does not match")
        yield content


def framed(content: bytes) -> bytes:
    """Return a record as it is in a file."""
    length = struct.pack("<Q", len(content))
    return length + struct.pack("<I", _masked(length)) + content + struct.pack("<I", _masked(content))


def _masked(content: bytes) -> int:
    """Return the checksum as TFRecord files have it: CRC-32C, rotated right by 15 bits, plus a constant."""
    crc: int = google_crc32c.value(content)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
