"""``fogline events``: Events and remembered moves as one history."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs
from tests.support.builders import make_model
from tests.support.live import NOW

from fogline.api import ModelDeployment, ModelDeploymentStatus, MoveResult, Moves, PastMove
from fogline.cli import style
from fogline.cli.history import history, of_event
from fogline.names import ModelKey

KEY = ModelKey("default", "digits")


def event(note: str, at: datetime = NOW, reason: str = "MoveStarted", **fields: Any) -> dict[str, Any]:
    return {
        "metadata": {"creationTimestamp": "2029-01-01T00:00:00Z"},
        "eventTime": at.isoformat(),
        "reason": reason,
        "note": note,
        "type": "Normal",
        "regarding": {
            "apiVersion": "fogline.dev/v1alpha1",
            "kind": "ModelDeployment",
            "namespace": "default",
            "name": "digits",
        },
        **fields,
    }


def remembering(*ids: str, result: MoveResult = MoveResult.COMPLETED) -> ModelDeployment:
    past = tuple(
        PastMove(
            id=one,
            result=result,
            source="a",
            target="b",
            variant="cloud",
            reason="NodeCordoned",
            message="node b is gone" if result is MoveResult.ABORTED else None,
            started_at=NOW,
            seconds=30,
        )
        for one in ids
    )
    return structs.replace(make_model(), status=ModelDeploymentStatus(moves=Moves(history=past)))


def test_events_and_remembered_moves_are_told_in_the_order_of_time() -> None:
    later, earlier = event("later", NOW + timedelta(minutes=1)), event("earlier", NOW)
    found = history([later, earlier], [remembering("m1")])
    assert [one.note for one in found] == [
        "earlier",
        "move m1 from a to b (NodeCordoned)",
        "later",
    ]


def test_a_move_with_an_event_is_told_once() -> None:
    told = event("move m1 of replica p from a to b (NodeCordoned)", reason="MoveCompleted")
    found = history([told], [remembering("m1", "m2")])
    assert sorted(one.note for one in found) == [
        "move m1 of replica p from a to b (NodeCordoned)",
        "move m2 from a to b (NodeCordoned)",
    ]


def test_an_aborted_move_is_a_warning_with_its_reason() -> None:
    (found,) = history([], [remembering("m1", result=MoveResult.ABORTED)])
    assert (found.reason, found.is_warning) == ("MoveAborted", True)
    assert found.note.endswith("was given up: node b is gone")


def test_one_model_is_told_of_alone() -> None:
    other = make_model("faces")
    about = {**event("x")["regarding"], "name": "faces"}
    assert history([event("x", regarding=about)], [other], KEY) == []
    assert len(history([event("x", regarding=about)], [other])) == 1


@pytest.mark.parametrize("about", [{"apiVersion": "v1", "kind": "Pod"}, {}, {"kind": "ModelDeployment"}])
def test_events_about_something_else_are_left_out(about: dict[str, str]) -> None:
    assert of_event(event("x", regarding=about)) is None


def test_the_last_time_of_a_repeated_event_counts() -> None:
    found = of_event(event("x", series={"lastObservedTime": "2030-05-05T00:00:00.000000Z"}))
    assert found
    assert found.at == datetime(2030, 5, 5, tzinfo=UTC)


def test_notes_fit_into_eighty_columns_and_names_are_not_torn() -> None:
    lines = [*style.folded(f"move m1 from {'a' * 30} to {'b' * 90} (NodeCordoned)", "    ")]
    assert max(len(line) for line in lines if "b" * 90 not in line) <= 80
    assert f"    {'b' * 90}" in lines


@pytest.mark.parametrize(
    ("variables", "is_terminal", "is_painted"),
    [({}, True, True), ({}, False, False), ({"NO_COLOR": "1"}, True, False), ({"TERM": "dumb"}, True, False)],
)
def test_colours_are_for_terminals_and_not_where_they_are_unwanted(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], *, is_terminal: bool, is_painted: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout.isatty", lambda: is_terminal)
    assert (style.paint("Warning", "yellow") != "Warning") is is_painted
