"""Drains that nothing but patience would end."""

from datetime import datetime, timedelta

from tests.support.builders import make_demand, make_model, make_node
from tests.support.live import NOW, live_pod, pod_document, replica_of, serving, stored

from fogline.conditions import Reason
from fogline.disruption import Drains, drains
from fogline.observe import to_pod
from fogline.placement import Usage
from fogline.snapshot import Node, Pod, Replica, Snapshot

PATIENCE_SECONDS = 600
FREE = make_node("free")
FULL = make_node("full", allocatable={"cpu": "500m"})


def cordoned(seconds: int | None, name: str = "drained") -> Node:
    since = None if seconds is None else NOW - timedelta(seconds=seconds)
    return make_node(name, cordoned=True, cordoned_since=since)


def running(name: str, node: str = "drained") -> tuple[Replica, Pod]:
    document = serving(pod_document(stored(make_model()), name), node)
    pod = to_pod(live_pod(document))
    assert pod
    return replica_of(document), pod


def look(*nodes: Node, replicas: int = 1, now: datetime = NOW) -> Drains:
    found = [running(f"p{number}") for number in range(replicas)]
    usage = Usage(Snapshot(nodes, tuple(pod for _, pod in found)))
    demand = make_demand(replicas=replicas)
    return drains(demand, [replica for replica, _ in found], usage, PATIENCE_SECONDS, now)


def test_a_replica_without_another_place_is_in_the_way_once_patience_is_over() -> None:
    (one,) = look(cordoned(601), FULL).blocked
    assert (one.replica.name, one.seconds) == ("p0", 601)
    assert {refused.reason for refused in one.answer.refused} == {
        Reason.NODE_CORDONED,
        Reason.INSUFFICIENT_RESOURCE,
    }


def test_nobody_is_in_the_way_before_and_the_end_of_patience_is_known() -> None:
    assert look(cordoned(590), FULL) == Drains((), due_seconds=10)
    assert look(cordoned(600), FULL) == Drains((), due_seconds=0)


def test_a_replica_that_another_node_takes_is_moved_however_long_that_takes() -> None:
    assert look(cordoned(100_000), FREE) == Drains()


def test_a_node_that_takes_pods_again_is_nobodys_concern() -> None:
    assert look(make_node("drained"), FULL) == Drains()


def test_a_cordon_that_the_node_controller_has_not_noted_yet_is_new() -> None:
    assert look(cordoned(None), FULL) == Drains()


def test_every_replica_in_the_way_is_named() -> None:
    assert [one.replica.name for one in look(cordoned(601), FULL, replicas=2).blocked] == ["p0", "p1"]


def test_a_replica_of_a_node_that_is_gone_is_in_nobodys_way() -> None:
    assert look(FULL) == Drains()
