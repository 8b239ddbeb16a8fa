"""Nodes with less room than is requested: who leaves, and how many."""

from dataclasses import replace
from decimal import Decimal

from tests.support.builders import make_model, make_node, make_pod, make_variant
from tests.support.live import replica_of, stored
from tests.support.moving import look, runs, started

from fogline.conditions import Reason
from fogline.disruption import Standing, crowded_out
from fogline.placement import Overload, Usage, demand_of, overloads
from fogline.snapshot import Snapshot


def standing(model: str, name: str, *, cores: int = 1, priority: int = 0, may_move: bool = True) -> Standing:
    variant = make_variant("cloud", "Cloud", requests={"cpu": str(cores), "memory": "1Gi"})
    made = stored(make_model(model, variants=[variant], placement={"priority": priority}))
    replica = replica_of(runs(made, name, "a"))
    return Standing(demand_of(made), replica, may_move=may_move)


def short_of(cores: int, reason: Reason = Reason.NODE_OVER_COMMITTED) -> list[Overload]:
    return [Overload("a", reason, "cpu", cores * 1000)]


def names(chosen: dict[tuple[str, str], Reason]) -> set[str]:
    return {name for _, name in chosen}


def test_the_lowest_priority_leaves_first_and_no_more_than_needed() -> None:
    there = [standing("high", "h", priority=5), standing("low", "l1"), standing("low", "l2")]
    assert names(crowded_out(short_of(1), there)) == {"l2"}
    assert names(crowded_out(short_of(2), there)) == {"l1", "l2"}
    assert names(crowded_out(short_of(3), there)) == {"l1", "l2", "h"}


def test_small_ones_stay_where_a_large_one_has_to_leave_anyhow() -> None:
    there = [standing("large", "large", cores=3, priority=5), standing("small", "small", cores=1)]
    assert names(crowded_out(short_of(3), there)) == {"large"}


def test_what_is_going_already_counts() -> None:
    going = standing("low", "going")
    going = replace(going, replica=replace(going.replica, terminating=True))
    there = [going, standing("low", "stays"), standing("high", "h", priority=5)]
    assert names(crowded_out(short_of(1), there)) == set()
    assert names(crowded_out(short_of(2), there)) == {"stays"}


def test_who_may_not_move_stays_and_the_next_one_goes() -> None:
    there = [standing("low", "l", may_move=False), standing("high", "h", priority=5)]
    assert names(crowded_out(short_of(1), there)) == {"h"}


def test_a_node_is_over_committed_by_any_resource_and_by_the_share_that_is_ours() -> None:
    pods = [make_pod("p", "a", model="digits"), make_pod("q", "b", model="digits"), make_pod("x", "b")]
    nodes = (
        make_node("a", capacity_share=Decimal("0.2")),
        make_node("b", allocatable={"memory": "1Gi"}),
        make_node("c"),
    )
    found = {
        (one.node, one.reason.value, one.resource) for one in overloads(Usage(Snapshot(nodes, tuple(pods))))
    }
    assert found == {("a", "CapacityShareReached", "cpu"), ("b", "NodeOverCommitted", "memory")}


def test_who_is_crowded_out_moves_whatever_the_cost() -> None:
    model = make_model()
    nodes = [make_node("a", allocatable={"cpu": "1"}), make_node("dear", cost="50")]
    there = [runs(model, "p", "a")]
    outcome = look(nodes, (model, there), crowded_out={("default", "p"): Reason.NODE_OVER_COMMITTED})
    assert started(outcome) == {"p": ("NodeOverCommitted", "dear")}
