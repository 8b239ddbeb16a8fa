"""One interpreter of LiteRT: a .tflite model with memory for one call at a time."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from ai_edge_litert import interpreter as litert  # type: ignore[import-untyped]  # it ships no types

from fogline_model_server.dtypes import BY_NUMPY, STRING, Array
from fogline_model_server.engines.old_signatures import OldSignature, old_signatures
from fogline_model_server.errors import Code, LoadError, ServingError, invalid_argument
from fogline_model_server.signatures import DEFAULT_SIGNATURE, PREDICT_METHOD, Signature, TensorInfo

Runner = Callable[[Mapping[str, Array]], Mapping[str, Array]]
FAILURES = (RuntimeError, ValueError, MemoryError)
"""What LiteRT raises when it refuses a model or an input; MemoryError when it gets no memory."""


class Interpreter:
    """A model that is ready to run. Not for two threads at once.

    Parameters
    ----------
    content
        The file.
    threads
        CPU cores that one call uses.

    Raises
    ------
    LoadError
        LiteRT refuses the file, or it uses element types that cannot be sent.

    """

    def __init__(self, content: bytes, threads: int = 1) -> None:
        try:
            self._native = litert.Interpreter(model_content=content, num_threads=threads)
            self._native.allocate_tensors()
        except FAILURES as error:
            raise LoadError(f"LiteRT cannot load the model: {_reason(error)}") from error
        keys = self._native.get_signature_list()
        if keys:
            native = {key: self._native.get_signature_runner(key) for key in keys}
            self.signatures = {key: _signature(runner) for key, runner in native.items()}
            self._runners = {key: _signature_runner(runner) for key, runner in native.items()}
        else:
            plain = _plain_runners(self._native, old_signatures(content))
            self.signatures = {key: runner.signature for key, runner in plain.items()}
            self._runners = dict(plain)

    def run(self, signature: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> Mapping[str, Array]:
        """Run the model once; see `Engine`.

        Raises
        ------
        ServingError
            LiteRT does not accept these inputs, or failed on them. This interpreter may then be in a state
            from which it gives wrong answers.

        """
        try:
            results = self._runners[signature](inputs)
        except FAILURES as error:
            if _is_out_of_memory(error):
                raise ServingError(Code.RESOURCE_EXHAUSTED, _reason(error)) from error
            text = f"LiteRT cannot run the model on these inputs: {_reason(error)}"
            raise invalid_argument(text) from error
        return {alias: np.asarray(results[alias]) for alias in outputs}


def _is_out_of_memory(error: Exception) -> bool:
    """Tell whether there was no memory: for its tensors LiteRT then gives no reason at all."""
    return isinstance(error, MemoryError) or not str(error)


def _reason(error: Exception) -> str:
    return "there is not enough memory" if _is_out_of_memory(error) else str(error)


def _plain_runners(native: Any, old: Mapping[str, OldSignature]) -> dict[str, "_PlainRunner"]:
    """Return what runs a model without signatures of its own: by old ones, else by its tensors' names."""
    inputs, outputs = native.get_input_details(), native.get_output_details()
    if not old:
        return {DEFAULT_SIGNATURE: _PlainRunner(native, _by_alias(inputs), _by_alias(outputs))}
    return {
        key: _PlainRunner(
            native,
            _by_name(inputs, signature.inputs),
            _by_name(outputs, signature.outputs),
            signature.method_name or PREDICT_METHOD,
        )
        for key, signature in old.items()
    }


def _by_name(details: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> dict[str, Mapping[str, Any]]:
    """Key tensors by aliases. Names of TensorFlow end in ``:0``, which LiteRT may have cut off."""
    known = {str(detail["name"]): detail for detail in details}
    found = {}
    for alias, name in names.items():
        detail = known.get(name) or known.get(name.removesuffix(":0"))
        if detail is None:
            raise LoadError(f"a signature in the metadata names the tensor {name}, which is not there")
        found[alias] = detail
    return found


class _PlainRunner:
    """Runs a model without signatures of its own."""

    def __init__(
        self,
        native: Any,
        inputs: Mapping[str, Mapping[str, Any]],
        outputs: Mapping[str, Mapping[str, Any]],
        method_name: str = PREDICT_METHOD,
    ) -> None:
        self._native = native
        self.signature = Signature(_infos(inputs), _infos(outputs), method_name)
        self._inputs = {alias: detail["index"] for alias, detail in inputs.items()}
        self._outputs = {alias: detail["index"] for alias, detail in outputs.items()}

    def __call__(self, inputs: Mapping[str, Array]) -> Mapping[str, Array]:
        for alias, array in inputs.items():
            self._native.resize_tensor_input(self._inputs[alias], array.shape)
        self._native.allocate_tensors()
        for alias, array in inputs.items():
            self._native.set_tensor(self._inputs[alias], array)
        self._native.invoke()
        return {alias: self._native.get_tensor(index) for alias, index in self._outputs.items()}


def _signature_runner(runner: Any) -> Runner:
    return lambda inputs: runner(**inputs)


def _signature(runner: Any) -> Signature:
    return Signature(_infos(runner.get_input_details()), _infos(runner.get_output_details()))


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
