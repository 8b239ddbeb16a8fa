"""Make a model of the size of the digits model, untrained, as SavedModel and as .tflite.

Usage: ``python bench/_model_server_models.py FOLDER`` makes ``saved_model/1`` and ``tflite/1`` in it.
"""

import sys
from pathlib import Path

import keras  # type: ignore[import-untyped]  # it ships no types
import tensorflow as tf  # type: ignore[import-untyped]  # it ships no types

PIXELS = 64
LAYERS = (64, 32, 10)


def main(folder: Path) -> None:
    """Export both forms; the .tflite file is made from the SavedModel."""
    pixels = keras.Input((PIXELS,))
    hidden = pixels
    for units in LAYERS[:-1]:
        hidden = keras.layers.Dense(units, activation="relu")(hidden)
    model = keras.Model(pixels, keras.layers.Dense(LAYERS[-1], activation="softmax")(hidden))
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(
        "serving_default",
        lambda pixels: {"scores": model(pixels)},
        input_signature=[tf.TensorSpec([None, PIXELS], tf.float32, name="pixels")],
    )
    saved_model = folder / "saved_model" / "1"
    archive.write_out(str(saved_model), verbose=False)
    tflite = folder / "tflite" / "1" / "model.tflite"
    tflite.parent.mkdir(parents=True)
    tflite.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(saved_model)).convert())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
