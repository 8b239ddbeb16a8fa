"""Classify and Regress requests as JSON: rows of named features, with features that all rows share."""

import math
from typing import Any

import numpy as np

from fogline_model_server.answers.examples import check_count
from fogline_model_server.errors import ServingError, invalid_argument
from fogline_model_server.rest import parse, values

_LARGEST_FLOAT = float(np.finfo(np.float32).max)
_MAX_INT64 = (1 << 63) - 1
_KIND_NAMES = {"bytes_list": "bytes", "float_list": "float", "int64_list": "int64"}


def fill(message: Any, document: parse.Document) -> None:
    """Write a request into the Input of a ClassificationRequest or RegressionRequest.

    Raises
    ------
    ServingError
        INVALID_ARGUMENT: the request has another form.

    """
    rows = message.example_list
    if "context" in document:
        rows = message.example_list_with_context
        _fill_example(rows.context, document["context"])
    if "examples" not in document:
        raise _wrong(document, "When method is classify, key 'examples' is expected and was not found")
    given = document["examples"]
    if not isinstance(given, list):
        raise _wrong(document, "Expecting 'examples' value to be an list/array")
    if not given:
        raise _wrong(document, "'examples' value is an empty array")
    check_count(len(given))
    for example in given:
        _fill_example(rows.examples.add(), example)


def _wrong(document: parse.Document, what: str) -> ServingError:
    return invalid_argument(f"JSON Value: {parse.shown(document)} {what}")


def _fill_example(message: Any, example: Any) -> None:
    if not isinstance(example, dict):
        raise invalid_argument(f"Example must be JSON object but got JSON {parse.type_name(example)}")
    for name, content in example.items():
        feature = message.features.feature[name]
        for value in content if isinstance(content, list) else [content]:
            _add(feature, name, value)


def _add(feature: Any, name: str, value: Any) -> None:
    kind = _kind(name, value)
    present = feature.WhichOneof("kind")
    if present not in (None, kind):
        raise invalid_argument(
            f"Unexpected element type in feature: {name} expecting type: {_KIND_NAMES[present]}"
        )
    getattr(feature, kind).value.append(_element(name, kind, value))


def _kind(name: str, value: Any) -> str:
    if isinstance(value, str) or values.is_base64(value):
        return "bytes_list"
    if isinstance(value, float):
        return "float_list"
    if isinstance(value, int):
        return "int64_list"
    raise invalid_argument(f"Feature: {name} has element with unexpected JSON type: {parse.type_name(value)}")


def _element(name: str, kind: str, value: Any) -> bytes | float | int:
    if kind == "bytes_list":
        return values.to_bytes(value)
    if kind == "float_list":
        if math.isfinite(value) and abs(value) > _LARGEST_FLOAT:
            raise values.lossy(value, "float")
        return float(value)
    if value > _MAX_INT64:
        raise invalid_argument(f"Feature: {name} has uint64 element. Only int64 is supported.")
    return int(value)
