"""What Classify answers: labels, scores, or both, of each example."""

from collections.abc import Mapping
from typing import Any

from fogline_model_server.answers import examples, heads
from fogline_model_server.answers import spec as specs
from fogline_model_server.dtypes import FLOAT, STRING, Array, DType
from fogline_model_server.errors import invalid_argument
from fogline_model_server.messages import ClassificationResponse
from fogline_model_server.serving import AnswerOptions, Serving
from fogline_model_server.signatures import CLASSIFY_METHOD, Signature

CLASSES, SCORES = "classes", "scores"
_MATRIX = 2

API = "Classify"
"""As metrics name it."""


def answer(serving: Serving, request: Any) -> Any:
    """Answer a ClassificationRequest.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT: no model_spec, no such signature, one that does not classify, or outputs of another
        form than it takes. Else as `find` and `examples.run`.

    """
    spec = specs.required(request)
    version, name, signature = heads.signature_of(serving.catalog, spec)
    outputs = checked_outputs(signature, serving.options)
    rows = examples.examples(request.input)
    response = ClassificationResponse()
    fill(response.result, len(rows), examples.run(API, version, name, outputs, rows))
    specs.fill(response.model_spec, spec.name, version.number, name)
    return response


def checked_outputs(signature: Signature, options: AnswerOptions) -> tuple[str, ...]:
    """Return the outputs that a classification needs.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT: the signature does not classify.

    """
    if options.check_method_names:
        heads.check_method(signature, CLASSIFY_METHOD, "classification")
    heads.check_inputs(signature, "classification")
    count = len(signature.outputs)
    if count not in (1, 2):
        raise invalid_argument(f"Expected one or two output Tensors, found {count}")
    outputs = tuple(alias for alias in (CLASSES, SCORES) if alias in signature.outputs)
    if not outputs:
        raise invalid_argument(
            "Expected classification signature outputs to contain at least one of "
            f'"{CLASSES}" or "{SCORES}". Signature was: {heads.debug_string(signature)}'
        )
    return outputs


def fill(result: Any, count: int, outputs: Mapping[str, Array]) -> None:
    """Write the outputs for ``count`` examples into a ClassificationResult.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT: they do not have one row for each example, or are no strings and floats.

    """
    classes, scores = outputs.get(CLASSES), outputs.get(SCORES)
    if classes is not None:
        _check(classes, CLASSES, STRING, count)
    if scores is not None:
        _check(scores, SCORES, FLOAT, count)
    if classes is not None and scores is not None and classes.shape[1] != scores.shape[1]:
        raise invalid_argument(
            "Tensors class and score should match in dim_size(1). "
            f"Got {classes.shape[1]} vs. {scores.shape[1]}"
        )
    for row in range(count):
        found = result.classifications.add().classes
        labels = None if classes is None else classes[row].tolist()
        values = None if scores is None else scores[row].tolist()
        for position in range(len(labels or values or ())):
            entry = found.add()
            if labels is not None:
                entry.label = labels[position].decode(errors="replace")
            if values is not None:
                entry.score = values[position]


def _check(array: Array, alias: str, dtype: DType, count: int) -> None:
    if array.ndim != _MATRIX:
        raise invalid_argument(
            f"Expected Tensor shape: [batch_size num_classes] but got {heads.brackets(array)}"
        )
    heads.check_type(array, dtype, f"Expected {alias} Tensor of DT_{dtype.name.upper()}. Got: ")
    if len(array) != count:
        raise invalid_argument(f"Expected {alias} output batch size of {count}. Got: {len(array)}")
