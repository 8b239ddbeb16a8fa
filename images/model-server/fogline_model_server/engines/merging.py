"""Arrays of several requests as one, and the parts of the answer."""

from collections.abc import Mapping, Sequence

import numpy as np

from fogline_model_server.dtypes import Array
from fogline_model_server.errors import Code, ServingError


class NotByRowError(ServingError):
    """The outputs of a batch have not one row for each row of its inputs: they cannot be handed out."""

    def __init__(self, message: str) -> None:
        super().__init__(Code.FAILED_PRECONDITION, message)


def merged(requests: Sequence[Mapping[str, Array]], filling: int) -> dict[str, Array]:
    """Return the inputs of several requests, one below the other.

    Where they differ in other dimensions than the first, smaller ones are filled up with their first element,
    as TensorFlow Serving does.

    Parameters
    ----------
    filling
        Rows to add at the end: copies of the first row of the last request, which is known to be valid.

    """
    if len(requests) == 1 and not filling:
        return dict(requests[0])
    together = {}
    for alias in requests[0]:
        arrays = pad([request[alias] for request in requests])
        together[alias] = np.concatenate([*arrays, *[arrays[-1][:1]] * filling])
    return together


def pad(arrays: Sequence[Array]) -> list[Array]:
    """Return arrays that have the same size in all dimensions but the first."""
    largest = tuple(max(sizes) for sizes in zip(*(array.shape[1:] for array in arrays), strict=True))
    return [array if array.shape[1:] == largest else _padded(array, largest) for array in arrays]


def _padded(array: Array, inner: tuple[int, ...]) -> Array:
    if array.size == 0:
        raise ServingError(Code.INVALID_ARGUMENT, "an input without elements cannot be padded")
    larger = np.full((array.shape[0], *inner), array.flat[0], array.dtype)
    larger[tuple(slice(size) for size in array.shape)] = array
    return larger


def parts(results: Mapping[str, Array], rows: Sequence[int], total: int) -> list[dict[str, Array]]:
    """Return each request's rows of the outputs.

    Raises
    ------
    NotByRowError
        An output has not a row for each row of the inputs.

    """
    for array in results.values():
        if array.ndim == 0:
            raise NotByRowError("Batched output tensor has 0 dimensions")
        if array.shape[0] != total:
            raise NotByRowError(
                "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of "
                "the input tensors"
            )
    ends = np.cumsum(rows).tolist()
    return [
        {alias: array[end - count : end] for alias, array in results.items()}
        for count, end in zip(rows, ends, strict=True)
    ]
