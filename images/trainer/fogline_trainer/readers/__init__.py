"""Readers of data files: one for each format."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from fogline_trainer.errors import Reason, RefusedError
from fogline_trainer.readers import csv_file, npz, tfrecord
from fogline_trainer.run_document import Data, Format

Arrays = tuple[NDArray[Any], NDArray[Any]]
"""Features and labels, as the file holds them."""

_READERS: dict[Format, Callable[[Path, Data, int], Arrays]] = {
    "Npz": npz.read,
    "Csv": csv_file.read,
    "TFRecord": tfrecord.read,
}
_ENDINGS: dict[str, Format] = {".npz": "Npz", ".csv": "Csv", ".tfrecord": "TFRecord"}


def read(file: Path, data: Data, max_bytes: int) -> Arrays:
    """Read the features and labels of a file.

    Parameters
    ----------
    max_bytes
        The arrays may have at most so many bytes.

    Raises
    ------
    RefusedError
        DataUnreadable, FieldMissing, ShapeMismatch, DtypeMismatch or InputTooLarge.
    """
    return _READERS[data.format or _by_ending(data.uri)](file, data, max_bytes)


def _by_ending(uri: str) -> Format:
    for ending, kind in _ENDINGS.items():
        if uri.partition("?")[0].endswith(ending):
            return kind
    raise RefusedError(
        Reason.DATA_UNREADABLE,
        f"the name of the data ends in none of {', '.join(_ENDINGS)}: say in data.format what it is",
    )
