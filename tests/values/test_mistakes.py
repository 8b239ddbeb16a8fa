"""Mistakes of ours: who is left out, what is told, and how often."""

import logging
from collections.abc import Callable, Sequence

import msgspec
import pytest
from tests.support.builders import make_model
from tests.support.live import stored

from fogline.mistakes import Mistakes, Part
from fogline.names import ModelKey
from fogline.observe import Models

A, B, C = (ModelKey("default", name) for name in "abc")


class Told:
    """Mistakes, and what came of them."""

    def __init__(self) -> None:
        self.models = Models()
        self.changed: list[ModelKey] = []
        self.counted: list[Part] = []
        self.mistakes = Mistakes(self.models, self.changed.extend, self.counted.append)


def failing_with(*bad: ModelKey) -> Callable[[Sequence[ModelKey]], list[str]]:
    """Give a decision on models, which fails with bad ones."""

    def decide(keys: Sequence[ModelKey]) -> list[str]:
        if set(bad) & set(keys):
            raise KeyError(keys)
        return [f"{key.name} of {len(keys)}" for key in keys]

    return decide


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def test_models_are_decided_together_but_for_those_that_a_mistake_happens_with() -> None:
    told = Told()
    assert told.mistakes.each([A, B, C], Part.PLACE, failing_with(B)) == ["a of 2", "c of 2"]
    assert (told.changed, told.counted) == ([B], [Part.PLACE])
    assert told.mistakes.of(B)[Part.PLACE].error == "KeyError"


def test_a_mistake_that_happens_again_is_counted_and_told_no_more(caplog: pytest.LogCaptureFixture) -> None:
    told = Told()
    for _ in range(3):
        told.mistakes.each([A, B], Part.PLACE, failing_with(A))
    assert (told.changed, told.counted) == ([A], [Part.PLACE] * 3)
    assert len(errors(caplog)) == 1
    assert caplog.records[-1].exc_info


def test_a_mistake_with_another_spec_is_told_again(caplog: pytest.LogCaptureFixture) -> None:
    told = Told()
    for generation in (1, 1, 2):
        model = stored(make_model("a"), generation=generation)
        kind = {"apiVersion": "fogline.dev/v1alpha1", "kind": "ModelDeployment"}
        told.models.remember({**kind, **msgspec.to_builtins(model)})
        told.mistakes.each([A], Part.PLACE, failing_with(A))
    assert len(errors(caplog)) == 2


def test_a_mistake_is_over_when_its_part_goes_well_again_and_no_other_part_ends_it() -> None:
    told = Told()
    told.mistakes.each([A], Part.PLACE, failing_with(A))
    told.mistakes.each([A], Part.MOVE, failing_with())
    assert Part.PLACE in told.mistakes.of(A)
    told.changed.clear()
    told.mistakes.each([A], Part.PLACE, failing_with())
    assert (told.mistakes.of(A), told.changed) == ({}, [A])


def test_a_mistake_that_happens_with_no_model_alone_is_told_and_all_are_decided(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told = Told()

    def decide(keys: Sequence[ModelKey]) -> list[str]:
        if len(keys) > 1:
            raise KeyError("together")
        return [key.name for key in keys]

    for _ in range(2):
        assert told.mistakes.each([A, B], Part.PLACE, decide) == ["a", "b"]
    assert errors(caplog) == ["a mistake of Fogline with several models"]
    assert told.counted == [Part.PLACE] * 2


def test_where_it_happened_is_told_and_the_text_of_the_exception_is_not() -> None:
    told = Told()
    with told.mistakes.apart(A, Part.WRITE):
        Models().remember({"metadata": {"namespace": "default", "secret": "1"}})
    text = str(told.mistakes.of(A)[Part.WRITE])
    assert text.startswith("KeyError in fogline.observe.models:")


def test_no_memory_is_no_mistake_of_a_model() -> None:
    told = Told()
    with pytest.raises(MemoryError), told.mistakes.apart(A, Part.WRITE):
        raise MemoryError
    assert told.mistakes.of(A) == {}
