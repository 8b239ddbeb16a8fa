"""Moves that are not forced: they save enough, and nothing happens twice in short order."""

from datetime import timedelta
from decimal import Decimal

import pytest
from tests.support.builders import make_edge_node, make_model, make_node
from tests.support.live import NOW
from tests.support.moving import LATER, look, runs, started, waits

from fogline.snapshot import Node

ONE = make_model(rebalancing={"minSavingPercent": 20, "cooldownSeconds": 600})


def test_a_replica_goes_to_a_node_that_saves_the_least_share_and_the_cost_of_the_move() -> None:
    outcome = look([make_node("a"), make_node("b", cost="0.799")], (ONE, [runs(ONE, "p", "a")]))
    assert started(outcome) == {"p": ("BetterNode", "b")}
    assert outcome.start[0].saving_per_hour == Decimal("0.201")


@pytest.mark.parametrize("cost", ["0.7995", "0.8", "1", "3"])
def test_a_replica_stays_where_a_move_saves_less(cost: str) -> None:
    outcome = look([make_node("a"), make_node("b", cost=cost)], (ONE, [runs(ONE, "p", "a")]))
    assert (started(outcome), waits(outcome, ONE)) == ({}, {})


def test_latency_counts_as_the_objective_counts_it() -> None:
    near = make_model(placement={"latency": {"targetMilliseconds": 10}}, replicas=1)
    nodes = [make_node("a", cost="0.01", latency_milliseconds=40), make_edge_node("e", cost="0.02")]
    assert started(look(nodes, (near, [runs(near, "p", "a")]))) == {"p": ("BetterNode", "e")}


def test_a_node_that_is_paid_anyhow_costs_nothing_more() -> None:
    other = make_model("other")
    outcome = look(
        [make_node("a"), make_node("b")],
        (ONE, [runs(ONE, "p", "a")]),
        (other, [runs(other, "o1", "b"), runs(other, "o2", "b")]),
    )
    assert started(outcome) == {"p": ("BetterNode", "b")}


@pytest.mark.parametrize(("cost", "moves"), [("0.85", {}), ("0.79", {"p": ("BetterNode", "b")})])
def test_room_in_a_node_that_is_paid_anyhow_counts_for_its_share(
    cost: str, moves: dict[str, tuple[str, str]]
) -> None:
    """A quarter of the node of 1 dollar is 0.25; of the other it may be 0.199 at most."""
    other = make_model("other")
    outcome = look(
        [make_edge_node("e"), make_node("b", cost=cost)],
        (ONE, [runs(ONE, "p", "e", "edge")]),
        (other, [runs(other, "o1", "b"), runs(other, "o2", "b")]),
    )
    assert started(outcome) == moves
    assert [one.saving_per_hour for one in outcome.start] == [Decimal("0.25")] * len(moves)


def test_of_several_nodes_the_one_that_is_cheapest_by_the_share_is_taken() -> None:
    other = make_model("other")
    outcome = look(
        [make_edge_node("e"), make_edge_node("f", cost="0.5"), make_node("b")],
        (ONE, [runs(ONE, "p", "e", "edge")]),
        (other, [runs(other, "o1", "b"), runs(other, "o2", "b")]),
    )
    assert started(outcome) == {"p": ("BetterNode", "f")}


def test_two_replicas_that_are_each_alone_on_a_node_do_not_change_places() -> None:
    other = make_model("other", rebalancing={"minSavingPercent": 0})
    outcome = look(
        [make_node("a"), make_node("b")], (ONE, [runs(ONE, "p", "a")]), (other, [runs(other, "o", "b")])
    )
    assert len(outcome.start) == 1


def test_a_node_that_the_replica_of_another_model_is_leaving_is_paid_anew() -> None:
    other = make_model("other")
    leaving = [runs(other, "o", "b")]
    (victim,) = look([make_node("b", cordoned=True), make_node("c")], (other, leaving)).start
    outcome = look(
        [make_node("a", cost="0.5"), make_node("b", cost="9")],
        (ONE, [runs(ONE, "p", "a")]),
        victims=(victim.replica,),
    )
    assert started(outcome) == {}


def small(name: str, cost: str = "0.1") -> Node:
    return make_node(name, cost=cost, allocatable={"cpu": "1"})


def nodes(cheap: str = "0.1") -> list[Node]:
    return [make_node("a"), make_node("b", cost=cheap)]


def test_a_replica_stays_for_its_cool_down_and_it_is_told_until_when() -> None:
    outcome = look(nodes(), (ONE, [runs(ONE, "p", "a")]), now=NOW + timedelta(seconds=599))
    assert (started(outcome), waits(outcome, ONE)) == ({}, {"p": "CoolingDown"})
    (held,) = next(iter(outcome.held.values()))
    assert held.until == NOW + timedelta(seconds=600)
    assert started(look(nodes(), (ONE, [runs(ONE, "p", "a")]), now=held.until)) != {}


def test_a_cool_down_that_began_by_a_clock_far_ahead_of_ours_is_none() -> None:
    early = look(nodes(), (ONE, [runs(ONE, "p", "a")]), now=NOW - timedelta(seconds=600))
    assert (started(early), waits(early, ONE)) == ({}, {"p": "CoolingDown"})
    assert started(look(nodes(), (ONE, [runs(ONE, "p", "a")]), now=NOW - timedelta(seconds=601))) != {}


def test_in_a_dry_run_moves_are_planned_and_none_starts() -> None:
    dry = make_model(rebalancing={"mode": "DryRun"})
    outcome = look(nodes(), (dry, [runs(dry, "p", "a")]))
    assert (started(outcome), waits(outcome, dry)) == ({}, {"p": "MovesPlanned"})


def test_with_rebalancing_disabled_nothing_is_looked_for() -> None:
    never = make_model(rebalancing={"mode": "Disabled"})
    outcome = look(nodes(), (never, [runs(never, "p", "a")]))
    assert (started(outcome), waits(outcome, never)) == ({}, {})


def test_nothing_moves_for_money_while_a_replica_is_missing() -> None:
    two = make_model(replicas=2)
    assert started(look(nodes(), (two, [runs(two, "p", "a")]))) == {}


def test_the_move_that_saves_most_comes_first() -> None:
    dear = make_model("dear")
    outcome = look(
        [small("a", "1"), small("b", "5"), small("c"), small("d")],
        (ONE, [runs(ONE, "p", "a")]),
        (dear, [runs(dear, "q", "b")]),
    )
    assert [one.replica.name for one in outcome.start] == ["q", "p"]


def test_no_limit_of_the_model_is_broken_to_save_money() -> None:
    apart = make_model(replicas=2, placement={"spread": {"maxPerNode": 1}})
    there = [runs(apart, "p", "a"), runs(apart, "q", "b")]
    assert started(look(nodes(), (apart, there))) == {}


def test_what_has_moved_once_finds_nothing_better_where_it_came_from() -> None:
    outcome = look(nodes(), (ONE, [runs(ONE, "p", "b")]), now=LATER)
    assert started(outcome) == {}
