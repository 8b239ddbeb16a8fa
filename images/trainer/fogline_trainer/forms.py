"""Exported forms of a network: how each is written, and what it answers."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras  # type: ignore[import-untyped]  # it ships no types
import numpy as np
import tensorflow as tf  # type: ignore[import-untyped]  # it ships no types
from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]  # it ships no types
from numpy.typing import NDArray

from fogline_trainer.errors import Reason, RefusedError
from fogline_trainer.layout import TFLITE_FILE, Form
from fogline_trainer.run_document import FormName, Spec

Features = NDArray[np.float32]
Converter = Any
"""A ``tf.lite.TFLiteConverter``."""

SIGNATURE = "serving_default"
_ROWS_AT_ONCE = 256


def _float32(_converter: Converter, _samples: Features) -> None:
    """Leave the numbers as they are."""


def _float16(converter: Converter, _samples: Features) -> None:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]


def _dynamic_range(converter: Converter, _samples: Features) -> None:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]


def _int8(converter: Converter, samples: Features) -> None:
    """Compute in whole numbers; inputs and outputs stay floats, so that clients see no difference."""

    def calibration() -> Iterator[list[Features]]:
        return ([sample[np.newaxis]] for sample in samples)

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = calibration
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]


_QUANTISE: dict[FormName, Callable[[Converter, Features], None]] = {
    "TFLiteFloat32": _float32,
    "TFLiteFloat16": _float16,
    "TFLiteDynamicRange": _dynamic_range,
    "TFLiteInt8": _int8,
}
"""Sets up the converter, given samples to calibrate with."""


def write_saved_model(network: keras.Model, spec: Spec, folder: Path) -> None:
    """Write a SavedModel whose signature has the names that the resource gives.

    ``tf.saved_model.save`` of a Keras 3 network hides its weights from the .tflite converter: the result
    guesses at random, without any error. ``ExportArchive`` shows them.
    """
    features, scores = spec.data.features, spec.data.label.scores
    archive = keras.export.ExportArchive()
    archive.track(network)
    archive.add_endpoint(
        SIGNATURE,
        lambda values: {scores: network(values, training=False)},
        input_signature=[tf.TensorSpec([None, *features.shape], tf.float32, name=features.name)],
    )
    archive.write_out(folder, verbose=False)


def write_tflite(form: Form, saved_model: Path, samples: Features, folder: Path) -> None:
    """Convert a SavedModel.

    Parameters
    ----------
    samples
        To calibrate with.

    Raises
    ------
    RefusedError
        ExportFailed: an operation of the network has no such form.
    """
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model))
    _QUANTISE[form.name](converter, samples)
    try:
        content = converter.convert()
    except Exception as error:  # the converter raises whatever its parts raise
        raise RefusedError(
            Reason.EXPORT_FAILED,
            f"the network cannot be converted to {form.name} ({str(error).splitlines()[0][:200]}): use "
            "layers that "
            "LiteRT has, or leave the form out of export.forms",
        ) from error
    folder.mkdir(parents=True)
    (folder / TFLITE_FILE).write_bytes(content)


def run(form: Form, folder: Path, spec: Spec, features: Features) -> NDArray[Any]:
    """Ask an exported form, as its runtime does: a SavedModel by TensorFlow, a ``.tflite`` file by LiteRT."""
    name, scores = spec.data.features.name, spec.data.label.scores
    if form.is_saved_model:
        signature = tf.saved_model.load(str(folder)).signatures[SIGNATURE]
        parts = [np.asarray(signature(**{name: tf.constant(part)})[scores]) for part in _parts(features)]
    else:
        ask = Interpreter(str(folder / TFLITE_FILE)).get_signature_runner(SIGNATURE)
        # the runner's answer lies in memory that it uses again
        parts = [ask(**{name: part})[scores].copy() for part in _parts(features)]
    return np.concatenate(parts)


def _parts(features: Features) -> Iterator[Features]:
    return (features[at : at + _ROWS_AT_ONCE] for at in range(0, len(features), _ROWS_AT_ONCE))
