"""The engine for SavedModels: a session feeds and fetches tensors, as TensorFlow Serving does."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fogline_model_server import memory
from fogline_model_server.dtypes import STRING, Array
from fogline_model_server.engines.bare_tensorflow import tf
from fogline_model_server.engines.measure import UNKNOWN, Measured, seconds_per_call
from fogline_model_server.engines.options import EngineOptions
from fogline_model_server.errors import Code, LoadError, ServingError, invalid_argument
from fogline_model_server.signatures import Signature, TensorInfo

_PYTHON_PREFIX = re.compile(
    r"\A(?:Graph execution error:\n\n)?(?:Detected at node .*\n(?:.*\n)*?Node: .*\n)?"
)
"""Python puts it before errors of the runtime; TensorFlow Serving has no Python and does not."""


class TensorFlowEngine:
    """A SavedModel in a session of its own. Sessions are safe to use from several threads.

    Raises
    ------
    LoadError
        TensorFlow refuses the SavedModel.

    """

    name = "tensorflow"

    def __init__(self, folder: Path, intra_threads: int, inter_threads: int) -> None:
        tf.get_logger().setLevel("ERROR")  # else it advises against the loader of sessions
        self._session = tf.compat.v1.Session(
            graph=tf.Graph(), config=_session_config(intra_threads, inter_threads)
        )
        try:
            with self._session.graph.as_default():
                meta_graph = tf.compat.v1.saved_model.load(
                    self._session, [tf.saved_model.SERVING], str(folder)
                )
        except (tf.errors.OpError, OSError, RuntimeError, ValueError) as error:
            raise LoadError(f"TensorFlow cannot load the SavedModel: {_reason(error, folder)}") from error
        self.signatures: Mapping[str, Signature] = {
            key: _signature(definition) for key, definition in meta_graph.signature_def.items()
        }
        self._calls: dict[tuple[str, tuple[str, ...]], Callable[..., list[Any]]] = {}
        self.seconds_per_call = UNKNOWN

    def run(self, signature: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> dict[str, Array]:
        """Run the model once; see `Engine`."""
        try:
            call = self._call(signature, tuple(outputs))
            results = call(*(inputs[alias] for alias in self.signatures[signature].inputs))
        except tf.errors.OpError as error:
            raise ServingError(_code(error.error_code), _PYTHON_PREFIX.sub("", error.message)) from error
        except (KeyError, ValueError, TypeError) as error:  # also an output that is no tensor
            raise invalid_argument(f"TensorFlow cannot run the model on these inputs: {error}") from error
        return {alias: np.asarray(result) for alias, result in zip(outputs, results, strict=True)}

    def _call(self, signature: str, outputs: tuple[str, ...]) -> Callable[..., list[Any]]:
        """Return the prepared call: it is four times as fast as ``Session.run``."""
        key = (signature, outputs)
        if key not in self._calls:
            definition = self.signatures[signature]
            find = self._session.graph.get_tensor_by_name
            self._calls[key] = self._session.make_callable(
                [find(definition.outputs[alias].name) for alias in outputs],
                feed_list=[find(info.name) for info in definition.inputs.values()],
            )
        return self._calls[key]


def load(folder: Path, options: EngineOptions) -> TensorFlowEngine:
    """Load a SavedModel, after it was tried where the options say so.

    Raises
    ------
    LoadError
        It cannot be loaded.

    """
    threads = (options.intra_threads or options.threads, options.inter_threads or options.threads)
    report = options.trials.saved_model(folder, *threads) if options.trials else None
    engine = TensorFlowEngine(folder, *threads)
    if report is None or report.measured is None:
        engine.seconds_per_call = seconds_per_call(engine)
    else:
        engine.seconds_per_call = report.measured.seconds_per_call
    return engine


def measure(folder: Path, intra_threads: int, inter_threads: int) -> Measured:
    """Load a model and run it, to see what it needs.

    Raises
    ------
    LoadError
        As `TensorFlowEngine`, and when there is not enough memory to run it.

    """
    before = memory.resident_bytes()
    engine = TensorFlowEngine(folder, intra_threads, inter_threads)
    seconds = seconds_per_call(engine)
    return Measured(seconds, max(0, memory.resident_bytes() - before))


def _session_config(intra_threads: int, inter_threads: int) -> Any:
    return tf.compat.v1.ConfigProto(
        intra_op_parallelism_threads=intra_threads, inter_op_parallelism_threads=inter_threads
    )


def _reason(error: Exception, folder: Path) -> str:
    """Return the message without the place of the files: clients see it in the status of the version."""
    message = error.message if isinstance(error, tf.errors.OpError) else str(error)
    return str(message).replace(f"{folder}/", "").replace(str(folder), "the version folder")


def _code(number: int) -> Code:
    try:
        return Code(number)
    except ValueError:
        return Code.UNKNOWN


def _signature(definition: Any) -> Signature:
    inputs = _infos(definition.inputs)
    return Signature(
        inputs,
        _infos(definition.outputs),
        definition.method_name,
        takes_examples=[info.dtype for info in inputs.values()] == [STRING.number],
        defaults={alias: tf.make_ndarray(proto) for alias, proto in sorted(definition.defaults.items())},
    )


def _infos(definitions: Mapping[str, Any]) -> dict[str, TensorInfo]:
    return {
        alias: TensorInfo(info.name, info.dtype, _shape(info.tensor_shape))
        for alias, info in sorted(definitions.items())
    }


def _shape(proto: Any) -> tuple[int, ...] | None:
    return None if proto.unknown_rank else tuple(dim.size for dim in proto.dim)
