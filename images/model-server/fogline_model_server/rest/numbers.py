"""Floating-point numbers as TensorFlow Serving prints them in JSON, digit for digit."""

from array import array as typed

from fogline_model_server.dtypes import DOUBLE, Array

_NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
"""They are no standard JSON."""


def decimals(values: Array) -> list[str]:
    """Return the elements of a floating-point array, in order.

    Six significant digits where they read back to the same value, else as many as the type needs: 17, or 9
    for single precision. A whole number ends in ``.0``, so that no client takes it for an integer.
    Half-precision numbers print as the single-precision numbers that they are too.
    """
    numbers: list[float] = values.ravel().tolist()
    # One call for all is twice as fast as one for each.
    texts = ("%.6g " * len(numbers) % tuple(numbers)).split()
    read = list(map(float, texts))
    full = "%.17g"
    if values.dtype != DOUBLE.numpy:
        read, full = typed("f", read).tolist(), "%.9g"
    return [
        _marked(text if back == number else full % number)
        for number, text, back in zip(numbers, texts, read, strict=True)
    ]


def _marked(text: str) -> str:
    if "." in text or "e" in text:
        return text
    return _NOT_FINITE.get(text) or f"{text}.0"
