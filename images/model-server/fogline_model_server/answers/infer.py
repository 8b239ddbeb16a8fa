"""What MultiInference answers: several classifications and regressions of the same examples."""

from collections.abc import Collection, Mapping
from typing import Any

from fogline_model_server.answers import classify, examples, regress
from fogline_model_server.answers import spec as specs
from fogline_model_server.catalog import ModelSpec, find
from fogline_model_server.errors import Code, ServingError, invalid_argument
from fogline_model_server.messages import MultiInferenceResponse
from fogline_model_server.serving import AnswerOptions, Serving
from fogline_model_server.signatures import CLASSIFY_METHOD, DEFAULT_SIGNATURE, REGRESS_METHOD, Signature

API = "MultiInference"
"""As metrics name it."""


def answer(serving: Serving, request: Any) -> Any:
    """Answer a MultiInferenceRequest. The model_spec of the first task chooses the version for all.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT: tasks of several models, a signature twice or not there, or one that does not do its
        task. UNIMPLEMENTED: a task that is neither classify nor regress. Else as `find` and `examples.run`.

    """
    tasks = request.tasks
    first = specs.of(tasks[0].model_spec) if tasks else ModelSpec("")
    version = find(serving.catalog, first)
    signatures = _signatures(tasks, version.engine.signatures)
    plans = [
        _outputs(task.method_name, signature, serving.options)
        for task, signature in zip(tasks, signatures.values(), strict=True)
    ]
    _check_same_input(signatures.values())
    rows = examples.examples(request.input)
    response = MultiInferenceResponse()
    for task, name, outputs in zip(tasks, signatures, plans, strict=True):
        result = response.results.add()
        found = examples.run(API, version, name, outputs, rows)
        if task.method_name == CLASSIFY_METHOD:
            classify.fill(result.classification_result, len(rows), found)
        else:
            regress.fill(result.regression_result, len(rows), found)
        specs.fill(result.model_spec, task.model_spec.name, version.number, name)
    return response


def _signatures(tasks: Any, known: Mapping[str, Signature]) -> dict[str, Signature]:
    """Return the signature of each task by its name, in the order of the tasks."""
    found: dict[str, Signature] = {}
    for task in tasks:
        if not task.model_spec.name:
            raise invalid_argument("Found ModelSpec with an empty model name.")
        if task.model_spec.name != tasks[0].model_spec.name:
            raise invalid_argument(
                "All ModelSpecs in a MultiInferenceRequest must access the same model name."
            )
        name = task.model_spec.signature_name or DEFAULT_SIGNATURE
        if name in found:
            raise invalid_argument(f"Duplicate evaluation of signature: {name}")
        if name not in known:
            raise invalid_argument(f"Requested signature not found in model graph: {name}")
        found[name] = known[name]
    return found


def _outputs(method: str, signature: Signature, options: AnswerOptions) -> tuple[str, ...]:
    if method == CLASSIFY_METHOD:
        return classify.checked_outputs(signature, options)
    if method == REGRESS_METHOD:
        return regress.checked_outputs(signature, options)
    raise ServingError(Code.UNIMPLEMENTED, f"Unsupported signature method_name: {method}")


def _check_same_input(signatures: Collection[Signature]) -> None:
    """Refuse signatures that parse Examples in different places; features by name have no such place."""
    parsing = [signature for signature in signatures if signature.takes_examples]
    tensors = {info.name for signature in parsing for info in signature.inputs.values()}
    if len(tensors) > 1:
        raise invalid_argument("Input tensor must be the same for all Signatures.")
