"""Export the trained network as SavedModel (cloud) and .tflite (edge), and refuse to if they disagree."""

import argparse
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import keras  # type: ignore[import-untyped]  # it ships no types
import tensorflow as tf  # type: ignore[import-untyped]  # it ships no types
from examples.digits import parity
from examples.digits.data import Pixels, load
from examples.digits.forms import SAVED_MODEL_FOLDER, SIGNATURE, TFLITE_FILE
from examples.digits.train import MODEL_FILE


def write_saved_model(network: keras.Model, folder: Path) -> None:
    """Write a SavedModel whose signature takes ``pixels`` and returns ``scores``.

    ``tf.saved_model.save`` of a Keras 3 network hides its weights from the .tflite converter: the result
    guesses at random, without any error. ``ExportArchive`` shows them.
    """
    archive = keras.export.ExportArchive()
    archive.track(network)
    archive.add_endpoint(
        SIGNATURE,
        lambda pixels: {"scores": network(pixels)},
        input_signature=[tf.TensorSpec([None, 64], tf.float32, name="pixels")],
    )
    archive.write_out(folder, verbose=False)


def write_tflite(saved_model: Path, file: Path) -> None:
    """Convert a SavedModel."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(saved_model)).convert())


def export(
    network: keras.Model, pixels: Pixels, out: Path, convert: Callable[[Path, Path], None] = write_tflite
) -> None:
    """Write both forms below a folder, but only after a proof that they agree with the network.

    Raises
    ------
    ParityError
        They disagree; what was exported before stays as it was.
    """
    unchecked = out / "unchecked"
    shutil.rmtree(unchecked, ignore_errors=True)
    write_saved_model(network, unchecked / SAVED_MODEL_FOLDER)
    convert(unchecked / SAVED_MODEL_FOLDER, unchecked / TFLITE_FILE)
    parity.check(network, pixels, unchecked)
    for form in unchecked.iterdir():
        shutil.rmtree(out / form.name, ignore_errors=True)
        form.rename(out / form.name)
    unchecked.rmdir()


def main() -> None:
    """Export, or say why not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path("build/digits"), help="folder of the network and its forms"
    )
    out = parser.parse_args().out
    _, test_split = load()
    try:
        export(keras.models.load_model(out / MODEL_FILE), test_split.pixels, out)
    except parity.ParityError as error:
        sys.exit(f"export refused: {error}")
    print(f"exported {out / SAVED_MODEL_FOLDER} and {out / TFLITE_FILE}")
    print(f"both agree with the network on {len(test_split.labels)} images")


if __name__ == "__main__":
    main()
