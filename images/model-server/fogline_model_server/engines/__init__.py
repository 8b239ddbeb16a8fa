"""Engines load and run the model of one version folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from fogline_model_server.dtypes import Array
from fogline_model_server.errors import LoadError
from fogline_model_server.signatures import Signature

SAVED_MODEL_FILE = "saved_model.pb"
TFLITE_FILE = "model.tflite"


class Engine(Protocol):
    """A loaded model. Safe to call from several threads."""

    @property
    def name(self) -> str:
        """Return the engine's name, for logs."""

    @property
    def signatures(self) -> Mapping[str, Signature]:
        """Return the ways to call the model."""

    def run(self, signature: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> dict[str, Array]:
        """Run the model once.

        Parameters
        ----------
        signature
            Key of ``signatures``.
        inputs
            Exactly the inputs of the signature, in its element types.
        outputs
            Names of the wanted outputs.

        Raises
        ------
        ServingError
            The model does not accept these inputs, or failed on them.

        """


def load(folder: Path) -> Engine:
    """Load the model of a version folder with the engine that its files ask for.

    Raises
    ------
    LoadError
        No model is there, its engine is not installed, or the engine refuses it.

    """
    if (folder / SAVED_MODEL_FILE).is_file():
        return _load_saved_model(folder)
    return _load_tflite(_tflite_file(folder))


def _load_saved_model(folder: Path) -> Engine:
    try:
        from fogline_model_server.engines.tensorflow import TensorFlowEngine  # noqa: PLC0415  costs 5 s
    except ModuleNotFoundError as error:
        raise LoadError(
            f"{folder} holds a SavedModel, which needs TensorFlow, and {error.name} is not installed: "
            "use the image with the TensorFlow engine, or convert the model to .tflite"
        ) from error
    return TensorFlowEngine(folder)


def _load_tflite(file: Path) -> Engine:
    from fogline_model_server.engines.litert import LiteRtEngine  # noqa: PLC0415  a SavedModel does not need it

    return LiteRtEngine(file)


def _tflite_file(folder: Path) -> Path:
    found = sorted(folder.glob("*.tflite"))
    if not found:
        raise LoadError(f"{folder} holds neither {SAVED_MODEL_FILE} nor a .tflite file")
    if len(found) == 1:
        return found[0]
    named = folder / TFLITE_FILE
    if named not in found:
        raise LoadError(f"{folder} holds {len(found)} .tflite files and none is called {TFLITE_FILE}")
    return named
