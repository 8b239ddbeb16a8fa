"""TFRecord files of ``tf.train.Example``, read without TensorFlow."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from fogline_model_server.messages import Example
from fogline_model_server.tfrecord import DamagedFileError, records
from fogline_trainer.errors import Reason, RefusedError
from fogline_trainer.readers import limits
from fogline_trainer.run_document import Data

MAX_RECORD_BYTES = 64 * 1024 * 1024


def read(file: Path, data: Data, max_bytes: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Read the features of each record: floats, whole numbers, or one string with a byte for each value.

    Raises
    ------
    RefusedError
        DataUnreadable, FieldMissing, ShapeMismatch, DtypeMismatch or InputTooLarge.
    """
    features: list[NDArray[Any]] = []
    labels: list[int] = []
    size_bytes = 0
    try:
        with file.open("rb") as stream:
            for number, content in enumerate(records(stream, MAX_RECORD_BYTES)):
                found = Example.FromString(content).features.feature
                features.append(_values(found, data, number))
                labels.append(_label(found, data.label.field, number))
                size_bytes += features[-1].nbytes
                limits.check(size_bytes, max_bytes)
    except (DamagedFileError, DecodeError):
        raise RefusedError(
            Reason.DATA_UNREADABLE,
            f"record {len(labels)} of the TFRecord file is damaged, or no tf.train.Example: write the file "
            "anew",
        ) from None
    shape = (len(labels), *data.features.shape)
    return np.concatenate(features or [np.zeros(0)]).reshape(shape), np.array(labels, np.int64)


def _values(found: Any, data: Data, number: int) -> NDArray[Any]:
    field = data.features.field or data.features.name
    kind = _kind(found, field, number)
    wanted = math.prod(data.features.shape)
    if kind == "bytes_list":
        values: NDArray[Any] = np.frombuffer(b"".join(found[field].bytes_list.value), np.uint8)
    elif kind == "float_list":
        values = np.array(found[field].float_list.value, np.float32)
    else:
        values = np.array(found[field].int64_list.value, np.int64).astype(np.float32)
    if len(values) != wanted:
        raise RefusedError(
            Reason.SHAPE_MISMATCH,
            f"record {number} has {len(values)} values of {field}, and data.features.shape asks for {wanted}",
        )
    return values


def _label(found: Any, field: str, number: int) -> int:
    if _kind(found, field, number) != "int64_list":
        raise RefusedError(
            Reason.DTYPE_MISMATCH, f"{field} of record {number} is no whole number: write it as an int64_list"
        )
    values = found[field].int64_list.value
    if len(values) != 1:
        raise RefusedError(
            Reason.SHAPE_MISMATCH, f"record {number} has {len(values)} values of {field}: it must have one"
        )
    return int(values[0])


def _kind(found: Any, field: str, number: int) -> str:
    kind = found[field].WhichOneof("kind") if field in found else None
    if kind is None:
        raise RefusedError(
            Reason.FIELD_MISSING, f"record {number} has no feature {field}: write it, or skip the record"
        )
    return str(kind)
