"""Make a model with 9.5 million parameters that takes a millisecond or more for one row.

Usage: ``python bench/_batching_model.py FOLDER`` makes ``1/model.tflite`` in it.
"""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import tensorflow as tf  # type: ignore[import-untyped]  # it ships no types

LAYERS = (64, 2048, 2048, 2048, 448, 10)


def main(folder: Path) -> None:
    """Make the model; what it computes does not matter, only how long it takes."""
    numbers = np.random.default_rng(1)
    weights = [
        tf.constant(numbers.standard_normal((rows, columns), np.float32) / np.float32(np.sqrt(rows)))
        for rows, columns in pairwise(LAYERS)
    ]

    def scores(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        hidden = pixels
        for weight in weights[:-1]:
            hidden = tf.nn.relu(hidden @ weight)
        return {"scores": tf.nn.softmax(hidden @ weights[-1])}

    spec = tf.TensorSpec([None, LAYERS[0]], tf.float32, name="pixels")
    function = tf.function(scores, input_signature=[spec], autograph=False)
    module = tf.Module()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], module)
    file = folder / "1" / "model.tflite"
    file.parent.mkdir(parents=True)
    file.write_bytes(converter.convert())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
