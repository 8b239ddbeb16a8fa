"""The optimiser: what each rule does to its plan, and when it moves a replica."""

from dataclasses import replace
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from tests.support.builders import make_demand, make_edge_node, make_node, make_pod, make_variant

from fogline.api import DataSensitivity, Tier
from fogline.conditions import Reason
from fogline.placement import Demand
from fogline.placement.limits import Limits, Work
from fogline.placement.optimised import OptimisedPlan
from fogline.placement.optimiser import optimise
from fogline.placement.optimiser.problem import Problem
from fogline.placement.optimiser.solve import Solution
from fogline.snapshot import Node, Pod, Snapshot, Taint

CLOUD_ONLY = [make_variant("cloud", "Cloud")]


def used(demands: list[Demand], nodes: list[Node], pods: tuple[Pod, ...] = ()) -> list[str]:
    """Give the nodes of a plan, one for each replica."""
    return sorted(one.node for one in optimise(demands, Snapshot(tuple(nodes), pods)).placed)


RULES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "clearance": ({"dataSensitivity": "Internal"}, {"clearance": DataSensitivity.PUBLIC}),
    "region": ({"allowedRegions": ["eu-west"]}, {"region": "us-east"}),
    "node selector": ({"nodeSelector": {"disk": "ssd"}}, {"labels": {}}),
    "latency maximum": (
        {"latency": {"targetMilliseconds": 50, "maxMilliseconds": 50}},
        {"latency_milliseconds": 51},
    ),
    "unknown latency": (
        {"latency": {"targetMilliseconds": 50, "maxMilliseconds": 50}},
        {"latency_milliseconds": None},
    ),
    "latency target": (
        {"latency": {"targetMilliseconds": 50}, "latencyPenaltyPerMillisecond": "1"},
        {"latency_milliseconds": 53},
    ),
    "readiness": ({}, {"ready": False}),
    "cordon": ({}, {"cordoned": True}),
    "taint": ({}, {"taints": (Taint("gpu", "", "NoSchedule"),)}),
    "tier": ({}, {"tier": Tier.EDGE}),
    "room": ({}, {"allocatable": {"cpu": "500m"}}),
    "no capacity at all": ({}, {"allocatable": {"cpu": "0", "memory": "0", "pods": "0"}}),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_cheap_node_is_left_alone_when_one_rule_speaks_against_it(rule: str) -> None:
    rules, fault = RULES[rule]
    demand = make_demand(variants=CLOUD_ONLY, replicas=1, placement=rules)
    dear = make_node("dear", cost="2", labels={"disk": "ssd"})
    cheap = make_node("cheap", cost="1", labels={"disk": "ssd"})
    faulty = make_node("cheap", **{"cost": "1", "labels": {"disk": "ssd"}, **fault})
    assert used([demand], [dear, cheap]) == ["cheap"]
    assert used([demand], [dear, faulty]) == ["dear"]


def test_a_variant_does_not_run_on_another_architecture() -> None:
    variants = [make_variant("cloud", "Cloud", architectures=["arm64"])]
    demand = make_demand(variants=variants, replicas=1)
    arm = make_node("dear", cost="2", architecture="arm64")
    assert used([demand], [arm, make_node("cheap")]) == ["dear"]


LIMITS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing": ({}, ["a", "a", "a"]),
    "per node": ({"spread": {"maxPerNode": 2}}, ["a", "a", "b"]),
    "per zone": ({"spread": {"maxPerZonePercent": 34}}, ["a", "a", "d"]),
    "tier maximum": ({"cloud": {"maxReplicas": 1}}, ["a", "edge", "edge"]),
    "tier minimum": ({"edge": {"minReplicas": 1}}, ["a", "a", "edge"]),
    "cost": ({"cost": {"maxPerHour": "0.5"}}, []),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_spreads_the_replicas_that_would_all_go_to_the_cheapest_node(limit: str) -> None:
    rules, expected = LIMITS[limit]
    demand = make_demand(replicas=3, placement=rules)
    nodes = [
        make_node("a", zone="z1"),
        make_node("b", cost="2", zone="z1"),
        make_node("d", cost="3", zone="z2"),
        make_edge_node("edge", cost="16"),
    ]
    assert used([demand], nodes) == expected


