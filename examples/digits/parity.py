"""Prove that both exported forms say what the network says; nothing else may be served."""

import argparse
import sys
from pathlib import Path

import keras  # type: ignore[import-untyped]  # it ships no types
import numpy as np
from examples.digits.data import Pixels, load
from examples.digits.forms import (
    SAVED_MODEL_FOLDER,
    TFLITE_FILE,
    scores_of_saved_model,
    scores_of_tflite,
)
from examples.digits.train import MODEL_FILE

TOLERANCE = 1e-5
"""Largest difference between two probabilities that rounding may cause."""


class ParityError(Exception):
    """An exported form does not say what the network says."""


def check(network: keras.Model, pixels: Pixels, folder: Path) -> None:
    """Compare both forms below a folder with the network, image by image.

    Raises
    ------
    ParityError
        A form names another digit for an image, or a probability differs by more than the tolerance.
    """
    expected = network.predict(pixels, verbose=0)
    forms = {
        "SavedModel": scores_of_saved_model(folder / SAVED_MODEL_FOLDER, pixels),
        ".tflite": scores_of_tflite(folder / TFLITE_FILE, pixels),
    }
    for name, scores in forms.items():
        other_digits = int((scores.argmax(axis=1) != expected.argmax(axis=1)).sum())
        difference = float(np.abs(scores - expected).max())
        if other_digits or not difference <= TOLERANCE:
            raise ParityError(
                f"the {name} form names another digit than the network for {other_digits} of "
                f"{len(expected)} images, and a probability differs by {difference:.2g} "
                f"(allowed: {TOLERANCE:.0e}): do not serve it"
            )


def main() -> None:
    """Check a folder that was exported."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path("build/digits"), help="folder of the network and its forms"
    )
    folder = parser.parse_args().out
    _, test_split = load()
    try:
        check(keras.models.load_model(folder / MODEL_FILE), test_split.pixels, folder)
    except ParityError as error:
        sys.exit(f"refused: {error}")
    print(f"both forms agree with the network on {len(test_split.labels)} images")


if __name__ == "__main__":
    main()
