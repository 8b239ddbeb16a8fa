"""Moves that are forced: the state of nodes, rules and limits."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.builders import make_edge_node, make_model, make_node, make_variant
from tests.support.live import NOW
from tests.support.moving import LATER, came_from, look, runs, started, waits

from fogline.api import DataSensitivity
from fogline.snapshot import Node, Taint

MODEL = make_model()
DEAR = make_node("dear", cost="50")


def taint(key: str, effect: str = "NoSchedule") -> dict[str, Any]:
    return {"taints": (Taint(key, "", effect),)}


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"cordoned": True}, "NodeCordoned"),
        (taint("node.kubernetes.io/memory-pressure"), "NodeUnderPressure"),
        (taint("node.kubernetes.io/disk-pressure"), "NodeUnderPressure"),
        (taint("node.kubernetes.io/pid-pressure"), "NodeUnderPressure"),
        (taint("ToBeDeletedByClusterAutoscaler"), "NodeLeaving"),
        (taint("karpenter.sh/disrupted"), "NodeLeaving"),
    ],
)
def test_a_node_that_is_to_be_left_is_left_at_any_price(state: dict[str, Any], reason: str) -> None:
    outcome = look([make_node("a", **state), DEAR], (MODEL, [runs(MODEL, "p", "a")]))
    assert started(outcome) == {"p": (reason, "dear")}


@pytest.mark.parametrize("effect", ["NoSchedule", "NoExecute"])
def test_any_other_taint_only_keeps_new_pods_away(effect: str) -> None:
    outcome = look([make_node("a", **taint("gpu", effect)), DEAR], (MODEL, [runs(MODEL, "p", "a")]))
    assert started(outcome) == {}


def test_a_cordoned_node_is_left_within_the_cool_down_too() -> None:
    outcome = look([make_node("a", cordoned=True), DEAR], (MODEL, [runs(MODEL, "p", "a")]), now=NOW)
    assert started(outcome) == {"p": ("NodeCordoned", "dear")}


def test_a_node_that_is_not_ready_is_neither_left_nor_gone_to() -> None:
    nodes = [make_node("a", cordoned=True, ready=False), DEAR]
    assert started(look(nodes, (MODEL, [runs(MODEL, "p", "a")]))) == {}
    nodes = [make_node("a", cordoned=True), replace(DEAR, ready=False)]
    outcome = look(nodes, (MODEL, [runs(MODEL, "p", "a")]))
    assert (started(outcome), waits(outcome, MODEL)) == ({}, {"p": "NoPlaceToMove"})


def lost(count: int) -> list[Node]:
    return [make_node(f"lost-{number}", ready=False) for number in range(count)]


def test_while_many_nodes_are_not_ready_only_data_rules_move_anything() -> None:
    secret = make_model("secret", placement={"dataSensitivity": "Internal"})
    nodes = [make_node("a", cordoned=True, clearance=DataSensitivity.PUBLIC), DEAR, *lost(2)]
    models = (MODEL, [runs(MODEL, "p", "a")]), (secret, [runs(secret, "s", "a")])
    outcome = look(nodes, *models)
    assert started(outcome) == {"s": ("ClearanceTooLow", "dear")}
    assert waits(outcome, MODEL) == {"p": "TooManyNodesNotReady"}
    enough = [make_node(f"fine-{number}", cost="99") for number in range(6)]
    assert set(started(look([*nodes, *enough], *models))) == {"p", "s"}


def test_one_lost_node_of_a_small_cluster_stops_nothing() -> None:
    nodes = [make_node("a", cordoned=True), DEAR, *lost(1)]
    assert started(look(nodes, (MODEL, [runs(MODEL, "p", "a")]))) == {"p": ("NodeCordoned", "dear")}


@pytest.mark.parametrize("mode", ["DryRun", "Disabled"])
def test_modes_hold_back_no_data_rule(mode: str) -> None:
    model = make_model(placement={"allowedRegions": ["eu-west"]}, rebalancing={"mode": mode})
    nodes = [make_node("a", region="us"), DEAR]
    assert started(look(nodes, (model, [runs(model, "p", "a")]))) == {"p": ("RegionNotAllowed", "dear")}


def test_a_dry_run_holds_back_a_cordon_and_disabled_does_not() -> None:
    nodes = [make_node("a", cordoned=True), DEAR]
    dry, off = (make_model(rebalancing={"mode": mode}) for mode in ("DryRun", "Disabled"))
    outcome = look(nodes, (dry, [runs(dry, "p", "a")]))
    assert (started(outcome), waits(outcome, dry)) == ({}, {"p": "MovesPlanned"})
    assert started(look(nodes, (off, [runs(off, "p", "a")]))) == {"p": ("NodeCordoned", "dear")}


def test_it_goes_elsewhere_although_that_is_dearer() -> None:
    nodes = [make_node("a"), make_node("b", cordoned=True), DEAR]
    there = [came_from(runs(MODEL, "p", "b"), "a")]
    outcome = look(nodes, (MODEL, there), now=NOW + timedelta(seconds=60))
    assert started(outcome) == {"p": ("NodeCordoned", "dear")}


def test_it_waits_for_its_cool_down_where_there_is_no_other_place() -> None:
    nodes = [make_node("a"), make_node("b", cordoned=True)]
    there = [came_from(runs(MODEL, "p", "b"), "a")]
    outcome = look(nodes, (MODEL, there), now=NOW + timedelta(seconds=60))
    assert (started(outcome), waits(outcome, MODEL)) == ({}, {"p": "CoolingDown"})
    assert started(look(nodes, (MODEL, there), now=LATER)) == {"p": ("NodeCordoned", "a")}


def test_it_goes_back_at_once_for_a_data_rule() -> None:
    model = make_model(placement={"dataSensitivity": "Internal"})
    nodes = [make_node("a"), make_node("b", clearance=DataSensitivity.PUBLIC)]
    outcome = look(nodes, (model, [came_from(runs(model, "p", "b"), "a")]), now=NOW)
    assert started(outcome) == {"p": ("ClearanceTooLow", "a")}


def test_as_many_leave_a_node_as_are_too_many_there() -> None:
    model = make_model(replicas=3, placement={"spread": {"maxPerNode": 2}})
    there = [runs(model, name, "a") for name in "pqr"]
    assert started(look([make_node("a"), DEAR], (model, there))) == {"p": ("MaxPerNodeReached", "dear")}


def test_as_many_leave_a_zone_as_are_too_many_there() -> None:
    model = make_model(replicas=2, placement={"spread": {"maxPerZonePercent": 50}})
    nodes = [make_node("a", zone="z"), make_node("b", zone="z"), DEAR]
    there = [runs(model, "p", "a"), runs(model, "q", "b")]
    assert list(started(look(nodes, (model, there))).values()) == [("MaxPerZoneReached", "dear")]


def test_a_tier_that_lacks_replicas_gets_them_from_the_other() -> None:
    model = make_model(replicas=2, placement={"edge": {"minReplicas": 1}})
    there = [runs(model, "p", "a"), runs(model, "q", "a")]
    nodes = [make_node("a", cost="0"), make_edge_node("e", cost="9")]
    assert list(started(look(nodes, (model, there))).values()) == [("TierMinimumMissed", "e")]


def test_a_tier_above_its_maximum_gives_some_up() -> None:
    model = make_model(replicas=2, placement={"cloud": {"maxReplicas": 1}})
    there = [runs(model, "p", "a"), runs(model, "q", "a")]
    nodes = [make_node("a", cost="0"), make_edge_node("e", cost="9")]
    assert list(started(look(nodes, (model, there))).values()) == [("TierMaximumReached", "e")]


def test_where_no_place_is_within_the_limit_it_is_told() -> None:
    model = make_model(replicas=2, placement={"edge": {"minReplicas": 1}})
    there = [runs(model, "p", "a"), runs(model, "q", "a")]
    outcome = look([make_node("a")], (model, there))
    assert list(waits(outcome, model).values()) == ["NoPlaceToMove"]


def test_while_there_are_more_replicas_than_wanted_none_is_moved_for_a_limit() -> None:
    model = make_model(replicas=2, placement={"spread": {"maxPerNode": 1}})
    there = [runs(model, "p", "a"), runs(model, "q", "a"), runs(model, "r", "dear")]
    assert started(look([make_node("a"), DEAR, make_node("c")], (model, there))) == {}


def test_what_has_to_leave_finds_its_place_before_what_only_saves_money() -> None:
    nodes = [
        make_node("a", allocatable={"cpu": "1"}),
        make_node("b", cordoned=True),
        make_node("c", cost="0.1", allocatable={"cpu": "1"}),
    ]
    first = make_model("first")
    outcome = look(nodes, (first, [runs(first, "f", "a")]), (MODEL, [runs(MODEL, "p", "b")]))
    assert started(outcome) == {"p": ("NodeCordoned", "c")}


def test_the_successor_of_a_replica_whose_variant_left_may_run_on_the_same_node() -> None:
    renamed = make_model(variants=[make_variant("renamed", "Cloud")])
    outcome = look([make_node("a")], (renamed, [runs(MODEL, "p", "a")]))
    assert started(outcome) == {"p": ("VariantLeft", "a")}


def test_a_tier_that_gets_the_replica_that_is_missing_takes_none_from_the_other() -> None:
    model = make_model(replicas=3, placement={"edge": {"minReplicas": 1}})
    there = [runs(model, "p", "a"), runs(model, "q", "a")]
    nodes = [make_node("a", cost="0"), make_edge_node("e", cost="9")]
    assert started(look(nodes, (model, there))) == {}