def test_the_higher_priority_gets_the_room() -> None:
    high = make_demand("high", variants=CLOUD_ONLY, replicas=1, placement={"priority": 1})
    low = replace(make_demand("alow", variants=CLOUD_ONLY, replicas=1))
    node = make_node("only", allocatable={"cpu": "1"})
    found = optimise([low, high], Snapshot((node,)))
    assert [one.model.name for one in found.placed] == ["high"]
    assert [(one.model.name, one.replicas) for one in found.unplaceable] == [("alow", 1)]


def test_two_models_share_one_dear_node_rather_than_pay_for_two() -> None:
    # In turn the first model would take the small node, and the second then needs the large one all the same.
    small = make_node("small", cost="1", allocatable={"cpu": "1"})
    large = make_node("large", cost="1.5", allocatable={"cpu": "4"})
    first = make_demand("first", variants=CLOUD_ONLY, replicas=1)
    second = make_demand(
        "second", variants=[make_variant("cloud", "Cloud", requests={"cpu": "2"})], replicas=1
    )
    found = optimise([first, second], Snapshot((small, large)))
    assert {one.node for one in found.placed} == {"large"}
    assert str(found.cost_per_hour) == "1.50"


def test_other_peoples_pods_keep_their_room() -> None:
    demand = make_demand(variants=CLOUD_ONLY, replicas=1)
    cheap = make_node("cheap", allocatable={"cpu": "1"})
    nodes = [make_node("dear", cost="2"), cheap]
    assert used([demand], nodes) == ["cheap"]
    assert used([demand], nodes, (make_pod("p", "cheap"),)) == ["dear"]


def test_a_replica_moves_to_where_it_is_cheaper() -> None:
    demand = make_demand(variants=CLOUD_ONLY, replicas=1)
    nodes = (make_node("dear", cost="2"), make_node("cheap"))
    found = optimise([demand], Snapshot(nodes, (make_pod("r-1", "dear", model="digits"),)))
    assert [(one.pod.name, one.pod.node, one.node) for one in found.moves if one.pod] == [
        ("r-1", "dear", "cheap")
    ]


def test_a_replica_stays_when_a_move_saves_less_than_it_costs() -> None:
    demand = make_demand(variants=CLOUD_ONLY, replicas=1)
    nodes = (make_node("dear", cost="1.0005"), make_node("cheap"))
    found = optimise([demand], Snapshot(nodes, (make_pod("r-1", "dear", model="digits"),)))
    assert found.moves == ()
    assert [one.node for one in found.placed] == ["dear"]


def test_a_replica_on_a_node_that_takes_nothing_new_stays_there() -> None:
    demand = make_demand(variants=CLOUD_ONLY, replicas=1)
    nodes = (make_node("dear", cost="2", cordoned=True), make_node("cheap"))
    found = optimise([demand], Snapshot(nodes, (make_pod("r-1", "dear", model="digits"),)))
    assert [(one.node, one.is_move) for one in found.placed] == [("dear", False)]


def test_replicas_of_a_suspended_model_stay_and_none_is_added() -> None:
    demand = make_demand(variants=CLOUD_ONLY, replicas=3, suspend=True)
    nodes = (make_node("dear", cost="2"), make_node("cheap"))
    found = optimise([demand], Snapshot(nodes, (make_pod("r-1", "dear", model="digits"),)))
    assert [one.node for one in found.placed] == ["dear"]
    assert (found.suspended, found.unplaceable) == ((demand.model,), ())


def test_one_too_many_and_one_that_breaks_a_rule_leave() -> None:
    demand = make_demand(variants=CLOUD_ONLY, replicas=1, placement={"dataSensitivity": "Internal"})
    nodes = (make_node("good"), make_node("open", clearance=DataSensitivity.PUBLIC))
    pods = tuple(
        make_pod(name, node, model="digits") for name, node in (("a", "good"), ("b", "good"), ("c", "open"))
    )
    found = optimise([demand], Snapshot(nodes, pods))
    assert [pod.name for pod in found.surplus] == ["b"]
    assert [one.pod.name for one in found.misplaced] == ["c"]
    assert [one.pod.name for one in found.placed if one.pod] == ["a"]


def test_what_runs_is_held_against_the_bound_as_the_plan_is() -> None:
    rules = {"latency": {"targetMilliseconds": 10}, "latencyPenaltyPerMillisecond": "0.1"}
    demand = make_demand(variants=CLOUD_ONLY, replicas=1, placement=rules)
    nodes = (
        make_node("dear", cost="2", latency_milliseconds=20),
        make_node("cheap", latency_milliseconds=10),
    )
    found = optimise([demand], Snapshot(nodes, (make_pod("r-1", "dear", model="digits"),)))
    assert (found.counted_cost_in_place, found.lower_bound_cost_per_hour) == (Decimal(3), Decimal(1))
    assert (found.gap_in_place_percent, found.gap_percent) == (Decimal(200), Decimal(0))


