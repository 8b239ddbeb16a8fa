"""What samples must be before anything is trained on them. Pure: tells the first thing that is wrong."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fogline_trainer.errors import Reason, RefusedError
from fogline_trainer.run_document import Features, Label
from fogline_trainer.samples import Samples

MAX_NAMED = 5
"""Samples or classes that a message names."""
SMALL_DTYPES = ("u1", "i1", "u2", "i2", "f2", "f4")
"""Kept as they are; everything else becomes float32, which is what the model sees."""


def checked(features: NDArray[Any], labels: NDArray[Any], wanted: Features, label: Label) -> Samples:
    """Return the samples if they are as the resource says.

    Parameters
    ----------
    features, labels
        As the file holds them.

    Raises
    ------
    RefusedError
        They are not: ShapeMismatch, DtypeMismatch, TooFewSamples, NotFinite, LabelOutOfRange or ClassMissing.
    """
    _check_dtypes(features, labels, wanted, label)
    _check_shapes(features, labels, wanted, label)
    small = features if features.dtype.str[1:] in SMALL_DTYPES else _float32(features)
    _check_values(small)
    _check_labels(labels, label)
    return Samples(small, labels.astype(np.int32))


def _check_dtypes(features: NDArray[Any], labels: NDArray[Any], wanted: Features, label: Label) -> None:
    if features.dtype.kind not in "biuf":
        raise RefusedError(
            Reason.DTYPE_MISMATCH,
            f"{wanted.field or 'the features'} holds {features.dtype} values: give whole or floating-point "
            "numbers",
        )
    if labels.dtype.kind not in "iu":
        raise RefusedError(
            Reason.DTYPE_MISMATCH,
            f"{label.field} holds {labels.dtype} values: give whole numbers from 0 to {label.classes - 1}",
        )


def _check_shapes(features: NDArray[Any], labels: NDArray[Any], wanted: Features, label: Label) -> None:
    if labels.ndim != 1:
        raise RefusedError(
            Reason.SHAPE_MISMATCH,
            f"{label.field} has the shape {_shape(labels.shape)}: give one number for each sample, [n]",
        )
    if features.ndim == 0 or features.shape[1:] != wanted.shape:
        raise RefusedError(
            Reason.SHAPE_MISMATCH,
            f"{wanted.field or 'the features'} has the shape {_shape(features.shape)}, but one sample is "
            f"{_shape(wanted.shape)} by data.features.shape: change one of them",
        )
    if len(features) != len(labels):
        raise RefusedError(
            Reason.SHAPE_MISMATCH,
            f"there are {len(features)} samples and {len(labels)} labels: give one label for each sample",
        )
    if not len(labels):
        raise RefusedError(Reason.TOO_FEW_SAMPLES, "the file holds no sample")


def _float32(features: NDArray[Any]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # becomes infinite, which is checked next
        return features.astype(np.float32)


def _check_values(features: NDArray[Any]) -> None:
    bad = np.flatnonzero(~np.isfinite(features.reshape(len(features), -1)).all(axis=1))
    if len(bad):
        raise RefusedError(
            Reason.NOT_FINITE,
            f"{len(bad)} samples hold NaN, infinity or a number too big for float32 "
            f"({_listed(bad.tolist())}): "
            "remove or repair them",
        )


def _check_labels(labels: NDArray[Any], label: Label) -> None:
    bad = np.flatnonzero((labels < 0) | (labels >= label.classes))
    if len(bad):
        raise RefusedError(
            Reason.LABEL_OUT_OF_RANGE,
            f"{len(bad)} labels are not from 0 to {label.classes - 1}, such as {labels[bad[0]]} of sample "
            f"{bad[0]}: "
            "repair them, or change data.label.classes",
        )
    missing = np.flatnonzero(np.bincount(labels.astype(np.int64), minlength=label.classes) == 0)
    if len(missing):
        raise RefusedError(
            Reason.CLASS_MISSING,
            f"{len(missing)} of {label.classes} classes have no sample (class "
            f"{_listed(missing.tolist(), '')}): "
            "add samples, or change data.label.classes",
        )


def _shape(shape: Sequence[int]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _listed(numbers: Sequence[int], noun: str = "sample ") -> str:
    more = ", ..." if len(numbers) > MAX_NAMED else ""
    return noun + ", ".join(map(str, numbers[:MAX_NAMED])) + more
