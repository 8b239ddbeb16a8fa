"""Real inputs from a user's file: rows, what they should be answered with, and the requests they make."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from fogline.errors import BadInputError
from fogline.load.job import GRPC, REST, Answer
from fogline.load.protobuf import STRING, Tensor, predict_request

Array = NDArray[Any]

_DATA_TYPES = {
    "float32": 1,
    "float64": 2,
    "int32": 3,
    "uint8": 4,
    "int16": 5,
    "int8": 6,
    "int64": 9,
    "bool": 10,
    "uint16": 17,
    "uint32": 22,
    "uint64": 23,
}
"""NumPy's name and TensorFlow's number (tensorflow/core/framework/types.proto)."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Rows that requests are made of, one row each."""

    columns: Mapping[str, Array]
    """By name of the model's input; each has as many rows. The name is empty where the file names none."""
    labels: tuple[Answer, ...]
    """What each row should be answered with; empty when the file does not say."""
    digest: str
    """sha256 of the file."""

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.columns.values())))


@dataclass(frozen=True, slots=True)
class Asking:
    """How requests name what they ask."""

    model: str
    """On the wire."""
    version: int | None = None
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file of inputs is to be understood."""

    path: Path
    labels: str | None = None
    """Array, column or field of what rows should be answered with; None for none."""
    dtype: str | None = None
    """NumPy's name of the type that inputs are sent as; None for the one they have, which is float32 for
    numbers of a text with a point."""
    scale: float | None = None
    """What inputs are multiplied by before; None for 1."""


def read_inputs(reading: Reading) -> Inputs:
    """Read ``.npz`` (one array for each input), ``.csv`` (one row a line) or ``.json`` (a Predict request).

    Raises
    ------
    BadInputError
        The file cannot be used: the error says why.
    """
    path, labels = reading.path, reading.labels
    readers = {".npz": _npz, ".csv": _csv, ".json": _json}
    if path.suffix not in readers:
        raise BadInputError(f"{path}: inputs are a file .npz, .csv or .json")
    try:
        content = path.read_bytes()
        found = readers[path.suffix](path, labels)
    except (OSError, ValueError, BadZipFile, TypeError) as error:
        raise BadInputError(f"{path} cannot be read: {error}") from error
    expected = found.pop(labels, None) if labels is not None else None
    if labels is not None and expected is None:
        raise BadInputError(f"{path} has no {labels}; it has {', '.join(found) or 'nothing'}")
    return Inputs(
        {name: _typed(reading, name, column) for name, column in _even(path, found).items()},
        () if expected is None else _labels(path, expected, len(next(iter(found.values())))),
        sha256(content).hexdigest(),
    )


def bodies(inputs: Inputs, protocol: str, asking: Asking) -> list[bytes]:
    """Write the request of each row.

    Raises
    ------
    BadInputError
        gRPC names its inputs, and the file does not.
    """
    if protocol == REST:
        signature = {"signature_name": asking.signature} if asking.signature else {}
        return [json.dumps({**signature, "instances": [row]}).encode() for row in _rows(inputs)]
    assert protocol == GRPC  # noqa: S101  there are two
    if "" in inputs.columns:
        raise BadInputError(
            "gRPC sends inputs by name: give a .npz with arrays of their names, or --protocol REST"
        )
    return [
        predict_request(
            asking.model,
            asking.signature,
            asking.version,
            {name: _tensor(column[number : number + 1]) for name, column in inputs.columns.items()},
        )
        for number in range(inputs.count)
    ]


def _npz(path: Path, labels: str | None) -> dict[str, Array]:  # noqa: ARG001  readers are called alike
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def _csv(path: Path, labels: str | None) -> dict[str, Array]:
    with path.open(newline="") as file:
        head, *rows = [row for row in csv.reader(file) if row]
    if wrong := next((number for number, row in enumerate(rows, 2) if len(row) != len(head)), None):
        raise ValueError(f"row {wrong} has another number of cells than the first, which names the columns")
    at = head.index(labels) if labels in head else None
    values = np.array([[cell for number, cell in enumerate(row) if number != at] for row in rows], np.float32)
    found: dict[str, Array] = {"": values}
    if at is not None and labels is not None:
        found[labels] = np.array([json.loads(row[at]) if _is_number(row[at]) else row[at] for row in rows])
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _json(path: Path, labels: str | None) -> dict[str, Array]:
    document = json.loads(path.read_text())
    given = {"instances": document} if isinstance(document, list) else document
    if not isinstance(given, dict) or ("instances" in given) == ("inputs" in given):
        raise ValueError("a request has either instances or inputs")
    found = _columns(given)
    if labels is not None and labels in given:
        found[labels] = np.array(given[labels])
    return found


def _columns(request: Mapping[str, Any]) -> dict[str, Array]:
    if "inputs" in request:
        given = request["inputs"]
        return {
            name: _array(rows) for name, rows in (given if isinstance(given, dict) else {"": given}).items()
        }
    rows = request["instances"]
    if rows and isinstance(rows[0], dict):
        if any(not isinstance(row, dict) or row.keys() != rows[0].keys() for row in rows):
            raise ValueError("the instances do not all name the same inputs")
        return {name: _array([row[name] for row in rows]) for name in rows[0]}
    return {"": _array(rows)}


def _array(rows: Sequence[Any]) -> Array:
    """Read values; numbers with a point are float32, as TensorFlow Serving reads them."""
    values = np.array(rows)
    return values.astype(np.float32) if values.dtype == np.float64 else values


def _even(path: Path, found: Mapping[str, Array]) -> Mapping[str, Array]:
    sizes = {name: column.shape[0] if column.ndim else 0 for name, column in found.items()}
    if not sizes or not all(sizes.values()) or len(set(sizes.values())) > 1:
        told = ", ".join(f"{name or 'rows'}: {size}" for name, size in sizes.items()) or "nothing"
        raise BadInputError(
            f"{path}: every input needs the same number of rows, one at least; there are {told}"
        )
    return found


def _typed(reading: Reading, name: str, column: Array) -> Array:
    if column.dtype.kind == "U":
        return column
    path, dtype = reading.path, reading.dtype
    try:
        typed = column.astype(dtype or column.dtype)
    except (TypeError, ValueError) as error:
        raise BadInputError(f"{path}: {name or 'the inputs'} cannot be sent as {dtype}: {error}") from error
    if reading.scale is not None:
        typed = (typed * reading.scale).astype(typed.dtype if typed.dtype.kind == "f" else np.float32)
    if typed.dtype.name not in _DATA_TYPES:
        raise BadInputError(
            f"{path}: {name or 'inputs'} of the type {typed.dtype} cannot be sent; --dtype names another"
        )
    if typed.dtype.kind == "f" and not np.isfinite(typed).all():
        raise BadInputError(
            f"{path}: {name or 'the inputs'} hold NaN or infinity, which JSON has no words for"
        )
    return typed


def _labels(path: Path, expected: Array, count: int) -> tuple[Answer, ...]:
    if expected.shape not in {(count,), (count, 1)}:
        raise BadInputError(f"{path}: there are {count} rows and labels of the shape {expected.shape}")
    return tuple(expected.reshape(count).tolist())


def _rows(inputs: Inputs) -> list[Any]:
    """Give rows as REST has them: bare where there is one input, which needs no name then."""
    columns = {name: column.tolist() for name, column in inputs.columns.items()}
    if len(columns) == 1:
        return list(next(iter(columns.values())))
    return [{name: column[number] for name, column in columns.items()} for number in range(inputs.count)]


def _tensor(row: Array) -> Tensor:
    if row.dtype.kind == "U":
        texts = tuple(text.encode() for text in row.reshape(-1).tolist())
        return Tensor(STRING, row.shape, b"", texts)
    little = row.astype(row.dtype.newbyteorder("<"))
    return Tensor(_DATA_TYPES[row.dtype.name], row.shape, np.ascontiguousarray(little).tobytes())
