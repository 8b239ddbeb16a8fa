"""Small real models for tests: one SavedModel and the same model as .tflite, made by TensorFlow.

TensorFlow takes seconds to import, so this module runs as a program of its own
(``python -m tests.support.tiny_models FOLDER``), and what it makes is cached by its content.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

SAME_TYPES = (
    "float32",
    "float64",
    "float16",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "bool",
    "complex64",
    "string",
)
"""For each there is a signature ``same_<type>`` that gives its input ``x`` back as a column."""


def tiny_models() -> Path:
    """Return the folder of the models, made now or before.

    ``saved_model`` and ``tflite`` are base paths with version 1; ``plain`` has version 7 of a .tflite file
    without signatures that doubles ``x``. ``large`` has version 1 of 20 MB.
    """
    key = Path(__file__).read_bytes() + version("tensorflow-cpu").encode()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fogline"
    target = cache / f"tiny-models-{hashlib.sha256(key).hexdigest()[:16]}"
    if not target.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            made = Path(folder) / "models"
            subprocess.run(
                [sys.executable, "-m", __name__, str(made)],
                cwd=ROOT,
                check=True,
                timeout=240,
                stderr=subprocess.DEVNULL,
            )
            if not target.is_dir():
                made.rename(target)
    return target


def _make(folder: Path) -> None:
    import tensorflow as tf  # type: ignore[import-untyped]  # noqa: PLC0415  only this program needs it

    def function(body: Any, **inputs: Any) -> Any:
        """Trace ``body`` for inputs given as (shape, type); the parameters of body have the same names."""
        specs = [tf.TensorSpec(shape, kind, name=name) for name, (shape, kind) in inputs.items()]
        return tf.function(body, input_signature=specs, autograph=False)

    def spin(steps: Any) -> Any:
        """Keep a core busy for as long as the caller wants."""
        matrix = tf.eye(64)
        count, matrix = tf.while_loop(
            lambda count, _: count < steps[0],
            lambda count, matrix: (count + 1, tf.matmul(matrix, matrix)),
            (0, matrix),
        )
        return {"count": tf.reshape(count, [1]), "corner": tf.reshape(matrix[0, 0], [1])}

    signatures = {
        "serving_default": function(
            lambda x: {"doubled": x * 2.0, "total": tf.reduce_sum(x, axis=1)}, x=([None, 3], tf.float32)
        ),
        "divide": function(lambda a, b: {"quotient": a / b}, a=([None], tf.float32), b=([None], tf.float32)),
        "uneven": function(
            lambda x: {"rows": x + 1.0, "columns": tf.reduce_sum(x, axis=0)}, x=([None, 3], tf.float32)
        ),
        "scalar": function(lambda x: {"next": x + 1.0}, x=([], tf.float32)),
        "raw": function(lambda x: {"out_bytes": tf.reshape(x, [-1])}, x=([None], tf.string)),
        "spin": function(spin, steps=([1], tf.int32)),
        **{
            f"same_{name}": function(
                lambda x: {"same": tf.reshape(x, [-1, 1])}, x=([None], tf.as_dtype(name))
            )
            for name in SAME_TYPES
        },
    }
    saved_model = folder / "saved_model" / "1"
    tf.saved_model.save(tf.Module(), str(saved_model), signatures=signatures)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model), signature_keys=list(signatures))
    _write(folder / "tflite" / "1" / "model.tflite", converter.convert())

    double = function(lambda x: x * 2.0, x=([None, 2], tf.float32)).get_concrete_function()
    plain = tf.lite.TFLiteConverter.from_concrete_functions([double])  # without signatures on purpose
    _write(folder / "plain" / "00000007" / "anything.tflite", plain.convert())

    weights = tf.random.stateless_normal([64, 40_000], seed=[1, 2])
    through = function(lambda x: tf.tanh(x @ weights) @ tf.transpose(weights), x=([None, 64], tf.float32))
    large = tf.lite.TFLiteConverter.from_concrete_functions([through.get_concrete_function()])
    _write(folder / "large" / "1" / "model.tflite", large.convert())


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(content)


if __name__ == "__main__":
    _make(Path(sys.argv[1]))
