"""A forced move is given up when what forced it is gone."""

from dataclasses import replace
from decimal import Decimal

from tests.support.builders import make_demand, make_model, make_node, make_variant
from tests.support.movers import MOVE, replicas, runs

from fogline.api import DataSensitivity
from fogline.disruption import no_longer_forced
from fogline.placement import Demand, Usage
from fogline.snapshot import Move, Node, Snapshot

(VICTIM,) = replicas(runs(make_model(), "old"))
DEMAND = make_demand(placement={"dataSensitivity": "Internal"})


def why(node: Node, move: Move = MOVE, demand: Demand = DEMAND) -> str:
    return no_longer_forced(move, VICTIM, demand, Usage(Snapshot((node,))))


def test_an_uncordoned_node_need_not_be_left() -> None:
    assert why(make_node("drained", cordoned=True)) == ""
    assert why(make_node("drained")) == (
        "no longer called for: NodeCordoned does not hold of drained any more"
    )


def test_a_node_with_its_clearance_back_need_not_be_left() -> None:
    move = replace(MOVE, reason="ClearanceTooLow")
    assert why(make_node("drained", clearance=DataSensitivity.PUBLIC), move) == ""
    assert why(make_node("drained"), move).startswith("no longer called for")


def test_a_node_that_has_to_be_left_for_another_reason_by_now_is_left() -> None:
    assert why(make_node("drained", clearance=DataSensitivity.PUBLIC)) == ""
    assert why(make_node("drained", cordoned=True), replace(MOVE, reason="ClearanceTooLow")) == ""


def test_a_replica_of_a_variant_that_left_the_spec_has_to_go() -> None:
    left = make_demand(variants=[make_variant("edge", "Edge")])
    assert why(make_node("drained"), replace(MOVE, reason="VariantLeft"), left) == ""


def test_what_one_look_at_the_node_cannot_tell_goes_on() -> None:
    assert why(make_node("drained"), replace(MOVE, reason="InsufficientResource")) == ""
    assert why(make_node("drained"), replace(MOVE, saving_per_hour=Decimal(1))) == ""
    assert why(make_node("other")) == ""
