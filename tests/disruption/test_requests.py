"""Moves that users ask for by the annotation of a ModelDeployment."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs
from tests.support.builders import make_model, make_node
from tests.support.moving import AT_WILL, LATER, look, runs, started, waits

from fogline.api import (
    DataSensitivity,
    ModelDeployment,
    ModelDeploymentStatus,
    MoveBudget,
    MoveResult,
    Moves,
    PastMove,
)
from fogline.disruption import MoveRequest, Purse, move_requests, unreadable_requests
from fogline.disruption.explain import say_held
from fogline.names import DO_NOT_MOVE_ANNOTATION, REQUESTED_MOVES_ANNOTATION

MODEL = make_model()
NODES = [make_node("a", cost="1"), make_node("b", cost="9")]
REQUEST = MoveRequest("p", "b", LATER + timedelta(minutes=5))


def asking(*requests: MoveRequest | str, model: ModelDeployment = MODEL) -> ModelDeployment:
    notes = {REQUESTED_MOVES_ANNOTATION: ",".join(map(str, requests or [REQUEST]))}
    return structs.replace(model, metadata=structs.replace(model.metadata, annotations=notes))


def asked(model: ModelDeployment, **scene: Any) -> Any:
    return look(scene.pop("nodes", NODES), (model, [runs(model, "p", "a")]), **scene)


def test_a_replica_goes_where_a_user_asks_although_that_costs_more() -> None:
    outcome = asked(asking())
    assert started(outcome) == {"p": ("Requested", "b")}
    (proposal,) = outcome.start
    assert proposal.begun("new", MODEL.spec.rebalancing.strategy, LATER).id == REQUEST.move_id


@pytest.mark.parametrize("mode", ["DryRun", "Disabled"])
def test_it_goes_also_where_nothing_moves_by_itself(mode: str) -> None:
    model = asking(model=make_model(rebalancing={"mode": mode}))
    assert started(asked(model)) == {"p": ("Requested", "b")}


def test_a_node_that_breaks_a_rule_is_refused_and_the_status_says_why() -> None:
    nodes = [NODES[0], make_node("b", clearance=DataSensitivity.PUBLIC)]
    model = asking(model=make_model(placement={"dataSensitivity": "Internal"}))
    outcome = asked(model, nodes=nodes)
    assert (started(outcome), waits(outcome, model)) == ({}, {"p": "NoPlaceToMove"})
    (held,) = outcome.held.values()
    assert say_held(held) == (
        "p is asked to leave a (Requested): 1 node ClearanceTooLow (b: needs clearance Internal, has Public)"
    )


def test_a_node_that_is_not_ready_is_not_left_for_a_wish() -> None:
    outcome = asked(asking(), nodes=[make_node("a", ready=False), make_node("b"), make_node("c")])
    assert (started(outcome), waits(outcome, MODEL)) == ({}, {"p": "NoPlaceToMove"})


def test_budgets_hold_it_like_other_moves() -> None:
    none = Purse((MoveBudget(moves=0),), 1)
    outcome = asked(asking(), cluster=none)
    assert (started(outcome), waits(outcome, MODEL)) == ({}, {"p": "WaitingForBudget"})


def test_what_must_not_move_does_not_even_when_asked() -> None:
    notes = {**asking().metadata.annotations, DO_NOT_MOVE_ANNOTATION: "true"}
    outcome = asked(structs.replace(MODEL, metadata=structs.replace(MODEL.metadata, annotations=notes)))
    assert (started(outcome), waits(outcome, MODEL)) == ({}, {"p": "MarkedDoNotMove"})


def test_what_forces_a_move_goes_before_a_wish() -> None:
    nodes = [make_node("a", cordoned=True), make_node("b"), make_node("c", cost="0.1")]
    assert started(asked(asking(), nodes=nodes)) == {"p": ("NodeCordoned", "c")}


@pytest.mark.parametrize(
    "request_",
    [
        MoveRequest("p", "a", REQUEST.until),
        MoveRequest("gone", "b", REQUEST.until),
        MoveRequest("p", "nowhere", REQUEST.until),
        MoveRequest("p", "b", LATER),
    ],
    ids=["is there already", "replica is gone", "node is gone", "its time is up"],
)
def test_a_request_is_over_by_itself(request_: MoveRequest) -> None:
    outcome = asked(asking(request_))
    assert (started(outcome), waits(outcome, MODEL)) == ({}, {})


def test_a_move_that_has_ended_is_not_begun_again() -> None:
    past = PastMove(
        id=REQUEST.move_id,
        result=MoveResult.ABORTED,
        source="a",
        target="b",
        variant="cloud",
        reason="Requested",
        started_at=LATER,
        seconds=600,
    )
    told = structs.replace(asking(), status=ModelDeploymentStatus(moves=Moves(history=(past,))))
    assert started(asked(told)) == {}


def test_several_are_asked_for_at_once_and_room_is_counted() -> None:
    model = make_model(
        replicas=2, disruption={"budgets": [{"moves": 2}]}, placement={"spread": {"maxPerNode": 1}}
    )
    nodes = [make_node("a"), make_node("b"), make_node("c"), make_node("d")]
    both = asking(MoveRequest("p", "c", REQUEST.until), MoveRequest("q", "c", REQUEST.until), model=model)
    outcome = look(nodes, (both, [runs(both, "p", "a"), runs(both, "q", "b")]), cluster=AT_WILL)
    assert started(outcome) == {"p": ("Requested", "c")}
    assert waits(outcome, both) == {"q": "NoPlaceToMove"}


@pytest.mark.parametrize("text", ["p", "p=b", "p=b@soon", "p=b@2030-01-31", "=b@2030-01-31T00:00:00Z"])
def test_what_cannot_be_read_is_told_and_does_not_hide_the_others(text: str) -> None:
    notes = asking(text, REQUEST).metadata.annotations
    assert move_requests(notes) == (REQUEST,)
    (complaint,) = unreadable_requests(notes)
    assert repr(text) in complaint


def test_a_request_is_read_as_it_was_written() -> None:
    assert move_requests({REQUESTED_MOVES_ANNOTATION: str(REQUEST)}) == (REQUEST,)
    assert [*unreadable_requests({})] == []
