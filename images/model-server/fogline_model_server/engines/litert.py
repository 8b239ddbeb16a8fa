"""The engine for .tflite files."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from queue import LifoQueue
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]  # it ships no types

from fogline_model_server.dtypes import BY_NUMPY, STRING, Array
from fogline_model_server.errors import LoadError, invalid_argument
from fogline_model_server.signatures import DEFAULT_SIGNATURE, Signature, TensorInfo

MAX_INTERPRETERS = 2
"""Each holds activations of its own (170 MB for some models), and two threads serve gRPC."""

Runner = Callable[[Mapping[str, Array]], Mapping[str, Array]]
Runners = Mapping[str, Runner]


class LiteRtEngine:
    """A .tflite model with a small pool of interpreters: one must never be used by two threads at once.

    Raises
    ------
    LoadError
        LiteRT refuses the file, or it uses element types that cannot be sent.

    """

    name = "litert"

    def __init__(self, file: Path) -> None:
        # In memory, since interpreters are made later too: the file may then be gone, or be cut, which would
        # kill a process that has it mapped.
        self._content = file.read_bytes()
        try:
            interpreter = self._interpreter()
        except (RuntimeError, ValueError) as error:
            raise LoadError(f"LiteRT cannot load {file}: {error}") from error
        self.signatures: Mapping[str, Signature] = _signatures(interpreter)
        # None is an interpreter still to be made. The last one in is the first one out, so a second one is
        # made only when two calls overlap.
        self._pool: LifoQueue[Runners | None] = LifoQueue()
        for _ in range(MAX_INTERPRETERS - 1):
            self._pool.put(None)
        self._pool.put(_runners(interpreter))

    def run(self, signature: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> dict[str, Array]:
        """Run the model once; see `Engine`."""
        for alias, array in inputs.items():
            if array.size == 0:
                raise invalid_argument(f"input {alias} has no elements, LiteRT needs at least one")
        runners = self._pool.get()
        reusable = None
        try:
            runners = runners or _runners(self._interpreter())
            results = runners[signature](inputs)
            reusable = runners
        except (RuntimeError, ValueError) as error:
            # An interpreter that failed half-way is not used again.
            raise invalid_argument(f"LiteRT cannot run the model on these inputs: {error}") from error
        finally:
            self._pool.put(reusable)
        return {alias: np.asarray(results[alias]) for alias in outputs}

    def _interpreter(self) -> Any:
        interpreter = Interpreter(model_content=self._content)
        interpreter.allocate_tensors()
        return interpreter


def _signatures(interpreter: Any) -> dict[str, Signature]:
    """Return the signatures of the model; one without any gets `DEFAULT_SIGNATURE` from its tensor names."""
    keys = interpreter.get_signature_list()
    if not keys:
        inputs = _by_alias(interpreter.get_input_details())
        outputs = _by_alias(interpreter.get_output_details())
        return {DEFAULT_SIGNATURE: Signature(_infos(inputs), _infos(outputs))}
    runners = {key: interpreter.get_signature_runner(key) for key in keys}
    return {
        key: Signature(_infos(runner.get_input_details()), _infos(runner.get_output_details()))
        for key, runner in runners.items()
    }


def _runners(interpreter: Any) -> Runners:
    """Return one callable for each signature. All of them use the one interpreter."""
    keys = interpreter.get_signature_list()
    if not keys:
        return {DEFAULT_SIGNATURE: _plain_runner(interpreter)}
    return {key: _signature_runner(interpreter.get_signature_runner(key)) for key in keys}


def _signature_runner(runner: Any) -> Runner:
    return lambda inputs: runner(**inputs)


def _plain_runner(interpreter: Any) -> Runner:
    input_indices = {
        alias: detail["index"] for alias, detail in _by_alias(interpreter.get_input_details()).items()
    }
    output_indices = {
        alias: detail["index"] for alias, detail in _by_alias(interpreter.get_output_details()).items()
    }

    def run(inputs: Mapping[str, Array]) -> dict[str, Array]:
        for alias, array in inputs.items():
            interpreter.resize_tensor_input(input_indices[alias], array.shape)
        interpreter.allocate_tensors()
        for alias, array in inputs.items():
            interpreter.set_tensor(input_indices[alias], array)
        interpreter.invoke()
        return {alias: interpreter.get_tensor(index) for alias, index in output_indices.items()}

    return run


def _by_alias(details: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Key tensors by their names cut at ':'; names that would then be the same stay whole."""
    cut = [str(detail["name"]).partition(":")[0] for detail in details]
    often = Counter(cut)
    return {
        str(detail["name"]) if often[alias] > 1 else alias: detail
        for alias, detail in zip(cut, details, strict=True)
    }


def _infos(details: Mapping[str, Mapping[str, Any]]) -> dict[str, TensorInfo]:
    return {
        alias: TensorInfo(
            name=str(detail["name"]),
            dtype=_number(alias, detail["dtype"]),
            shape=tuple(int(size) for size in detail["shape_signature"]),
        )
        for alias, detail in details.items()
    }


def _number(alias: str, scalar: type) -> int:
    if scalar is np.bytes_:
        return STRING.number
    dtype = BY_NUMPY.get(np.dtype(scalar))
    if dtype is None or dtype is STRING:
        raise LoadError(f"tensor {alias} has the element type {scalar.__name__}, which cannot be sent")
    return dtype.number
