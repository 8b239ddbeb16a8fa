"""Samples in memory and in files."""

import io
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int32]
Rows = NDArray[np.intp]
"""Positions of samples."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Features and the class of each sample."""

    features: NDArray[Any]
    """One row of the feature shape for each sample, unscaled."""
    labels: Labels

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.labels)

    def take(self, rows: Rows) -> "Samples":
        """Return some of the samples, in the order that is asked for."""
        return Samples(self.features[rows], self.labels[rows])

    def scaled(self, scale: str) -> NDArray[np.float32]:
        """Return the features as the model sees them."""
        return self.features.astype(np.float32) * np.float32(scale)

    def per_class(self, classes: int) -> list[int]:
        """Count the samples of each class."""
        return [int(count) for count in np.bincount(self.labels, minlength=classes)]


def to_npz(samples: Samples) -> bytes:
    """Return the bytes of a file; equal samples give equal bytes."""
    stream = io.BytesIO()
    np.savez(stream, features=samples.features, labels=samples.labels)
    return stream.getvalue()


def from_npz(content: bytes) -> Samples:
    """Read what `to_npz` wrote.

    Raises
    ------
    ValueError
        It did not write this.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return Samples(arrays["features"], arrays["labels"])
    except (KeyError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(str(error)) from error
