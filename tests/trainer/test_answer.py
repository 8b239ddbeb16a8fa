"""The answer in the termination log."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogline_trainer import answer
from fogline_trainer.errors import Reason


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=6000))
def test_an_answer_is_json_and_fits(message: str) -> None:
    content = answer.encode(Reason.FAILED, message, {})
    assert len(content) <= answer.MAX_BYTES
    assert json.loads(content)["reason"] == "Failed"


@pytest.mark.parametrize("letter", ["a", "\n", "é", "\u2028"])
def test_a_message_that_is_too_long_is_cut_and_says_so(letter: str) -> None:
    message = json.loads(answer.encode(Reason.FAILED, letter * 5000, {}))["message"]
    assert message.startswith(letter * 100)
    assert message.endswith("...")


def test_a_result_that_is_too_long_is_left_out_as_a_whole() -> None:
    told = json.loads(answer.encode(Reason.DONE, "prepare is done", {"shards": ["a" * 100] * 50}))
    assert told == {"reason": "Done", "message": "prepare is done", "result": {}}
