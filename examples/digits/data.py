"""scikit-learn's handwritten digits: 1,797 real images of 8 x 8 pixels, split once and for all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits  # type: ignore[import-untyped]  # it ships no types
from sklearn.model_selection import train_test_split  # type: ignore[import-untyped]  # it ships no types

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
    pixels, labels = load_digits(return_X_y=True)
    train_pixels, test_pixels, train_labels, test_labels = train_test_split(
        (pixels / BRIGHTEST).astype(np.float32),
        labels,
        test_size=TEST_SHARE,
        random_state=seed,
        stratify=labels,
    )
    return Digits(train_pixels, train_labels), Digits(test_pixels, test_labels)
