"""Budgets: how many moves run at once, and when."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.support.builders import make_model, make_node
from tests.support.moving import AT_WILL, LATER, look, runs, started, waits

from fogline.api import ModelDeployment, MoveBudget, parse_budgets
from fogline.conditions import Reason
from fogline.disruption import Purse, Running
from fogline.disruption.budgets import allows, window_end
from fogline.mover.rebalance import Rebalance
from fogline.names import ModelKey

NODES = [make_node("a", cordoned=True), make_node("b", allocatable={"cpu": "40"})]


def model_with(*budgets: dict[str, Any], name: str = "digits", replicas: int = 4) -> ModelDeployment:
    return make_model(name, replicas=replicas, disruption={"budgets": list(budgets)} if budgets else {})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def leave(model: ModelDeployment, *, cluster: Purse = AT_WILL, **more: Any) -> Rebalance:
    """Let all replicas of a model have to leave a cordoned node."""
    names = [f"{model.metadata.name}-{number}" for number in range(model.spec.replicas)]
    return look(NODES, (model, [runs(model, name, "a") for name in names]), cluster=cluster, **more)


def test_one_replica_of_a_model_moves_at_a_time_where_nothing_else_is_said() -> None:
    outcome = leave(model_with())
    assert len(outcome.start) == 1
    assert list(waits(outcome, model_with()).values()) == ["WaitingForBudget"] * 3


@pytest.mark.parametrize(("moves", "begin"), [(2, 2), (0, 0), (9, 4), ("50%", 2), ("30%", 2), ("0%", 0)])
def test_a_budget_says_how_many_a_part_counts_as_a_whole(moves: int | str, begin: int) -> None:
    assert len(leave(model_with({"moves": moves})).start) == begin


def test_the_tightest_budget_counts() -> None:
    assert len(leave(model_with({"moves": 3}, {"moves": 2}, {"moves": "100%"})).start) == 2


def test_a_budget_for_a_reason_is_about_moves_of_that_reason_only() -> None:
    assert len(leave(model_with({"moves": 4}, {"moves": 1, "reasons": ["NodeCordoned"]})).start) == 1
    assert len(leave(model_with({"moves": 4}, {"moves": 1, "reasons": ["BetterNode"]})).start) == 4


def test_a_budget_for_some_reasons_leaves_the_one_at_a_time_in_place() -> None:
    assert len(leave(model_with({"moves": 3, "reasons": ["NodeCordoned"]})).start) == 1


def test_the_cluster_has_budgets_of_its_own_that_count_moves_of_all_models() -> None:
    cluster = Purse(parse_budgets([{"moves": "20%"}]), 10)
    underway = (Running(ModelKey("default", "other"), "BetterNode"),)
    outcome = leave(model_with({"moves": 4}), cluster=cluster, underway=underway)
    assert len(outcome.start) == 1
    held = outcome.held[ModelKey("default", "digits")]
    assert {one.spent.whose for one in held if one.spent} == {None}


def test_moves_underway_count() -> None:
    underway = (Running(ModelKey("default", "digits"), "BetterNode"),)
    assert leave(model_with(), underway=underway).start == ()


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        ("2030-01-02T08:59:59", None),  # a Wednesday
        ("2030-01-02T09:00:00", "2030-01-02T17:00:00"),
        ("2030-01-02T16:59:59", "2030-01-02T17:00:00"),
        ("2030-01-02T17:00:00", None),
        ("2030-01-05T12:00:00", None),  # a Saturday
    ],
)
def test_a_window_begins_on_schedule_and_lasts_as_long_as_it_says(moment: str, end: str | None) -> None:
    budget = MoveBudget(moves=0, schedule="0 9 * * mon-fri", duration_seconds=8 * 3600)
    assert window_end(budget, at(moment)) == (at(end) if end else None)


def test_windows_that_follow_each_other_without_a_gap_last_until_the_latest_ends() -> None:
    budget = MoveBudget(moves=0, schedule="*/10 * * * *", duration_seconds=900)
    assert window_end(budget, at("2030-01-02T09:12:00")) == at("2030-01-02T09:25:00")


def test_in_a_window_without_moves_nothing_starts_and_it_is_told_until_when() -> None:
    closed = {"moves": 0, "schedule": "0 4 * * *", "durationSeconds": 3600}
    outcome = leave(model_with({"moves": 4}, closed))
    assert at("2030-01-02T04:04:05") == LATER
    (held, *_) = outcome.held[ModelKey("default", "digits")]
    assert (outcome.start, held.reason, held.until) == ((), Reason.OUTSIDE_WINDOW, at("2030-01-02T05:00:00"))
    assert len(leave(model_with({"moves": 4}, closed), now=held.until).start) == 4


def test_a_data_rule_needs_no_budget() -> None:
    model = make_model(
        replicas=4, placement={"allowedRegions": ["eu-west"]}, disruption={"budgets": [{"moves": 0}]}
    )
    nodes = [make_node("a", region="us"), make_node("b", allocatable={"cpu": "40"})]
    there = [runs(model, f"p{number}", "a") for number in range(4)]
    outcome = look(nodes, (model, there), cluster=Purse(parse_budgets([{"moves": 0}]), 4))
    assert len(started(outcome)) == 4


@pytest.mark.parametrize(("percent", "replicas", "moves"), [("20%", 0, 0), ("20%", 1, 1), ("20%", 6, 2)])
def test_a_percentage_is_rounded_up(percent: str, replicas: int, moves: int) -> None:
    assert allows(MoveBudget(moves=percent), replicas) == moves


def test_a_schedule_that_never_comes_is_found_without_a_search_of_years() -> None:
    budget = MoveBudget(moves=0, schedule="0 0 29 2 *", duration_seconds=60)
    assert window_end(budget, at("2030-01-02T00:00:00")) is None
    assert window_end(budget, at("2028-02-29T00:00:30") + timedelta(0)) == at("2028-02-29T00:01:00")
