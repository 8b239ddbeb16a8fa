"""Element types: their number on the wire, their NumPy type and the field that carries their values."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class DType:
    """One element type that both TensorFlow and NumPy know."""

    number: int
    """tensorflow.DataType."""
    name: str
    """As TensorFlow prints it in messages."""
    numpy: np.dtype[Any]
    """In memory. Strings are Python ``bytes`` in an object array."""
    field: str
    """Field of TensorProto."""
    wire: np.dtype[Any]
    """Type of the numbers in that field."""
    carrier: np.dtype[Any]
    """What has the bits of ``numpy`` and holds numbers of the field: 16 bits of an integer for a half, two
    floats for a complex number, else the same as ``numpy``."""

    @property
    def parts(self) -> int:
        """Return how many numbers of the field make one element."""
        return self.numpy.itemsize // self.carrier.itemsize


def _dtype(number: int, name: str, numpy: str, field: str, *, wire: str = "", carrier: str = "") -> DType:
    carrier = carrier or numpy
    return DType(number, name, np.dtype(numpy), field, np.dtype(wire or carrier), np.dtype(carrier))


FLOAT = _dtype(1, "float", "float32", "float_val")
DOUBLE = _dtype(2, "double", "float64", "double_val")
INT32 = _dtype(3, "int32", "int32", "int_val")
UINT8 = _dtype(4, "uint8", "uint8", "int_val", wire="int32")
INT16 = _dtype(5, "int16", "int16", "int_val", wire="int32")
INT8 = _dtype(6, "int8", "int8", "int_val", wire="int32")
STRING = _dtype(7, "string", "object", "string_val")
COMPLEX64 = _dtype(8, "complex64", "complex64", "scomplex_val", carrier="float32")
INT64 = _dtype(9, "int64", "int64", "int64_val")
BOOL = _dtype(10, "bool", "bool", "bool_val")
UINT16 = _dtype(17, "uint16", "uint16", "int_val", wire="int32")
COMPLEX128 = _dtype(18, "complex128", "complex128", "dcomplex_val", carrier="float64")
HALF = _dtype(19, "half", "float16", "half_val", wire="int32", carrier="uint16")
UINT32 = _dtype(22, "uint32", "uint32", "uint32_val")
UINT64 = _dtype(23, "uint64", "uint64", "uint64_val")

DTYPES = (
    FLOAT,
    DOUBLE,
    INT32,
    UINT8,
    INT16,
    INT8,
    STRING,
    COMPLEX64,
    INT64,
    BOOL,
    UINT16,
    COMPLEX128,
    HALF,
    UINT32,
    UINT64,
)

BY_NUMBER = {dtype.number: dtype for dtype in DTYPES}
BY_NUMPY = {dtype.numpy: dtype for dtype in DTYPES}
