"""REST answers as JSON text, as TensorFlow Serving writes it but for white space."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogline_model_server.dtypes import Array
from fogline_model_server.errors import ServingError
from fogline_model_server.rest.encode import error, prediction
from fogline_model_server.rest.numbers import decimals


def columns(**outputs: Array) -> Any:
    return json.loads(prediction(outputs, by_row=False))["outputs"]


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.array([0.1, 2], np.float32), "[0.1,2.0]"),
        (np.array([0.1, 2], np.float16), "[0.0999755859,2.0]"),
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


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (np.float32(1 / 3), "0.333333343"),
        (np.float32(9e6), "9e+06"),
        (np.float32(3e-5), "3e-05"),
        (np.float32(1234567), "1234567.0"),
        (np.float32(-0.0), "-0.0"),
        (np.float32(1e-45), "1.4013e-45"),
        (np.float32(3.4028235e38), "3.40282347e+38"),
        (np.float64(0.1) + 0.2, "0.30000000000000004"),
        (np.float64(1e16), "1e+16"),
        (np.float64(1.7976931348623157e308), "1.7976931348623157e+308"),
    ],
)
def test_numbers_have_six_digits_or_all_they_need(number: np.floating[Any], text: str) -> None:
    assert decimals(np.array(number)) == [text]


@given(st.lists(st.floats(width=32)))
def test_single_precision_numbers_read_back_as_they_were(numbers: list[float]) -> None:
    array = np.array(numbers, np.float32)
    np.testing.assert_array_equal(np.array(decimals(array)).astype(np.float32), array)


@given(st.lists(st.floats()))
def test_double_precision_numbers_read_back_as_they_were(numbers: list[float]) -> None:
    array = np.array(numbers, np.float64)
    np.testing.assert_array_equal(np.array(decimals(array)).astype(np.float64), array)


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
        ({"y": np.zeros((0, 3))}, True, "Tensor name: y has invalid batch size: 0"),
        (
            {"a": np.zeros(2), "b": np.zeros(3)},
            True,
            "Tensor name: b has inconsistent batch size: 3 expecting: 2",
        ),
        ({"y": np.array([1j])}, False, "Failed to write JSON value for tensor type: complex128"),
    ],
)
def test_what_json_cannot_hold_is_an_error(outputs: dict[str, Array], by_row: bool, message: str) -> None:  # noqa: FBT001  a parameter of the test
    with pytest.raises(ServingError) as caught:
        prediction(outputs, by_row=by_row)
    assert caught.value.message == message


def test_an_error_may_hold_any_text() -> None:
    assert json.loads(error('say "\ud800" \n')) == {"error": 'say "?" \n'}
