"""How long a model takes: it is run on zeros, which also finds models that end the process when they run."""

import math
import time
from collections.abc import Mapping

import numpy as np

from fogline_model_server.dtypes import BY_NUMBER, STRING, Array
from fogline_model_server.engines.engine import Engine
from fogline_model_server.errors import ServingError
from fogline_model_server.limits import LIMITS
from fogline_model_server.signatures import Signature

_RUNS = 5
"""After the first one, which prepares things. The fastest counts: other work can only make a run slower."""
_BUDGET_SECONDS = 0.25
"""For all signatures together, the first run of each aside."""
UNKNOWN = math.inf
"""Seconds of a model that could not be measured: it is treated as a slow one."""


def seconds_per_call(engine: Engine) -> float:
    """Return the time of one call with one row of zeros, in seconds, for the slowest signature.

    A signature that takes no zeros, or of unknown rank, does not count; `UNKNOWN` when none counts.
    """
    slowest = 0.0
    spent = 0.0
    for name, signature in engine.signatures.items():
        inputs = zeros(signature)
        if inputs is None:
            continue
        try:
            engine.run(name, inputs, tuple(signature.outputs))
            seconds = UNKNOWN
            for _ in range(_RUNS):
                began = time.perf_counter()
                engine.run(name, inputs, tuple(signature.outputs))
                took = time.perf_counter() - began
                seconds = min(seconds, took)
                spent += took
                if spent > _BUDGET_SECONDS:
                    break
        except ServingError:
            continue
        slowest = max(slowest, seconds)
    return slowest or UNKNOWN


def zeros(signature: Signature, rows: int = 1) -> Mapping[str, Array] | None:
    """Return inputs of zeros, or of empty strings, with one element where any number is allowed.

    Parameters
    ----------
    rows
        Size of the first dimension where that may be any.

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
        free = (rows, *(1 for _ in info.shape[1:]))
        shape = tuple(size if size >= 0 else free[axis] for axis, size in enumerate(info.shape))
        if math.prod(shape) * dtype.numpy.itemsize > LIMITS.tensor_bytes:
            return None
        inputs[alias] = np.full(shape, b"") if dtype is STRING else np.zeros(shape, dtype.numpy)
        if dtype is STRING:
            inputs[alias] = inputs[alias].astype(object)
    return inputs
