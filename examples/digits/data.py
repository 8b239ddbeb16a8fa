"""scikit-learn's handwritten digits: 1,797 real images of 8 x 8 pixels, split once and for all."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]
"""One row of 64 brightnesses from 0 to 1 for each image."""
Scores = NDArray[np.float32]
"""One row of 10 probabilities for each image, one for each digit."""

SEED = 7
TEST_SHARE = 0.25
BRIGHTEST = 16.0


@dataclass(frozen=True, slots=True)
class Digits:
    """Images and the digits that they show."""

    pixels: Pixels
    labels: NDArray[np.int64]


def load(seed: int = SEED) -> tuple[Digits, Digits]:
    """Return 1,347 images to train with and 450 to test with."""
    # only here: a client inside a cluster reads the images from a file and has no scikit-learn
    from sklearn.datasets import load_digits  # type: ignore[import-untyped]  # noqa: PLC0415  no types; see above
    from sklearn.model_selection import train_test_split  # type: ignore[import-untyped]  # noqa: PLC0415  same

    pixels, labels = load_digits(return_X_y=True)
    train_pixels, test_pixels, train_labels, test_labels = train_test_split(
        (pixels / BRIGHTEST).astype(np.float32),
        labels,
        test_size=TEST_SHARE,
        random_state=seed,
        stratify=labels,
    )
    return Digits(train_pixels, train_labels), Digits(test_pixels, test_labels)


def save(digits: Digits, file: Path) -> None:
    """Write images and labels to an ``.npz`` file, brightness in whole steps of 1/16."""
    np.savez_compressed(
        file, pixels=(digits.pixels * BRIGHTEST).astype(np.uint8), labels=digits.labels.astype(np.uint8)
    )


def read(file: Path) -> Digits:
    """Read what `save` wrote."""
    with np.load(file) as arrays:
        return Digits((arrays["pixels"] / BRIGHTEST).astype(np.float32), arrays["labels"].astype(np.int64))
