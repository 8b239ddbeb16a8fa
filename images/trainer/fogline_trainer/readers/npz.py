"""NumPy's ``.npz`` files. Nothing is unpickled, and sizes are judged before memory is taken."""

import lzma
import math
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from fogline_trainer.errors import Reason, RefusedError
from fogline_trainer.readers import limits
from fogline_trainer.run_document import Data

_DAMAGED = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
)
"""What reading a damaged archive may raise, by how it is compressed."""
_NO_HEADER = (tokenize.TokenError, SyntaxError, RecursionError, MemoryError)
"""What NumPy's parser of headers may raise besides ValueError."""
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read(file: Path, data: Data, max_bytes: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Read two arrays.

    Raises
    ------
    RefusedError
        DataUnreadable, FieldMissing, DtypeMismatch or InputTooLarge.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            field = data.features.field or data.features.name
            return _array(archive, field, max_bytes), _array(archive, data.label.field, max_bytes)
    except _DAMAGED:
        raise RefusedError(
            Reason.DATA_UNREADABLE, "the data is no .npz file, or it is damaged: write it with numpy.savez"
        ) from None


def _array(archive: zipfile.ZipFile, field: str, max_bytes: int) -> NDArray[Any]:
    name = f"{field}.npy"
    if name not in archive.namelist():
        held = ", ".join(sorted(entry.removesuffix(".npy") for entry in archive.namelist())[:10])
        raise RefusedError(Reason.FIELD_MISSING, f"the data has no array {field}; it has {held or 'none'}")
    try:
        with archive.open(name) as stream:
            _judge(stream, field, max_bytes)
        with archive.open(name) as stream:
            array: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    except ValueError:
        raise RefusedError(
            Reason.DATA_UNREADABLE, f"the array {field} is damaged: write the file with numpy.savez"
        ) from None
    return array


def _judge(stream: IO[bytes], field: str, max_bytes: int) -> None:
    version = np.lib.format.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(version)
    try:
        shape, _, dtype = _HEADERS[version](stream)
    except _NO_HEADER as error:
        raise ValueError(str(error)) from error
    if dtype.hasobject:
        raise RefusedError(
            Reason.DTYPE_MISMATCH, f"the array {field} holds Python objects, which are not read: give numbers"
        )
    limits.check(math.prod(shape) * dtype.itemsize, max_bytes)
