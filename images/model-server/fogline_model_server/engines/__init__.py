"""Engines load and run the model of one version folder."""

from pathlib import Path

from fogline_model_server.engines.engine import Engine
from fogline_model_server.engines.options import EngineOptions
from fogline_model_server.errors import LoadError

__all__ = ["SAVED_MODEL_FILE", "Engine", "EngineOptions", "load"]

SAVED_MODEL_FILE = "saved_model.pb"
TFLITE_FILE = "model.tflite"


def load(folder: Path, options: EngineOptions | None = None) -> Engine:
    """Load the model of a version folder with the engine that its files ask for.

    Raises
    ------
    LoadError
        No model is there, its engine is not installed, or the engine refuses it.

    """
    options = options or EngineOptions()
    engine = _loaded(folder, options)
    return options.batching.wrapped(engine) if options.batching else engine


def _loaded(folder: Path, options: EngineOptions) -> Engine:
    converted = options.prefer_tflite and (folder / TFLITE_FILE).is_file()
    if (folder / SAVED_MODEL_FILE).is_file() and not converted:
        return _load_saved_model(folder, options)
    return _load_tflite(_tflite_file(folder), options)


def _load_saved_model(folder: Path, options: EngineOptions) -> Engine:
    try:
        from fogline_model_server.engines import tensorflow  # noqa: PLC0415  costs 5 s
    except ModuleNotFoundError as error:
        raise LoadError(
            f"the version is a SavedModel, which needs TensorFlow, and {error.name} is not installed: "
            "use the image with the TensorFlow engine, or convert the model to .tflite",
            final=True,
        ) from error
    return tensorflow.load(folder, options)


def _load_tflite(file: Path, options: EngineOptions) -> Engine:
    from fogline_model_server.engines import litert  # noqa: PLC0415  a SavedModel does not need it

    return litert.load(file, options)


def _tflite_file(folder: Path) -> Path:
    found = sorted(folder.glob("*.tflite"))
    if not found:
        raise LoadError(f"the version folder holds neither {SAVED_MODEL_FILE} nor a .tflite file")
    if len(found) == 1:
        return found[0]
    named = folder / TFLITE_FILE
    if named not in found:
        raise LoadError(
            f"the version folder holds {len(found)} .tflite files and none is called {TFLITE_FILE}"
        )
    return named
