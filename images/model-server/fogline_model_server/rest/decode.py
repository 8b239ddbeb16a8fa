"""A REST predict request in row or column form, by the rules of TensorFlow Serving."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fogline_model_server.dtypes import Array
from fogline_model_server.errors import ServingError, invalid_argument
from fogline_model_server.rest.parse import Document, shown
from fogline_model_server.rest.values import is_object, to_array
from fogline_model_server.signatures import Signature, TensorInfo


@dataclass(frozen=True, slots=True)
class Tensors:
    """Input tensors of a request and the form they came in, which the answer takes too."""

    arrays: Mapping[str, Array]
    by_row: bool


def signature_name(request: Document) -> str:
    """Return the signature that a request names, or an empty string.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT: it is no string.

    """
    name = request.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid_argument(
            f"JSON Value: {shown(request)} not formatted correctly. "
            "'signature_name' key must be a string value."
        )
    return name


def tensors(request: Document, signature: Signature) -> Tensors:
    """Read the tensors of a request in row (``instances``) or column (``inputs``) form.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT: the request does not fit the signature. UNIMPLEMENTED: JSON cannot hold the type.

    """
    if "instances" in request and "inputs" in request:
        raise invalid_argument(
            f"JSON Value: {shown(request)} Not formatted correctly expecting only one of 'inputs' or "
            "'instances' keys to exist "
        )
    if "instances" in request:
        return Tensors(_rows(request, signature), by_row=True)
    if "inputs" in request:
        return Tensors(_columns(request["inputs"], signature), by_row=False)
    raise invalid_argument("Missing 'inputs' or 'instances' key")


def _rows(request: Document, signature: Signature) -> dict[str, Array]:
    instances = request["instances"]
    if not isinstance(instances, list):
        raise invalid_argument(f"JSON Value: {shown(request)} Excepting 'instances' to be an list/array")
    if not instances:
        raise invalid_argument(f"JSON Value: {shown(request)} No values in 'instances' array")
    if not isinstance(instances[0], dict) and len(signature.inputs) > 1:
        raise invalid_argument(
            "instances is a plain list, but expecting list of objects as multiple input tensors required "
            "as per tensorinfo_map"
        )
    if is_object(instances[0]):
        return _named_rows(instances, signature)
    for position, instance in enumerate(instances):
        if is_object(instance):
            raise invalid_argument(f"Expecting value/list but got object at item {position} of input list")
    alias, info = next(iter(signature.inputs.items()))
    return {alias: _stacked(instances, info, lambda position: f"Failed to process element: {position}")}


def _named_rows(instances: list[Any], signature: Signature) -> dict[str, Array]:
    names = signature.inputs.keys()
    for position, instance in enumerate(instances):
        if not is_object(instance):
            raise invalid_argument(f"Expecting object but got list at item {position} of input list")
        for key in instance:
            if key not in names:
                raise invalid_argument(
                    f"Failed to process element: {position} key: {key} of 'instances' list. Error: "
                    f"INVALID_ARGUMENT: JSON object: does not have named input: {key}"
                )
        if instance.keys() != names:
            raise invalid_argument(
                f"Failed to process element: {position} of 'instances' list. JSON object: {shown(instance)} "
                f"keys must be equal to: {','.join(sorted(names))}"
            )

    def column(alias: str, info: TensorInfo) -> Array:
        values = [instance[alias] for instance in instances]
        return _stacked(values, info, lambda position: f"Failed to process element: {position} key: {alias}")

    return {alias: column(alias, info) for alias, info in signature.inputs.items()}


def _stacked(values: list[Any], info: TensorInfo, where: Callable[[int], str]) -> Array:
    """Join one value a row into one tensor; when that fails, find the row that is to blame."""
    try:
        return to_array(values, info)
    except ServingError as whole:
        shape: tuple[int, ...] | None = None
        for position, value in enumerate(values):
            try:
                row = to_array(value, info)
                if shape is not None:
                    _check_same_shape(shape, row.shape)
            except ServingError as error:
                raise invalid_argument(f"{where(position)} of 'instances' list. Error: {error}") from whole
            shape = row.shape
        raise


def _check_same_shape(expected: tuple[int, ...], given: tuple[int, ...]) -> None:
    expected_size, given_size = math.prod(expected), math.prod(given)
    if expected_size != given_size:
        raise invalid_argument(f"Expecting tensor size: {expected_size} but got: {given_size}")
    if expected != given:
        raise invalid_argument(f"Expecting shape {_brackets(expected)} but got: {_brackets(given)}")


def _brackets(shape: tuple[int, ...]) -> str:
    return "[" + ",".join(map(str, shape)) + "]"


def _columns(value: Any, signature: Signature) -> dict[str, Array]:
    if not is_object(value):
        if len(signature.inputs) > 1:
            raise invalid_argument(
                "inputs is a plain value/list, but expecting an object as multiple input tensors required "
                "as per tensorinfo_map"
            )
        alias, info = next(iter(signature.inputs.items()))
        return {alias: to_array(value, info)}
    for alias in signature.inputs:
        if alias not in value:
            raise invalid_argument(f"Missing named input: {alias} in 'inputs' object.")
    return {alias: to_array(value[alias], info) for alias, info in signature.inputs.items()}
