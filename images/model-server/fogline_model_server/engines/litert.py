"""The engine for .tflite files."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from fogline_model_server import container, memory
from fogline_model_server.dtypes import Array
from fogline_model_server.engines.engine import Figure
from fogline_model_server.engines.interpreter import Interpreter
from fogline_model_server.engines.measure import Measured, seconds_per_call, zeros
from fogline_model_server.engines.options import EngineOptions
from fogline_model_server.engines.pool import Pool
from fogline_model_server.engines.precheck import precheck
from fogline_model_server.errors import LoadError, invalid_argument
from fogline_model_server.limits import LIMITS
from fogline_model_server.signatures import Signature

_SLOW_SECONDS = 0.001
"""Calls that take less do not get faster with more threads: waking them takes as long."""
_SPEEDUP = 1.25
"""What several threads must gain to be used: otherwise the cores serve as many calls at the same time."""
_POOL_SHARE = 0.5
"""Of the memory that is left after the first interpreter, for more interpreters of the same model."""


class LiteRtEngine:
    """A .tflite model with a pool of interpreters: one must never be used by two threads at once.

    A model that keeps state between calls, such as one that listens for a word, has one interpreter only: so
    one client can use it as it is meant to be, call after call.

    Parameters
    ----------
    content
        The file. It stays in memory, since interpreters are made later too: the file may then be gone, or be
        cut, which would kill a process that has it mapped.
    measured
        What it needs, as `measure` says.
    interpreters
        The size of the pool; None: as many as cores, as far as memory allows.

    Raises
    ------
    LoadError
        The file is broken, LiteRT refuses it, or it uses element types that cannot be sent.

    """

    name = "litert"

    def __init__(self, content: bytes, measured: Measured, cores: int, interpreters: int | None) -> None:
        def make() -> Interpreter:
            return Interpreter(content, measured.threads)

        self.keeps_state = precheck(content).keeps_state
        first = make()
        self.signatures: Mapping[str, Signature] = first.signatures
        self.seconds_per_call = measured.seconds_per_call
        if self.keeps_state:
            interpreters = 1
        elif interpreters is None:
            free = container.free_memory_bytes(container.limits())
            interpreters = pool_size(cores, measured.memory_bytes, free)
        self._pool = Pool(first, make, interpreters)

    @property
    def figures(self) -> Mapping[Figure, int]:
        """Return the figures of this moment."""
        return {Figure.INTERPRETERS: self._pool.made, Figure.INTERPRETERS_BUSY: self._pool.busy}

    def run(self, signature: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> dict[str, Array]:
        """Run the model once; see `Engine`."""
        if any(array.size == 0 for array in inputs.values()):
            return self._run_empty(signature, inputs, outputs)
        with self._pool.interpreter() as interpreter:
            results = interpreter.run(signature, inputs, outputs)
        return dict(results)

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


def load(file: Path, options: EngineOptions) -> LiteRtEngine:
    """Load a .tflite file, after it was tried where the options say so.

    Raises
    ------
    LoadError
        It cannot be read or loaded.

    """
    try:
        with file.open("rb") as opened:
            descriptor = opened.fileno()
            if options.trials is None:
                content = read(descriptor)
                measured = measure(content, options.threads)
                return LiteRtEngine(content, measured, options.threads, options.interpreters)
            report = options.trials.tflite(descriptor, options.threads)
            content = read(descriptor)
    except OSError as error:
        raise LoadError(f"the model file cannot be read: {error.strerror}") from error
    if report.measured is None or hashlib.sha256(content).hexdigest() != report.sha256:
        raise LoadError("the model file changed while it was loaded")
    return LiteRtEngine(content, report.measured, options.threads, options.interpreters)


def read(file: int) -> bytes:
    """Read an open file from its beginning.

    Raises
    ------
    LoadError
        It is larger than a .tflite file can be.

    """
    size = os.fstat(file).st_size
    if size > LIMITS.model_file_bytes:
        raise LoadError(f"the model file has {size} bytes, allowed are {LIMITS.model_file_bytes}")
    with os.fdopen(os.dup(file), "rb") as opened:
        opened.seek(0)
        return opened.read(size)


def measure(content: bytes, cores: int) -> Measured:
    """Load a model and run it, to see what it needs.

    Raises
    ------
    LoadError
        As `LiteRtEngine`, and when there is not enough memory to run it.

    """
    precheck(content)
    before = memory.resident_bytes()
    interpreter = Interpreter(content)
    alone = seconds_per_call(interpreter)
    grown = max(0, memory.resident_bytes() - before)
    if cores > 1 and alone > _SLOW_SECONDS:
        del interpreter  # never two at a time: memory may be short
        together = seconds_per_call(Interpreter(content, cores))
        if together * _SPEEDUP < alone:
            return Measured(together, grown, cores)
    return Measured(alone, grown)


def pool_size(cores: int, memory_bytes: int, free_bytes: int | None) -> int:
    """Return how many interpreters a model may have: one for each core, as far as memory allows.

    Parameters
    ----------
    memory_bytes
        What one takes.
    free_bytes
        What is left beside the first one; None: nobody knows.

    """
    if free_bytes is None or memory_bytes <= 0:
        return cores
    return max(1, min(cores, 1 + int(free_bytes * _POOL_SHARE) // memory_bytes))
