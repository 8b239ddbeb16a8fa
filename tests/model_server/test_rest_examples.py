"""How the REST API reads examples: what JSON becomes which kind of feature, and what is refused.

The rules are those of TensorFlow Serving: json_tensor.cc.
"""

from typing import Any

import pytest

from fogline_model_server.errors import Code, ServingError
from fogline_model_server.messages import ClassificationRequest
from fogline_model_server.rest import examples


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("text", {"bytes_list": {"value": [b"text"]}}),
        ({"b64": "/w=="}, {"bytes_list": {"value": [b"\xff"]}}),
        (["a", {"b64": "YQ=="}], {"bytes_list": {"value": [b"a", b"a"]}}),
        (1, {"int64_list": {"value": [1]}}),
        ([True, False, -5], {"int64_list": {"value": [1, 0, -5]}}),
        (1.0, {"float_list": {"value": [1]}}),
        ([1.5, -2e3], {"float_list": {"value": [1.5, -2000]}}),
        ([], {}),
    ],
)
def test_the_json_type_tells_the_kind_of_a_feature(content: Any, expected: dict[str, Any]) -> None:
    request = ClassificationRequest()
    examples.fill(request.input, {"examples": [{"x": content}]})
    assert request.input == type(request.input)(
        example_list={"examples": [{"features": {"feature": {"x": expected}}}]}
    )


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "When method is classify, key 'examples' is expected and was not found"),
        ({"examples": {}}, "Expecting 'examples' value to be an list/array"),
        ({"examples": []}, "'examples' value is an empty array"),
        ({"examples": [1]}, "Example must be JSON object but got JSON Number"),
        ({"context": [], "examples": [{}]}, "Example must be JSON object but got JSON Array"),
        ({"examples": [{"x": None}]}, "Feature: x has element with unexpected JSON type: Null"),
        ({"examples": [{"x": [[1]]}]}, "Feature: x has element with unexpected JSON type: Array"),
        ({"examples": [{"x": {"y": 1}}]}, "Feature: x has element with unexpected JSON type: Object"),
        ({"examples": [{"x": [1, 1.0]}]}, "Unexpected element type in feature: x expecting type: int64"),
        ({"examples": [{"x": [1.0, "a"]}]}, "Unexpected element type in feature: x expecting type: float"),
        ({"examples": [{"x": ["a", 1]}]}, "Unexpected element type in feature: x expecting type: bytes"),
        ({"examples": [{"x": 1 << 63}]}, "Feature: x has uint64 element. Only int64 is supported."),
        ({"examples": [{"x": 1e39}]}, "Cannot convert JSON value: 1e+39 to float without loss of precision."),
        ({"examples": [{"x": {"b64": "!"}}]}, "Unable to base64 decode"),
    ],
)
def test_examples_of_another_form_are_refused(document: dict[str, Any], message: str) -> None:
    with pytest.raises(ServingError) as caught:
        examples.fill(ClassificationRequest().input, document)
    assert caught.value.code is Code.INVALID_ARGUMENT
    assert caught.value.message.endswith(message)
