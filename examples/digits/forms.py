"""The two exported forms of the network: where they lie, and what they answer."""

from pathlib import Path

import tensorflow as tf  # type: ignore[import-untyped]  # it ships no types
from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]  # it ships no types
from examples.digits.data import Pixels, Scores

SIGNATURE = "serving_default"
SAVED_MODEL_FOLDER = Path("savedmodel", "1")
TFLITE_FILE = Path("tflite", "1", "model.tflite")


def scores_of_saved_model(folder: Path, pixels: Pixels) -> Scores:
    """Run a SavedModel with TensorFlow, as the cloud does."""
    loaded = tf.saved_model.load(str(folder))
    scores: Scores = loaded.signatures[SIGNATURE](pixels=tf.constant(pixels))["scores"].numpy()
    return scores


def scores_of_tflite(file: Path, pixels: Pixels) -> Scores:
    """Run a .tflite file with LiteRT, as the edge does."""
    run = Interpreter(str(file)).get_signature_runner(SIGNATURE)
    scores: Scores = run(pixels=pixels)["scores"]
    return scores
