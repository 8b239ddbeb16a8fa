"""CSV files: a header line, then one sample a line."""

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fogline_trainer.errors import Reason, RefusedError
from fogline_trainer.readers import limits
from fogline_trainer.run_document import Data

OTHER_SEPARATORS = ";\t|"
"""Of programs that write no commas."""
MAX_SHOWN = 20
"""Characters of a bad value that a message repeats."""


def read(file: Path, data: Data, max_bytes: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Read columns of numbers.

    Raises
    ------
    RefusedError
        DataUnreadable, FieldMissing, ShapeMismatch, DtypeMismatch or InputTooLarge.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            return _read(csv.reader(stream, strict=True), data, max_bytes)
    except UnicodeDecodeError:
        raise RefusedError(Reason.DATA_UNREADABLE, "the data is no text in UTF-8: write it anew") from None


def _read(lines: Any, data: Data, max_bytes: int) -> tuple[NDArray[Any], NDArray[Any]]:
    rows = _rows(lines)
    header = next(rows, (0, []))[1]
    columns, label_column = _columns(header, data)
    features: list[NDArray[np.float32]] = []
    labels: list[int] = []
    for line, row in rows:
        if len(row) != len(header):
            raise RefusedError(
                Reason.SHAPE_MISMATCH,
                f"line {line} has {len(row)} columns, the header has {len(header)}: repair the line",
            )
        features.append(_numbers(row, columns, header, line))
        labels.append(_label(row[label_column], header[label_column], line))
        limits.check(len(labels) * len(columns) * features[0].itemsize, max_bytes)
    return (
        np.array(features, np.float32).reshape(len(labels), *data.features.shape),
        np.array(labels, np.int64),
    )


def _rows(lines: Any) -> Iterator[tuple[int, list[str]]]:
    """Return each row with the number of its line; empty lines are no samples."""
    try:
        for row in lines:
            if row:
                yield lines.line_num, row
    except csv.Error as error:
        raise RefusedError(Reason.DATA_UNREADABLE, f"line {lines.line_num} is no CSV: {error}") from None


def _columns(header: Sequence[str], data: Data) -> tuple[list[int], int]:
    names = [name.strip() for name in header]
    label, field = data.label.field, data.features.field
    for wanted in (label, *([field] if field else [])):
        if names.count(wanted) != 1:
            found = f"the header line has {names.count(wanted)} columns called {wanted}"
            raise RefusedError(Reason.FIELD_MISSING, f"{found}: {_advice(names)}")
    label_column = names.index(label)
    columns = [names.index(field)] if field else [at for at in range(len(names)) if at != label_column]
    if len(columns) != math.prod(data.features.shape):
        raise RefusedError(
            Reason.SHAPE_MISMATCH,
            f"there are {len(columns)} columns of features, and data.features.shape asks for "
            f"{math.prod(data.features.shape)}: change one of them",
        )
    return columns, label_column


def _advice(names: Sequence[str]) -> str:
    """Say what to do about a header line; a single name with another separator in it is none."""
    if len(names) == 1 and any(one in names[0] for one in OTHER_SEPARATORS):
        return "columns are separated by commas, write the file with them"
    return "it must have one"


def _numbers(
    row: Sequence[str], columns: Sequence[int], header: Sequence[str], line: int
) -> NDArray[np.float32]:
    numbers = [_number(row[column]) for column in columns]
    if None in numbers:
        column = columns[numbers.index(None)]
        raise RefusedError(
            Reason.DTYPE_MISMATCH,
            f"line {line}, column {header[column]}: {row[column][:MAX_SHOWN]!r} is no number: repair it",
        )
    with np.errstate(over="ignore"):  # becomes infinite, which is checked later
        return np.array(numbers, np.float64).astype(np.float32)


def _number(text: str) -> float | None:
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def _label(text: str, column: str, line: int) -> int:
    if not text.strip().removeprefix("-").isdecimal() or len(text) > MAX_SHOWN:
        raise RefusedError(
            Reason.DTYPE_MISMATCH,
            f"line {line}, column {column}: {text[:MAX_SHOWN]!r} is no whole number: give the class as one",
        )
    return max(min(int(text), 2**31), -(2**31))  # those beyond are as wrong, and would not fit
