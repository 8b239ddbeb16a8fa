"""REST answers as JSON text."""

import json
from typing import Any

import numpy as np
import pytest

from fogline_model_server.dtypes import Array
from fogline_model_server.errors import ServingError
from fogline_model_server.rest.encode import error, prediction


def columns(**outputs: Array) -> Any:
    return json.loads(prediction(outputs, by_row=False))["outputs"]


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.array([0.1, 2], np.float32), "[0.1,2.0]"),
        (np.array([0.1, 2], np.float16), "[0.099975586,2.0]"),
        (np.array([0.1, 1e300]), "[0.1,1e+300]"),
        (np.array([-1, 255], np.int16), "[-1,255]"),
        (np.array((1 << 64) - 1, np.uint64), "18446744073709551615"),
        (np.array([[True], [False]]), "[[true],[false]]"),
        (np.array([0.1, np.nan, -np.inf], np.float32), "[0.1,NaN,-Infinity]"),
        (np.array(np.inf), "Infinity"),
        (np.zeros((0, 3)), "[]"),
        (np.zeros((2, 0)), "[[],[]]"),
        (np.array([[1, 2], [3, 4]], np.int32).T, "[[1,3],[2,4]]"),
        (np.array([b"a", b"\xff"], object), '["a","\ufffd"]'),
    ],
)
def test_elements_of_each_type_have_their_json_form(array: Array, text: str) -> None:
    assert prediction({"y": array}, by_row=False).decode() == f'{{"outputs":{text}}}'


def test_one_output_that_is_not_finite_leaves_the_others_as_they_are() -> None:
    words = np.array([b"x"], object)
    answer = columns(a=np.array([np.nan]), b=np.array([0.1], np.float32), c=np.array([1]), d=words)
    assert {key: answer[key] for key in "bcd"} == {"b": [0.1], "c": [1], "d": ["x"]}


def test_rows_of_several_outputs_are_objects() -> None:
    outputs = {"a": np.array([1, 2]), "out_bytes": np.array([b"x", b"y"], object)}
    assert json.loads(prediction(outputs, by_row=True)) == {
        "predictions": [{"a": 1, "out_bytes": {"b64": "eA=="}}, {"a": 2, "out_bytes": {"b64": "eQ=="}}]
    }


@pytest.mark.parametrize(
    ("outputs", "by_row", "message"),
    [
        ({}, True, "Cannot convert empty tensor map to JSON"),
        ({"y": np.array(1)}, True, "Tensor name: y has no shape information "),
        ({"y": np.array([1j])}, False, "Failed to write JSON value for tensor type: complex128"),
    ],
)
def test_what_json_cannot_hold_is_an_error(outputs: dict[str, Array], by_row: bool, message: str) -> None:  # noqa: FBT001  a parameter of the test
    with pytest.raises(ServingError) as caught:
        prediction(outputs, by_row=by_row)
    assert caught.value.message == message


def test_an_error_may_hold_any_text() -> None:
    assert json.loads(error('say "\ud800" \n')) == {"error": 'say "?" \n'}
