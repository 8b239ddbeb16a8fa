"""What Predict does, whichever front end asks: gRPC and REST both come through here."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fogline_model_server.answers import spec as specs
from fogline_model_server.catalog import Catalog, ModelSpec, ModelVersion, find
from fogline_model_server.dtypes import BY_NUMBER, BY_NUMPY, Array
from fogline_model_server.errors import Code, ServingError, invalid_argument
from fogline_model_server.messages import PredictResponse
from fogline_model_server.serving import AnswerOptions, Serving
from fogline_model_server.signatures import DEFAULT_SIGNATURE, METHODS, Signature
from fogline_model_server.tensors import set_proto, to_array

API = "Predict"
"""As metrics name it."""


@dataclass(frozen=True, slots=True)
class Call:
    """A checked request, ready to run on inputs."""

    version: ModelVersion
    signature_name: str
    signature: Signature
    outputs: tuple[str, ...]
    as_content: bool = False
    """Values of the answer go into ``tensor_content``."""
    api: str = API
    """Who runs the model, as metrics name it."""


def answer(serving: Serving, request: Any) -> Any:
    """Answer a PredictRequest.

    Raises
    ------
    ServingError
        As `required`, `prepare` and `run`, and INVALID_ARGUMENT for a tensor that cannot be read.

    """
    spec = specs.required(request)
    inputs = request.inputs
    call = prepare(serving.catalog, serving.options, spec, inputs.keys(), request.output_filter)
    outputs = run(call, {alias: to_array(proto, alias) for alias, proto in inputs.items()})
    return respond(spec.name, call, outputs)


def respond(name: str, call: Call, outputs: Mapping[str, Array]) -> Any:
    """Return the PredictResponse with these outputs.

    Parameters
    ----------
    name
        Of the model, as the request gives it.

    """
    response = PredictResponse()
    specs.fill(response.model_spec, name, call.version.number, call.signature_name)
    for alias, array in outputs.items():
        set_proto(response.outputs[alias], array, as_content=call.as_content)
    return response


def prepare(
    catalog: Catalog,
    options: AnswerOptions,
    spec: ModelSpec,
    inputs: Collection[str],
    output_filter: Sequence[str],
) -> Call:
    """Find the model and check the names of a request, before any tensor is read.

    Raises
    ------
    ServingError
        FAILED_PRECONDITION: no such signature. INVALID_ARGUMENT: names do not match it. INTERNAL: its
        method has an unknown name, and a flag forbids that. Else as `find`.

    """
    version = find(catalog, spec)
    name = spec.signature or DEFAULT_SIGNATURE
    signature = version.engine.signatures.get(name)
    if signature is None:
        raise ServingError(Code.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.')
    if options.check_method_names and signature.method_name not in METHODS:
        raise ServingError(
            Code.INTERNAL,
            f"Expected prediction signature method_name to be one of {{{', '.join(METHODS)}}}. "
            f"Was: {signature.method_name}",
        )
    _check_inputs(signature, inputs)
    outputs = _wanted(signature, output_filter)
    return Call(version, name, signature, outputs, as_content=options.tensor_content)


def run(call: Call, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Run a prepared call.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT: an input has not the element type or shape of the signature. Else as `Engine.run`.

    """
    if call.signature.defaults:
        inputs = {**call.signature.defaults, **inputs}
    for position, (alias, info) in enumerate(call.signature.inputs.items()):
        expected = BY_NUMBER.get(info.dtype)
        given = BY_NUMPY[inputs[alias].dtype]
        if given is not expected:
            wanted = expected.name if expected else f"type {info.dtype}"
            raise invalid_argument(f"Expects arg[{position}] to be {wanted} but {given.name} is provided")
        _check_shape(alias, info.shape, inputs[alias].shape)
    began = time.perf_counter()
    outputs = call.version.engine.run(call.signature_name, inputs, call.outputs)
    call.version.ran(call.api, time.perf_counter() - began)
    return outputs


def _check_inputs(signature: Signature, given: Collection[str]) -> None:
    """Check the names of inputs; one with a default value may be left out."""
    expected = signature.inputs
    if len(given) > len(expected) or (len(given) < len(expected) and not signature.defaults):
        raise invalid_argument(
            f"input size does not match signature: {len(given)}!={len(expected)} "
            f"len({_braces(given)}) != len({_braces(expected)}). "
            f"Sent extra: {_braces(set(given) - set(expected))}. "
            f"Missing but required: {_braces(set(expected) - set(given))}."
        )
    for alias, info in expected.items():
        if alias not in given and alias not in signature.defaults:
            raise invalid_argument(
                f"Signature input alias: {alias}(feed name: {info.name}) not found in request and no default "
                f"value provided. Inputs expected to be in the request {_braces(given)}, "
                f"or default input alias set: {_commas(signature.defaults)}"
            )
    used = [alias for alias in given if alias in expected]
    if len(used) != len(given):
        raise invalid_argument(
            f"Inputs contains invalid name. Used request inputs: {_commas(used)}, "
            f"request input: {_commas(given)}"
        )


def _check_shape(alias: str, expected: tuple[int, ...] | None, given: tuple[int, ...]) -> None:
    if expected is None:
        return
    same_rank = len(expected) == len(given)
    if not same_rank or any(size not in (-1, real) for size, real in zip(expected, given, strict=True)):
        wanted = ",".join("?" if size < 0 else str(size) for size in expected)
        has = ",".join(map(str, given))
        raise invalid_argument(f"input {alias} has shape [{has}] but the model takes [{wanted}]")


def _wanted(signature: Signature, output_filter: Sequence[str]) -> tuple[str, ...]:
    seen = set()
    for alias in output_filter:
        if alias not in signature.outputs:
            raise invalid_argument(
                f"output tensor alias not found in signature: {alias} "
                f"Outputs expected to be in the set {_braces(signature.outputs)}."
            )
        if alias in seen:
            raise invalid_argument(f"duplicate output tensor alias: {alias}")
        seen.add(alias)
    return tuple(output_filter) or tuple(signature.outputs)


def _braces(names: Collection[str]) -> str:
    return "{" + _commas(names) + "}"


def _commas(names: Collection[str]) -> str:
    return ",".join(sorted(names))
