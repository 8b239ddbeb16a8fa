"""The Input message of Classify, Regress and MultiInference, and running a model on it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fogline_model_server.answers import features, predict
from fogline_model_server.catalog import ModelVersion
from fogline_model_server.dtypes import Array
from fogline_model_server.errors import invalid_argument
from fogline_model_server.limits import LIMITS
from fogline_model_server.messages import Example


def examples(message: Any) -> Sequence[Any]:
    """Return the Example messages of an Input message, each with the common context if there is one.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT: there are none, or too many.

    """
    kind = message.WhichOneof("kind")
    found: Sequence[Any] = getattr(message, kind).examples if kind else ()
    if not found:
        raise invalid_argument("Input is empty.")
    check_count(len(found))
    if kind == "example_list":
        return found
    return [_merged(message.example_list_with_context.context, example) for example in found]


def check_count(count: int) -> None:
    """Refuse too many examples.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT.

    """
    if count > LIMITS.examples:
        raise invalid_argument(f"Input has {count} examples, allowed are {LIMITS.examples}")


def _merged(context: Any, example: Any) -> Any:
    merged = Example()
    merged.MergeFrom(context)
    merged.MergeFrom(example)
    return merged


def run(
    api: str, version: ModelVersion, signature_name: str, outputs: Sequence[str], rows: Sequence[Any]
) -> dict[str, Array]:
    """Run a signature on Example messages.

    A signature that takes serialized Examples gets them as one vector of strings, as from TensorFlow Serving.
    For any other, features are its inputs by name.

    Parameters
    ----------
    api
        As metrics name it.

    Raises
    ------
    ServingError
        As `features.columns` and `predict.run`.

    """
    signature = version.engine.signatures[signature_name]
    if signature.takes_examples:
        serialized = np.empty(len(rows), object)
        serialized[:] = [row.SerializeToString() for row in rows]
        inputs = dict.fromkeys(signature.inputs, serialized)
    else:
        inputs = features.columns(signature, rows)
    return predict.run(predict.Call(version, signature_name, signature, tuple(outputs), api=api), inputs)
