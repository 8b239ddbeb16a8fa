"""The annotation by which a user keeps replicas where they are."""

import pytest
from msgspec import structs
from tests.support.builders import make_model, make_node
from tests.support.live import Document
from tests.support.moving import LATER, look, runs, started, waits

from fogline.api import DataSensitivity, ModelDeployment
from fogline.conditions import Reason
from fogline.disruption.stay import stay_of
from fogline.names import DO_NOT_MOVE_ANNOTATION

MODEL = make_model()
NODES = [make_node("a"), make_node("b", cost="0.1")]
CORDONED = [make_node("a", cordoned=True), make_node("b")]


def marked(value: str, model: ModelDeployment = MODEL) -> Document:
    document = runs(model, "p", "a")
    notes = {**document["metadata"]["annotations"], DO_NOT_MOVE_ANNOTATION: value}
    return {**document, "metadata": {**document["metadata"], "annotations": notes}}


def model_marked(value: str) -> ModelDeployment:
    return structs.replace(
        MODEL, metadata=structs.replace(MODEL.metadata, annotations={DO_NOT_MOVE_ANNOTATION: value})
    )


@pytest.mark.parametrize("value", ["true", "2030-01-02T04:04:06Z", "2030-01-02T05:04:06+01:00", "yes", ""])
def test_a_marked_replica_neither_moves_for_money_nor_for_a_cordon(value: str) -> None:
    for nodes in (NODES, CORDONED):
        for model, pod in ((MODEL, marked(value)), (model_marked(value), runs(MODEL, "p", "a"))):
            outcome = look(nodes, (model, [pod]))
            assert (started(outcome), waits(outcome, MODEL)) == ({}, {"p": "MarkedDoNotMove"})


@pytest.mark.parametrize("value", ["false", "2030-01-02T04:04:05Z", "2020-01-01T00:00:00Z"])
def test_once_the_time_is_over_it_moves(value: str) -> None:
    assert LATER.isoformat() == "2030-01-02T04:04:05+00:00"
    assert set(started(look(NODES, (MODEL, [marked(value)])))) == {"p"}


def test_the_end_of_a_mark_is_when_the_move_is_looked_at_again() -> None:
    outcome = look(NODES, (MODEL, [marked("2030-01-03T00:00:00Z")]))
    (held,) = next(iter(outcome.held.values()))
    assert (held.reason, f"{held.until}") == (Reason.MARKED_DO_NOT_MOVE, "2030-01-03 00:00:00+00:00")


def test_a_data_rule_moves_a_marked_replica() -> None:
    model = make_model(placement={"dataSensitivity": "Internal"})
    nodes = [make_node("a", clearance=DataSensitivity.PUBLIC), make_node("b")]
    assert started(look(nodes, (model, [marked("true", model)]))) == {"p": ("ClearanceTooLow", "b")}


@pytest.mark.parametrize(
    ("value", "is_readable"),
    [("true", True), ("2030-01-03T00:00:00Z", True), ("yes", False), ("2030-01-03", False), ("", False)],
)
def test_what_is_neither_true_nor_a_time_is_told_from_what_is(value: str, is_readable: bool) -> None:  # noqa: FBT001
    stay = stay_of({DO_NOT_MOVE_ANNOTATION: value})
    assert stay is not None
    assert stay.is_readable is is_readable
