"""The network of a training: a dense one of our own, a ``.keras`` file, or a user's module."""

import importlib
import importlib.util
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import keras  # type: ignore[import-untyped]  # it ships no types
import numpy as np
from numpy.typing import NDArray

from fogline_trainer import fetching
from fogline_trainer.errors import Reason, RefusedError
from fogline_trainer.run_document import Dense, Fit, Module, Spec
from fogline_trainer.workspace import Stage

Builder = Callable[[], keras.Model]
"""Makes the untrained network; in a strategy's scope, where its variables belong to the strategy."""

_SUM_TOLERANCE = 1e-3
_ROWS_AT_ONCE = 4096
MAX_SHOWN = 300
"""Characters of a foreign error that a message repeats."""
_FOREIGN = (Exception, SystemExit)
"""What a user's code may raise: with SystemExit(0) a step would look done."""
_OPTIMIZERS = {
    "Adam": keras.optimizers.Adam,
    "SGD": keras.optimizers.SGD,
    "RMSprop": keras.optimizers.RMSprop,
}


def builder(stage: Stage) -> Builder:
    """Return what builds the network of a run, after everything that can fail outside of a strategy.

    Raises
    ------
    StageError
        DataUnreachable, DataCorrupt, InputTooLarge: of a ``.keras`` file. ModuleFailed: of a module.
    """
    spec = stage.document.spec
    if spec.model.keras:
        source = spec.model.keras
        return _from_file(fetching.bring("model", source.uri, source.sha256, stage.mounts, stage.work))
    if spec.model.module:
        return _from_module(_imported(spec.model.module, stage.model_folder))
    return lambda: _dense(spec.model.dense or Dense(), spec)


def build(make: Builder, spec: Spec) -> keras.Model:
    """Build the network with the seed of the run, and see that it fits the data.

    Raises
    ------
    RefusedError
        ModelUnreadable, ModuleFailed, or ModelMismatch: inputs and outputs are others than those of the data.
    """
    keras.utils.set_random_seed(spec.fit.seed)
    network = make()
    check_fits(network, spec)
    return network


def optimizer(fit: Fit) -> keras.optimizers.Optimizer:
    """Return the optimiser that the resource names."""
    return _OPTIMIZERS[fit.optimizer](learning_rate=float(fit.learning_rate))


def check_fits(network: keras.Model, spec: Spec) -> None:
    """Compare the inputs and outputs of a network with the data.

    Raises
    ------
    RefusedError
        ModelMismatch.
    """
    taken = [tuple(one.shape) for one in network.inputs]
    wanted = (None, *spec.data.features.shape)
    if taken != [wanted]:
        raise RefusedError(
            Reason.MODEL_MISMATCH, f"the network must have one input of the shape {wanted}, it has {taken}"
        )
    given = [tuple(one.shape) for one in network.outputs]
    scores = (None, spec.data.label.classes)
    if given != [scores]:
        raise RefusedError(
            Reason.MODEL_MISMATCH, f"the network must have one output of the shape {scores}, it has {given}"
        )
    answers = np.asarray(network(np.zeros((1, *spec.data.features.shape), np.float32), training=False))
    if not (np.abs(answers.sum(axis=1) - 1) < _SUM_TOLERANCE).all() or (answers < 0).any():
        raise RefusedError(
            Reason.MODEL_MISMATCH,
            "the output of the network must be one probability for each class: end it with softmax",
        )


def scores(network: keras.Model, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what a network answers, a row for each sample."""
    parts = range(0, len(features), _ROWS_AT_ONCE)
    answers = [np.asarray(network(features[at : at + _ROWS_AT_ONCE], training=False)) for at in parts]
    return np.concatenate(answers)


def to_keras(network: keras.Model) -> bytes:
    """Return the bytes of a ``.keras`` file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.keras"
        network.save(file)
        return file.read_bytes()


def restore(network: keras.Model, content: bytes) -> None:
    """Give a network the weights of a ``.keras`` file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.keras"
        file.write_bytes(content)
        network.load_weights(file)


def _dense(dense: Dense, spec: Spec) -> keras.Model:
    features, label = spec.data.features, spec.data.label
    flat = [keras.layers.Flatten()] if len(features.shape) > 1 else []
    return keras.Sequential(
        [
            keras.Input(features.shape, name=features.name),
            *flat,
            *(keras.layers.Dense(units, activation="relu") for units in dense.units),
            keras.layers.Dense(label.classes, activation="softmax", name=label.scores),
        ]
    )


def _from_file(file: Path) -> Builder:
    def load() -> keras.Model:
        try:
            # Safe mode refuses code in the file.
            return keras.models.load_model(file, compile=False, safe_mode=True)
        except Exception as error:  # noqa: BLE001  whatever a foreign file brings about
            raise RefusedError(
                Reason.MODEL_UNREADABLE,
                f"the .keras file cannot be loaded in safe mode ({_brief(error)}): save it anew with Keras "
                f"{keras.__version__}, without Lambda layers",
            ) from None

    return load


def _imported(module: Module, folder: Path) -> ModuleType:
    try:
        if module.name:
            return importlib.import_module(module.name)
        spec = importlib.util.spec_from_file_location("fogline_model", folder / (module.key or ""))
        if spec is None or spec.loader is None:
            raise ImportError("its name must end in .py")
        loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
    except _FOREIGN as error:
        raise RefusedError(
            Reason.MODULE_FAILED, f"the module of the model cannot be imported: {_brief(error)}"
        ) from error
    return loaded


def _from_module(module: ModuleType) -> Builder:
    def load() -> keras.Model:
        try:
            network = module.build_model()
        except _FOREIGN as error:
            raise RefusedError(Reason.MODULE_FAILED, f"build_model() failed: {_brief(error)}") from error
        if not isinstance(network, keras.Model):
            raise RefusedError(
                Reason.MODULE_FAILED,
                f"build_model() must return a keras.Model, not a {type(network).__name__}",
            )
        return network

    return load


def _brief(error: BaseException) -> str:
    """Return the first line of an error of foreign code."""
    first = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {first[:MAX_SHOWN]}"
