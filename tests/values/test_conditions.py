"""The vocabulary: no reason is dead, and each that refuses a node has its words."""

import ast
from functools import cache
from itertools import chain, takewhile
from pathlib import Path

import pytest

import fogline
from fogline.api import MoveReason
from fogline.conditions import ConditionType, ProfileConditionType, Reason, TrainingConditionType
from fogline.guidance import (
    CONDITION_REASONS,
    CONDITIONS,
    EVENT_REASONS,
    GUIDANCE,
    PROFILE_CONDITION_REASONS,
    PROFILE_CONDITIONS,
    REASONS_OF_ALL_CONDITIONS,
    REFUSAL_REASONS,
    TRAINING_CONDITION_REASONS,
    TRAINING_CONDITIONS,
)
from fogline.placement import Rejection
from fogline.placement.explain import describe

PACKAGE = Path(fogline.__file__).parent
REFUSALS = [*takewhile(lambda reason: reason is not Reason.VALID, Reason)]


@cache
def used() -> frozenset[tuple[str, str]]:
    """Give the members of enums that the package names, outside of the enums themselves."""
    return frozenset(
        (node.value.id, node.attr)
        for path in PACKAGE.rglob("*.py")
        if path.name not in {"conditions.py", "guidance.py"}
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    )


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_given_by_something(reason: Reason) -> None:
    assert ("Reason", reason.name) in used()


@pytest.mark.parametrize("kind", ConditionType)
def test_every_condition_is_judged_by_something(kind: ConditionType) -> None:
    assert ("ConditionType", kind.name) in used()


@pytest.mark.parametrize("reason", REFUSALS)
def test_every_reason_that_refuses_a_node_has_its_words(reason: Reason) -> None:
    text = describe(Rejection("edge-1", reason, subject="cpu", needs=2, has=1))
    assert text.startswith("edge-1: ")
    assert len(text) > len("edge-1: ")
    assert reason.value not in text


def test_tokens_are_camel_case_and_say_one_thing_each() -> None:
    tokens = [*Reason, *ConditionType]
    assert all(token.value.isalpha() and token.value[0].isupper() for token in tokens)
    for enum in (Reason, ConditionType):
        assert len({member.value for member in enum}) == len(enum.__members__)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_explained_and_stands_in_a_table(reason: Reason) -> None:
    assert GUIDANCE[reason].meaning
    assert GUIDANCE[reason].action
    told = {*chain(*CONDITION_REASONS.values()), *REASONS_OF_ALL_CONDITIONS, *REFUSAL_REASONS, *EVENT_REASONS}
    told |= {*chain(*TRAINING_CONDITION_REASONS.values())}
    told |= {*chain(*PROFILE_CONDITION_REASONS.values()), *(Reason(one.value) for one in MoveReason)}
    assert reason in told


def test_every_condition_is_explained_and_has_reasons() -> None:
    assert set(CONDITIONS) == set(CONDITION_REASONS) == set(ConditionType)
    assert set(TRAINING_CONDITIONS) == set(TRAINING_CONDITION_REASONS) == set(TrainingConditionType)
    assert set(PROFILE_CONDITIONS) == set(PROFILE_CONDITION_REASONS) == set(ProfileConditionType)


def test_the_reasons_that_refuse_a_node_are_told_in_the_order_of_the_vocabulary() -> None:
    assert list(REFUSAL_REASONS) == REFUSALS


def test_nothing_but_the_vocabulary_writes_a_reason_down() -> None:
    """So conditions, Events, metrics and rejections can only have tokens of the enum."""
    written = {
        (str(path.relative_to(PACKAGE)), node.value)
        for path in PACKAGE.rglob("*.py")
        if path.name not in {"conditions.py", "enums.py"}  # MoveReason is held against Reason below
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    tokens = {reason.value for reason in Reason}
    assert {(path, text) for path, text in written if text in tokens} == set()


def test_what_budgets_are_limited_to_are_reasons() -> None:
    assert {reason.value for reason in MoveReason} <= {reason.value for reason in Reason}
