"""Make a model of the size of the digits model, untrained, and one of 20 MB that gives its version back.

Usage: ``python bench/_server_models.py FOLDER`` makes the base paths ``saved_model`` and ``tflite`` of the
first, and the files ``large-1.tflite`` and ``large-2.tflite`` of the second.
"""

import sys
import tempfile
from pathlib import Path

import keras  # type: ignore[import-untyped]  # it ships no types
import tensorflow as tf  # type: ignore[import-untyped]  # it ships no types

PIXELS = 64
LARGE_ROWS, LARGE_COLUMNS = 312_500, 16
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
    for number in (1, 2):
        (folder / f"large-{number}.tflite").write_bytes(_large(number))


def _large(number: int) -> bytes:
    """Return a model of 20 MB whose answer to a zero is the number: row 0 of a table adds up to it."""
    table = tf.random.stateless_uniform([LARGE_ROWS, LARGE_COLUMNS], seed=(number, 0))
    table = tf.concat([tf.fill([1, LARGE_COLUMNS], number / LARGE_COLUMNS), table[1:]], 0)
    row_sum = tf.function(
        lambda row: {"sum": tf.reduce_sum(tf.gather(table, row), axis=-1)},
        input_signature=[tf.TensorSpec([None], tf.int32, name="row")],
    )
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(tf.Module(), folder, signatures=row_sum)
        converted: bytes = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
    return converted


if __name__ == "__main__":
    main(Path(sys.argv[1]))
