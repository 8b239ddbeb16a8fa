"""What Regress answers: one number for each example."""

from collections.abc import Mapping
from typing import Any

from fogline_model_server.answers import examples, heads
from fogline_model_server.answers import spec as specs
from fogline_model_server.dtypes import FLOAT, Array
from fogline_model_server.errors import invalid_argument
from fogline_model_server.messages import RegressionResponse
from fogline_model_server.serving import AnswerOptions, Serving
from fogline_model_server.signatures import REGRESS_METHOD, Signature

OUTPUTS = "outputs"

API = "Regress"
"""As metrics name it."""


def answer(serving: Serving, request: Any) -> Any:
    """Answer a RegressionRequest.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT: no model_spec, no such signature, one that does no regression, or an output of
        another form than it takes. Else as `find` and `examples.run`.

    """
    spec = specs.required(request)
    version, name, signature = heads.signature_of(serving.catalog, spec)
    outputs = checked_outputs(signature, serving.options)
    rows = examples.examples(request.input)
    response = RegressionResponse()
    fill(response.result, len(rows), examples.run(API, version, name, outputs, rows))
    specs.fill(response.model_spec, spec.name, version.number, name)
    return response


def checked_outputs(signature: Signature, options: AnswerOptions) -> tuple[str, ...]:
    """Return the output that a regression needs.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT: the signature does no regression.

    """
    if options.check_method_names:
        heads.check_method(signature, REGRESS_METHOD, "regression")
    heads.check_inputs(signature, "regression")
    if len(signature.outputs) != 1:
        raise invalid_argument("Expected one output Tensor.")
    if OUTPUTS not in signature.outputs:
        raise invalid_argument(
            f"No regression outputs found in SignatureDef: {heads.debug_string(signature)}"
        )
    return (OUTPUTS,)


def fill(result: Any, count: int, outputs: Mapping[str, Array]) -> None:
    """Write the output for ``count`` examples into a RegressionResult.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT: it does not have one float for each example.

    """
    array = outputs[OUTPUTS]
    if array.ndim != 1 and array.shape[1:] != (1,):
        raise invalid_argument(
            "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] "
            f"but got {heads.brackets(array)}"
        )
    if len(array) != count:
        raise invalid_argument(f"Input batch size did not match output batch size: {count} vs. {len(array)}")
    heads.check_type(array, FLOAT, "Expected output Tensor of DT_FLOAT.  Got: ")
    for value in array.ravel().tolist():
        result.regressions.add(value=value)
