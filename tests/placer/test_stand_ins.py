"""Which gated pods become stand-ins."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.builders import make_edge_node, make_model, make_node
from tests.support.live import NOW, live_pod, pod_document, replica_of, serving, stored

from fogline.disruption import Progress, Underway
from fogline.observe import Owned, snapshot, to_pod
from fogline.placement import Usage
from fogline.placer.choose import Pin
from fogline.placer.stand_ins import choose_stand_ins
from fogline.snapshot import Move, Node, Replica

CUT_OFF = make_edge_node("edge-1", ready=False, readiness_since=NOW - timedelta(hours=1))
NODES = CUT_OFF, make_node("cloud-1")
MODEL = stored(make_model())
ORIGINAL = serving(pod_document(MODEL, "a", "edge"), "edge-1")
ORIGINALLY = replace(replica_of(ORIGINAL), ready=False)
MOVE = Move("m1", "cloud-2", "cloud-1", "cloud", None, "NodeCordoned", None, NOW)


def gated(name: str, variant: str = "cloud") -> Replica:
    return replica_of(pod_document(MODEL, name, variant))


def choose(
    *pods: Replica,
    moves: Progress | None = None,
    nodes: Iterable[Node] = NODES,
    standing: Iterable[Replica] = (),
    **spec: Any,
) -> tuple[list[Pin], Usage]:
    there = to_pod(live_pod(ORIGINAL))
    assert there
    usage = Usage(snapshot(nodes, [there]))
    model = stored(make_model(**spec)) if spec else MODEL
    seen = Owned((ORIGINALLY, *standing, *pods), {})
    return choose_stand_ins(model, pods, seen, moves or Progress(), usage, NOW), usage


def test_a_pod_more_than_the_model_wants_stands_in_for_the_replica_that_is_cut_off() -> None:
    (pin,), usage = choose(gated("s"))
    assert (pin.place.node, pin.place.stands_in_for) == ("cloud-1", "uid-of-a")
    assert usage.free_on(NODES[1], "cpu") == 3000
    assert usage.of(ORIGINALLY.model).per_tier.total() == 1


def test_one_stand_in_is_enough() -> None:
    assert [pin.replica.name for pin in choose(gated("s"), gated("t"))[0]] == ["s"]


def test_a_pod_of_one_variant_stands_in_for_none_whom_one_of_another_variant_serves() -> None:
    spare, served = make_edge_node("edge-2"), replace(gated("s"), node="cloud-1", stands_in_for="uid-of-a")
    edge = gated("t", "edge")
    assert [pin.place.node for pin in choose(edge, nodes=(*NODES, spare))[0]] == ["edge-2"]
    assert choose(edge, standing=[served], nodes=(*NODES, spare))[0] == []


def test_a_pod_that_the_model_lacks_is_no_stand_in() -> None:
    assert choose(gated("s"), replicas=2)[0] == []


def test_a_pod_that_a_move_waits_for_is_no_stand_in() -> None:
    underway = Underway(MOVE, replace(gated("old"), leaves_by=MOVE), None)
    moves = Progress(underway=(underway,))
    assert [pin.replica.name for pin in choose(gated("s"), gated("t"), moves=moves, replicas=2)[0]] == ["t"]


@pytest.mark.parametrize("variant", ["edge", "left"])
def test_a_pod_of_a_variant_without_a_place_is_no_stand_in(variant: str) -> None:
    pod = replace(gated("s"), variant=variant)
    assert choose(pod)[0] == []
