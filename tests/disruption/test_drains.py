"""Drains that nothing but patience would end."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests.support.builders import make_model, make_node
from tests.support.live import NOW, live_pod, pod_document, replica_of, serving, stored, with_status

from fogline.api import ModelDeploymentStatus, MoveResult, Moves, PastMove
from fogline.conditions import Reason
from fogline.disruption import Drains, Held, drains
from fogline.observe import to_pod
from fogline.placement import Unplaceable, Usage, demand_of
from fogline.snapshot import Node, Pod, Replica, Snapshot

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


def look(*nodes: Node, replicas: int = 1, history: tuple[PastMove, ...] = (), **spec: Any) -> Drains:
    found = [running(f"p{number}") for number in range(replicas)]
    usage = Usage(Snapshot(nodes, tuple(pod for _, pod in found)))
    status = ModelDeploymentStatus(moves=Moves(history=history))
    model = with_status(make_model(replicas=replicas, **spec), status)
    return drains(model, demand_of(model), [replica for replica, _ in found], usage, NOW)


def held(found: Drains) -> list[Reason]:
    return [one.why.reason for one in found.blocked if isinstance(one.why, Held)]


def test_a_replica_without_another_place_is_in_the_way_once_patience_is_over() -> None:
    (one,) = look(cordoned(601), FULL).blocked
    assert (one.replica.name, one.seconds) == ("p0", 601)
    assert isinstance(one.why, Held)
    answer = one.why.proposal.answer
    assert isinstance(answer, Unplaceable)
    assert {refused.reason for refused in answer.refused} == {
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


def test_a_replica_that_nobody_moves_is_in_the_way_although_there_is_a_place() -> None:
    dry: dict[str, Any] = {"rebalancing": {"mode": "DryRun"}}
    assert held(look(cordoned(601), FREE, **dry)) == [Reason.MOVES_PLANNED]
    lost = [make_node(f"lost-{number}", ready=False) for number in range(3)]
    assert held(look(cordoned(601), FREE, *lost)) == [Reason.TOO_MANY_NODES_NOT_READY]


def aborted(**more: Any) -> PastMove:
    found = PastMove(
        id="m1",
        result=MoveResult.ABORTED,
        source="drained",
        target="free",
        variant="cloud",
        reason="NodeCordoned",
        started_at=NOW - timedelta(seconds=650),
        seconds=600,
    )
    return msgspec.structs.replace(found, **more)


def test_a_replica_whose_move_had_its_time_and_came_to_nothing_is_in_the_way() -> None:
    (one,) = look(cordoned(660), FREE, history=(aborted(),)).blocked
    assert one.why == aborted()


@pytest.mark.parametrize(
    "other",
    [
        {"result": MoveResult.COMPLETED},
        {"source": "another"},
        {"started_at": NOW - timedelta(hours=2)},
        {"seconds": 40},
    ],
    ids=["it was completed", "off another node", "before the cordon", "for another reason than time"],
)
def test_other_moves_are_no_reason_to_give_up(other: dict[str, Any]) -> None:
    assert look(cordoned(660), FREE, history=(aborted(**other),)) == Drains()
