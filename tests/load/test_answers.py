"""What an answer names."""

import json
from typing import Any

import numpy as np
import pytest

from fogline.load.answers import UnreadableError, of_grpc, of_rest, same
from fogline_model_server import messages
from fogline_model_server.tensors import to_proto


def rest(row: Any) -> bytes:
    return json.dumps({"predictions": [row]}).encode()


@pytest.mark.parametrize(
    ("row", "output", "named"),
    [
        ([0.1, 0.7, 0.2], None, 1),
        ({"scores": [0.1, 0.7, 0.2]}, None, 1),
        ({"scores": [0.9, 0.1], "total": 3.5}, "total", 3.5),
        ([2.5], None, 2.5),
        ("cat", None, "cat"),
        ({"class": ["dog"]}, "class", "dog"),
    ],
)
def test_a_row_names_its_best_class_or_the_value_that_stands_alone(
    row: Any, output: str | None, named: Any
) -> None:
    assert of_rest(rest(row), output) == named


@pytest.mark.parametrize(
    ("body", "output", "says"),
    [
        (b"<html>", None, "no row of predictions"),
        (b'{"error": "busy"}', None, "no row of predictions"),
        (rest({"a": [1], "b": [2]}), None, "the outputs are a, b"),
        (rest({"a": [1]}), "z", "the outputs are a:"),
        (rest([[1, 2], [3, 4]]), None, "neither a row of scores"),
    ],
)
def test_what_names_nothing_is_said_to(body: bytes, output: str | None, says: str) -> None:
    with pytest.raises(UnreadableError, match=says):
        of_rest(body, output)


def test_grpc_answers_name_the_same() -> None:
    outputs = {"scores": to_proto(np.array([[0.1, 0.7, 0.2]], np.float32))}
    assert of_grpc(messages.PredictResponse(outputs=outputs).SerializeToString(), None) == 1
    square = {"y": to_proto(np.zeros((1, 2, 2), np.float32))}
    with pytest.raises(UnreadableError, match="no row of scores"):
        of_grpc(messages.PredictResponse(outputs=square).SerializeToString(), None)
    with pytest.raises(UnreadableError, match="no PredictResponse"):
        of_grpc(b"\xff", None)


def test_numbers_are_the_same_to_three_digits_and_texts_to_the_letter() -> None:
    assert same(3, 3)
    assert same(3, 3.0)
    assert same(1.0004, 1.0)
    assert not same(1.01, 1.0)
    assert same("3", 3)
    assert not same("cat", "Cat")
