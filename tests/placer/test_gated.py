"""All gated pods of a model together: stand-ins, pods that moves wait for, and pods that the model lacks."""

from dataclasses import replace
from datetime import timedelta

from tests.support.builders import make_edge_node, make_model, make_node, make_variant
from tests.support.live import (
    NOW,
    live_pod,
    make_live_deployment,
    pod_document,
    replica_of,
    serving,
    stored,
)

from fogline.observe import Owned, snapshot, to_pod
from fogline.placement import Usage
from fogline.placer.choose import Pin
from fogline.placer.gated import decide_gated, role_of
from fogline.snapshot import Replica

EDGE = [make_variant("edge", "Edge")]
MODEL = stored(make_model(variants=EDGE))
ORIGINAL = serving(pod_document(MODEL, "a", "edge"), "edge-1")
CUT_OFF = make_edge_node("edge-1", ready=False, readiness_since=NOW - timedelta(hours=1))


def gated(name: str) -> Replica:
    return replica_of(pod_document(MODEL, name, "edge"))


def pinned(
    *pods: Replica, replicas: int = 1, cpu: str = "4", updated: int = 2
) -> list[tuple[str, str | None]]:
    model = stored(make_model(variants=EDGE, replicas=replicas))
    there = to_pod(live_pod(ORIGINAL))
    assert there
    spare = make_edge_node("spare", allocatable={"cpu": cpu})
    usage = Usage(snapshot((CUT_OFF, spare, make_node("cloud-1")), [there]))
    live = make_live_deployment(MODEL, "edge", replicas=2, status={"updatedReplicas": updated})
    seen = Owned((replace(replica_of(ORIGINAL), ready=False), *pods), {"edge": live})
    choices = decide_gated(model, pods, seen, usage, NOW)
    pins = [one for one in choices if isinstance(one, Pin)]
    return [(one.replica.name, role_of(one.place).stands_in_for) for one in pins]


def test_one_pod_stands_in_and_what_is_still_too_many_waits_for_its_end() -> None:
    assert pinned(gated("s"), gated("t")) == [("s", "uid-of-a")]


def test_a_pod_that_the_model_lacks_is_placed_before_any_stands_in() -> None:
    assert pinned(gated("b"), gated("s"), replicas=2) == [("b", None)]


def test_a_pod_that_came_to_stand_in_and_finds_no_room_becomes_no_ordinary_replica() -> None:
    large = replace(gated("s"), requests={"cpu": 3000, "memory": 1024**3, "pods": 1})
    assert pinned(large, cpu="2") == []
    assert pinned(large, gated("t"), cpu="2") == [("t", "uid-of-a")]


def test_a_pod_too_many_waits_although_its_deployment_has_yet_to_tell_of_it() -> None:
    assert pinned(gated("s"), gated("t"), updated=1) == [("s", "uid-of-a")]


def test_a_rollout_places_its_pods_all_the_same() -> None:
    newer = replace(gated("t"), template="newer")
    assert pinned(gated("s"), newer) == [("s", "uid-of-a"), ("t", None)]
