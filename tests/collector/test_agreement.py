"""Whether two versions answer alike: classes, numbers, shapes, errors, and answers that mean harm."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogline.collector.agreement import Reply, is_alike


def rows(*predictions: Any) -> Reply:
    return Reply(200, json.dumps({"predictions": predictions}).encode())


def columns(outputs: Any) -> Reply:
    return Reply(200, json.dumps({"outputs": outputs}).encode())


def raw(body: str, status: int = 200) -> Reply:
    return Reply(status, body.encode(errors="surrogatepass"))


def test_answers_that_name_the_same_class_are_alike_however_sure_they_are() -> None:
    assert is_alike(rows([0.1, 0.9], [0.8, 0.2]), rows([0.4, 0.6], [0.6, 0.4]))
    assert is_alike(rows([0.1, 0.9]), rows([0.9, 0.1])) is False
    assert is_alike(rows([0.1, 0.9], [0.8, 0.2]), rows([0.1, 0.9], [0.2, 0.8])) is False


def test_the_class_is_that_of_the_last_axis() -> None:
    assert is_alike(rows([[1, 2], [4, 3]]), rows([[5, 6], [8, 7]]))
    assert is_alike(rows([[1, 2], [4, 3]]), rows([[5, 6], [7, 8]])) is False


def test_single_numbers_are_alike_within_a_thousandth() -> None:
    assert is_alike(rows([100.0], [7]), rows([100.09], [7.0]))
    assert is_alike(rows([100.0]), rows([100.2])) is False
    assert is_alike(rows(100.0, 1), rows(100.0, 2)) is False
    assert is_alike(rows(0.0), rows(1e-9))


def test_each_named_output_of_a_row_is_compared() -> None:
    old = rows({"scores": [0.1, 0.9], "age": 40.0})
    assert is_alike(old, rows({"scores": [0.2, 0.8], "age": 40.01}))
    assert is_alike(old, rows({"scores": [0.2, 0.8], "age": 50.0})) is False
    assert is_alike(old, rows({"scores": [0.2, 0.8]})) is False
    assert is_alike(old, rows({"scores": [0.2, 0.8], "years": 40.0})) is False


def test_outputs_by_column_are_compared_row_by_row() -> None:
    assert is_alike(columns([[0.1, 0.9]]), columns([[0.4, 0.6]]))
    assert is_alike(columns({"a": [1.0, 2.0], "b": [[1, 2]]}), columns({"a": [1.0, 2.0], "b": [[3, 4]]}))
    assert is_alike(columns({"a": [1.0, 2.0]}), columns({"a": [1.0, 2.1]})) is False
    assert is_alike(columns({"a": [1.0]}), columns([1.0])) is False
    assert is_alike(columns([[1, 2]]), rows([1, 2])) is False


def test_words_are_alike_when_they_are_the_same() -> None:
    assert is_alike(rows(["cat"], [True]), rows(["cat"], [True]))
    assert is_alike(rows(["cat"]), rows(["dog"])) is False
    assert is_alike(rows(True), rows(1)) is False  # noqa: FBT003  a value of an answer


@pytest.mark.parametrize(
    "new",
    [rows([1, 2, 3]), rows([1, 2], [1, 2]), rows(), rows([[1, 2]]), rows(1), rows(["1", "2"]), raw("{}")],
)
def test_another_shape_is_not_alike(new: Reply) -> None:
    assert is_alike(rows([1, 2]), new) is False


@pytest.mark.parametrize(
    "new",
    [
        raw("", 500),
        raw('{"error": "no"}', 400),
        raw("none"),
        raw(""),
        raw("[1]"),
        raw('{"predictions": [NaN]}'),
        raw('{"predictions": [1e999]}'),
        raw('{"predictions": ["\ud800"]}'),
        raw("[" * 100_000),
        raw('{"predictions": ' + "[" * 100_000),
    ],
    ids=range(10),
)
def test_an_error_of_the_new_version_is_not_alike_and_one_of_the_old_version_does_not_count(
    new: Reply,
) -> None:
    assert is_alike(rows([1, 2]), new) is False
    assert is_alike(new, rows([1, 2])) is None


@pytest.mark.parametrize("new", [None, raw("", 429), raw("", 503), raw("", 504)])
def test_who_does_not_answer_or_is_busy_says_nothing_about_the_version(new: Reply | None) -> None:
    assert is_alike(rows([1, 2]), new) is None
    assert is_alike(new, rows([1, 2])) is None


def test_numbers_and_depths_beyond_any_model_do_no_harm() -> None:
    huge = raw('{"predictions": [' + "9" * 400 + "]}")
    assert is_alike(huge, rows(1.0)) is False
    assert is_alike(rows(1.0), huge) is False
    deep = raw('{"predictions": ' + "[" * 800 + "1" + "]" * 800 + "}")
    assert is_alike(deep, deep) in {True, None}
    assert is_alike(rows([1, 2]), deep) is False


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(JSON, JSON)
def test_whatever_is_answered_there_is_a_verdict_and_every_answer_is_like_itself(old: Any, new: Any) -> None:
    for first, second in ((rows(old), rows(new)), (columns(old), columns(new))):
        assert is_alike(first, second) in {True, False, None}
        assert is_alike(first, first) in {True, None}
