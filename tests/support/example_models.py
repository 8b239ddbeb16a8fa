"""One small model that classifies and regresses tf.Examples, as a SavedModel that parses them and as .tflite.

Both compute the same from the feature ``x``, three floats. TensorFlow takes seconds to import, so this module
runs as a program of its own (``python -m tests.support.example_models FOLDER``); the result is kept.
"""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dev.cache import content_key, kept_folder
from tests.support.tiny_models import ROOT

LABELS = ("low", "middle", "high")


def example_models() -> Path:
    """Return a folder with the base paths ``saved_model`` and ``tflite``, made now or before.

    Signatures of both: ``serving_default`` (classes and scores), ``scores``, ``regress`` and, on the feature
    ``n`` too, ``sum``. The SavedModel also has ``elsewhere``, which parses in another place; ``named``, which
    takes ``x`` as it is; ``misnamed``, which takes Examples under another name; ``matrix``, whose output fits
    no task; and ``defaulted``, whose input ``b`` has a default value.
    """
    key = content_key(Path(__file__), version("tensorflow-cpu"))
    return kept_folder("example-models", key, _run)


def _run(folder: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", __name__, str(folder)],
        cwd=ROOT,
        check=True,
        timeout=240,
        stderr=subprocess.DEVNULL,
    )


def _make(folder: Path) -> None:
    import tensorflow as tf  # type: ignore[import-untyped]  # noqa: PLC0415  only this program needs it

    def classified(x: Any) -> dict[str, Any]:
        order = tf.tile([[0, 1, 2]], [tf.shape(x)[0], 1])
        return {"classes": tf.gather(tf.constant(LABELS), order), **scored(x)}

    def scored(x: Any) -> dict[str, Any]:
        return {"scores": x * 2.0}

    def regressed(x: Any) -> dict[str, Any]:
        return {"outputs": tf.reduce_sum(x, axis=1)}

    def summed(x: Any, n: Any) -> dict[str, Any]:
        return {"outputs": tf.reduce_sum(x, axis=1, keepdims=True) + tf.cast(n, tf.float32)}

    _save_parsing(tf, folder / "saved_model" / "1", classified, scored, regressed, summed)

    rows, numbers = tf.TensorSpec([None, 3], tf.float32), tf.TensorSpec([None, 1], tf.int32)
    functions = {
        "serving_default": tf.function(classified, [rows], autograph=False),
        "scores": tf.function(scored, [rows], autograph=False),
        "regress": tf.function(regressed, [rows], autograph=False),
        "sum": tf.function(summed, [rows, numbers], autograph=False),
    }
    plain = folder / "plain"
    tf.saved_model.save(tf.Module(), str(plain), signatures=functions)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(plain), signature_keys=list(functions))
    file = folder / "tflite" / "1" / "model.tflite"
    file.parent.mkdir(parents=True)
    file.write_bytes(converter.convert())


def _save_parsing(tf: Any, folder: Path, classified: Any, scored: Any, regressed: Any, summed: Any) -> None:
    """Write a SavedModel as TensorFlow 1 did: only so do signatures share one input and name their method."""
    v1 = tf.compat.v1

    def signature(inputs: dict[str, Any], outputs: dict[str, Any], method: str, **defaults: Any) -> Any:
        definition = v1.saved_model.predict_signature_def(inputs, outputs)
        definition.method_name = f"tensorflow/serving/{method}"
        for name, value in defaults.items():
            definition.defaults[name].CopyFrom(tf.make_tensor_proto(value))
        return definition

    with tf.Graph().as_default(), v1.Session() as session:
        rows, elsewhere = v1.placeholder(tf.string, [None]), v1.placeholder(tf.string, [None])
        features = {"x": tf.io.FixedLenFeature([3], tf.float32)}
        x = tf.io.parse_example(rows, features)["x"]
        n = tf.io.parse_example(rows, {"n": tf.io.FixedLenFeature([1], tf.int64)})["n"]
        other = tf.io.parse_example(elsewhere, features)["x"]
        named = v1.placeholder(tf.float32, [None, 3])
        a, b = v1.placeholder(tf.float32, [None]), v1.placeholder(tf.float32, [None])
        signatures = {
            "serving_default": signature({"inputs": rows}, classified(x), "classify"),
            "scores": signature({"inputs": rows}, scored(x), "classify"),
            "regress": signature({"inputs": rows}, regressed(x), "regress"),
            "sum": signature({"inputs": rows}, summed(x, n), "regress"),
            "elsewhere": signature({"inputs": elsewhere}, regressed(other), "regress"),
            "named": signature({"x": named}, classified(named), "predict"),
            "misnamed": signature({"examples": rows}, classified(x), "classify"),
            "matrix": signature({"inputs": rows}, {"outputs": x}, "regress"),
            "defaulted": signature({"a": a, "b": b}, {"sum": a + b}, "predict", b=[10.0]),
        }
        builder = v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(session, [tf.saved_model.SERVING], signature_def_map=signatures)
        builder.save()


if __name__ == "__main__":
    _make(Path(sys.argv[1]))
