"""The engine for .tflite files."""

from collections.abc import Mapping, Sequence

from fogline_model_server.dtypes import Array
from fogline_model_server.engines.interpreter import Interpreter
from fogline_model_server.engines.measure import seconds_per_call, zeros
from fogline_model_server.engines.options import EngineOptions
from fogline_model_server.engines.pool import Pool
from fogline_model_server.errors import invalid_argument
from fogline_model_server.signatures import Signature

MAX_INTERPRETERS = 2
"""Each holds activations of its own (170 MB for some models), and two threads serve gRPC."""


class LiteRtEngine:
    """A .tflite model with a small pool of interpreters: one must never be used by two threads at once.

    Parameters
    ----------
    content
        The file. It stays in memory, since interpreters are made later too: the file may then be gone, or be
        cut, which would kill a process that has it mapped.

    Raises
    ------
    LoadError
        LiteRT refuses the file, or it uses element types that cannot be sent.

    """

    name = "litert"

    def __init__(self, content: bytes, options: EngineOptions) -> None:  # noqa: ARG002
        interpreter = Interpreter(content)
        self.signatures: Mapping[str, Signature] = interpreter.signatures
        self._pool = Pool(interpreter, lambda: Interpreter(content), MAX_INTERPRETERS)
        self.seconds_per_call = seconds_per_call(self)

    def run(self, signature: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> dict[str, Array]:
        """Run the model once; see `Engine`."""
        if any(array.size == 0 for array in inputs.values()):
            return self._run_empty(signature, inputs, outputs)
        with self._pool.interpreter() as interpreter:
            results = interpreter.run(signature, inputs)
        return {alias: results[alias] for alias in outputs}

    def _run_empty(
        self, signature: str, inputs: Mapping[str, Array], outputs: Sequence[str]
    ) -> dict[str, Array]:
        """Answer no rows with no rows: LiteRT takes no empty tensors, so a row of zeros tells the shapes."""
        definition = self.signatures[signature]
        infos = (*definition.inputs.values(), *(definition.outputs[alias] for alias in outputs))
        by_row = all(info.shape and info.shape[0] < 0 for info in infos)
        row = zeros(definition) if by_row else None
        if row is None:
            raise invalid_argument("an input has no elements, LiteRT needs at least one")
        for alias, array in inputs.items():
            if array.shape != (0, *row[alias].shape[1:]):
                raise invalid_argument(f"input {alias} has no elements, LiteRT needs at least one")
        return {alias: array[:0] for alias, array in self.run(signature, row, outputs).items()}
