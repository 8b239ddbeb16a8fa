"""What a model needs: it is run on zeros, which also finds models that end the process when they run."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fogline_model_server.dtypes import BY_NUMBER, STRING, Array
from fogline_model_server.errors import Code, LoadError, ServingError
from fogline_model_server.limits import LIMITS
from fogline_model_server.signatures import Signature

_RUNS = 5
"""After the first one, which prepares things. The fastest counts: other work can only make a run slower."""
_BUDGET_SECONDS = 0.25
"""For all signatures together, the first run of each aside; one that takes longer is run once."""
UNKNOWN = math.inf
"""Seconds of a model that could not be measured: it is treated as a slow one."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one model needs."""

    seconds_per_call: float
    """One call with one row of zeros, for the slowest signature."""
    memory_bytes: int = 0
    """What the process grew by when the model was loaded and had run once."""
    threads: int = 1
    """CPU cores that one call makes good use of."""


class Runnable(Protocol):
    """Signatures, and a way to run them: an engine, or a part of one."""

    @property
    def signatures(self) -> Mapping[str, Signature]:
        """Return the ways to call the model."""

    def run(self, signature: str, inputs: Mapping[str, Array], outputs: Sequence[str]) -> Mapping[str, Array]:
        """Run the model once; raises ServingError."""


def seconds_per_call(model: Runnable) -> float:
    """Return the time of one call with one row of zeros, in seconds, for the slowest signature.

    A signature that takes no zeros, or of unknown rank, does not count; `UNKNOWN` when none counts.

    Raises
    ------
    LoadError
        There is not enough memory to run it.

    """
    slowest = 0.0
    budget = _BUDGET_SECONDS
    for name, signature in model.signatures.items():
        inputs = zeros(signature)
        if inputs is None:
            continue
        try:
            seconds = _timed(model, name, inputs)
            for _ in range(_RUNS):
                if seconds > budget:
                    break
                again = _timed(model, name, inputs)
                budget -= again
                seconds = min(seconds, again)
        except ServingError as error:
            if error.code is Code.RESOURCE_EXHAUSTED:
                raise LoadError(f"the model cannot run: {error.message}") from error
            continue
        slowest = max(slowest, seconds)
    return slowest or UNKNOWN


def _timed(model: Runnable, signature: str, inputs: Mapping[str, Array]) -> float:
    began = time.perf_counter()
    model.run(signature, inputs, tuple(model.signatures[signature].outputs))
    return time.perf_counter() - began


def zeros(signature: Signature) -> Mapping[str, Array] | None:
    """Return inputs of zeros, or of empty strings, with size 1 in each dimension that may have any size.

    Returns
    -------
    None
        For an input of unknown rank, of a type that no request carries, or larger than one may be.

    """
    inputs: dict[str, Array] = {}
    for alias, info in signature.inputs.items():
        dtype = BY_NUMBER.get(info.dtype)
        if info.shape is None or dtype is None:
            return None
        shape = tuple(1 if size < 0 else size for size in info.shape)
        if math.prod(shape) * dtype.numpy.itemsize > LIMITS.tensor_bytes:
            return None
        inputs[alias] = np.full(shape, b"" if dtype is STRING else 0, dtype.numpy)
    return inputs
