"""TFRecord files, as TensorFlow writes them."""

import struct
from pathlib import Path

import google_crc32c

WARMUP_FILE = Path("assets.extra/tf_serving_warmup_requests")


def masked(content: bytes) -> bytes:
    """Return the checksum of a part of a record."""
    crc = google_crc32c.value(content)
    return struct.pack("<I", (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF)


def framed(content: bytes) -> bytes:
    """Return a record."""
    length = struct.pack("<Q", len(content))
    return length + masked(length) + content + masked(content)


def write_warmup(version: Path, *contents: bytes) -> None:
    """Write the warm-up records of a version folder."""
    file = version / WARMUP_FILE
    file.parent.mkdir(parents=True)
    file.write_bytes(b"".join(map(framed, contents)))