def test_what_runs_costs_the_same_to_the_last_digit_in_whatever_order_its_pods_are_listed() -> None:
    demand = make_demand(variants=CLOUD_ONLY, replicas=4)
    nodes = (make_node("shared"), make_node("own"))
    thirds = [make_pod(name, "shared", model="digits") for name in ("a", "b", "c")]
    whole = make_pod("d", "own", model="digits")
    costs = {
        optimise([demand], Snapshot(nodes, pods)).counted_cost_in_place
        for pods in ((whole, *thirds), (*thirds, whole))
    }
    assert len(costs) == 1


def test_a_replica_moves_away_when_another_has_no_other_node() -> None:
    anywhere = make_demand("anywhere", variants=CLOUD_ONLY, replicas=1)
    picky = make_demand("picky", variants=CLOUD_ONLY, replicas=1, placement={"nodeSelector": {"disk": "ssd"}})
    nodes = (
        make_node("special", labels={"disk": "ssd"}, allocatable={"cpu": "1"}),
        make_node("plain", cost="5", allocatable={"cpu": "1"}),
    )
    found = optimise([anywhere, picky], Snapshot(nodes, (make_pod("r-1", "special", model="anywhere"),)))
    assert {one.model.name: one.node for one in found.placed} == {"anywhere": "plain", "picky": "special"}
    assert [one.model.name for one in found.moves] == ["anywhere"]


def test_what_has_no_node_is_told_with_the_reason_of_every_node() -> None:
    demand = make_demand(variants=CLOUD_ONLY, replicas=3)
    found = optimise([demand], Snapshot((make_node("only", allocatable={"cpu": "2"}),)))
    (left_out,) = found.unplaceable
    assert (left_out.replicas, [one.reason for one in left_out.refused]) == (
        1,
        [Reason.INSUFFICIENT_RESOURCE],
    )


@pytest.mark.parametrize("nodes", [(), (make_node("a", allocatable={"cpu": "0"}),)], ids=["none", "empty"])
def test_without_any_room_all_replicas_are_left_out(nodes: tuple[Node, ...]) -> None:
    found = optimise([make_demand(replicas=2)], Snapshot(nodes))
    assert (found.placed, [one.replicas for one in found.unplaceable]) == ((), [2])


def test_without_models_there_is_nothing_to_do() -> None:
    found = optimise([], Snapshot((make_node("a"),)))
    assert found == OptimisedPlan((), (), (), (), (), found.lower_bound_cost_per_hour)
    assert found.gap_percent == 0


def test_however_little_work_is_allowed_the_bound_stays_below_the_cost() -> None:
    demands = [make_demand(f"m{number}", replicas=3) for number in range(4)]
    nodes = tuple(make_node(f"n{number}", cost=f"{number + 1}") for number in range(6))
    full = optimise(demands, Snapshot(nodes))
    for rounds, steps, finds in ((0, 0, 0), (1, 1, 1), (1, 5, 2)):
        hasty = optimise(demands, Snapshot(nodes), Limits(Work(rounds, steps), finds))
        assert hasty.lower_bound_cost_per_hour <= full.counted_cost_per_hour <= hasty.counted_cost_per_hour


def test_what_the_search_leaves_out_although_there_is_room_is_placed_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def leave_all_out(problem: Problem, _: Limits) -> Solution:
        missing = tuple(problem.group_replicas.tolist())
        penalty = float(problem.group_replicas @ problem.group_penalty)
        return Solution((), missing, penalty, penalty, 0.5)

    module = import_module("fogline.placement.optimiser.optimise")  # the package has a function of this name
    monkeypatch.setattr(module, "solve", leave_all_out)
    demand = make_demand(variants=CLOUD_ONLY, replicas=3)
    found = optimise([demand], Snapshot((make_node("only", allocatable={"cpu": "2"}),)))
    assert [one.node for one in found.placed] == ["only", "only"]
    assert [one.replicas for one in found.unplaceable] == [1]
    assert found.counted_cost_per_hour == 1
    assert found.lower_bound_cost_per_hour <= 1
