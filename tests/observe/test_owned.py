"""Rollouts: which replicas are on their way out."""

import pytest
from tests.support.builders import make_model
from tests.support.live import (
    facts_of,
    live_pod,
    make_live_deployment,
    pod_document,
    replica_of,
    serving,
    stored,
)

from fogline.disruption import release
from fogline.names import ModelKey
from fogline.observe import Owned, is_rolling, surge, to_pod
from fogline.placement import Usage
from fogline.snapshot import Replica, Snapshot

MODEL = stored(make_model())


def replica(name: str, template: str, *, minute: int = 0, node: str | None = "n1") -> Replica:
    document = pod_document(MODEL, name)
    document["metadata"]["labels"]["pod-template-hash"] = template
    document["metadata"]["creationTimestamp"] = f"2030-01-02T03:{minute:02}:00Z"
    return replica_of(serving(document, node) if node else document)


def leaving(*replicas: Replica, wanted: int, updated: int) -> list[str]:
    status = {"replicas": len(replicas), "updatedReplicas": updated}
    live = make_live_deployment(MODEL, replicas=wanted, status=status)
    return [one.name for one in surge(Owned(replicas, {"cloud": live}))]


@pytest.mark.parametrize(
    ("status", "rolling"),
    [
        ({}, False),
        ({"observedGeneration": 2}, True),
        ({"updatedReplicas": 1}, True),
        ({"replicas": 3}, True),
        ({"replicas": 0, "updatedReplicas": 0}, True),
    ],
    ids=["settled", "spec not seen", "pods of the new template missing", "old pods left", "nothing yet"],
)
def test_a_rollout_lasts_until_every_pod_is_of_the_new_template(
    status: dict[str, int],
    rolling: bool,  # noqa: FBT001  a column of the table
) -> None:
    assert is_rolling(make_live_deployment(MODEL, replicas=2, status=status)) is rolling


def test_a_deployment_that_was_scaled_to_nothing_and_has_nothing_is_settled() -> None:
    assert not is_rolling(make_live_deployment(MODEL, replicas=0))


def test_during_a_rollout_the_replicas_of_the_old_template_are_leaving_the_oldest_first() -> None:
    old, older = replica("old", "1", minute=1), replica("older", "1", minute=0)
    new = replica("new", "2", minute=2)
    assert leaving(old, older, new, wanted=2, updated=1) == ["older"]
    assert leaving(old, older, new, wanted=1, updated=1) == ["older", "old"]


def test_during_a_rollout_a_young_replica_of_the_old_template_leaves_before_an_old_one_of_the_new() -> None:
    early, late = replica("early", "2", minute=0), replica("late", "2", minute=2)
    assert leaving(early, replica("old", "1", minute=1), late, wanted=2, updated=2) == ["old"]


def test_a_rollout_back_to_an_older_template_keeps_the_newest_pods() -> None:
    first, second = replica("first", "2", minute=0), replica("second", "1", minute=1)
    assert leaving(first, second, wanted=1, updated=1) == ["first"]


def test_without_a_rollout_nobody_is_leaving_even_when_there_are_too_many() -> None:
    live = make_live_deployment(MODEL, replicas=1)
    assert surge(Owned((replica("a", "1"), replica("b", "1")), {"cloud": live})) == ()


def test_pods_that_wait_at_the_gate_are_no_reason_for_anybody_to_leave() -> None:
    assert leaving(replica("old", "1"), replica("new", "2", node=None), wanted=1, updated=1) == []


def test_replicas_of_a_variant_without_a_deployment_are_not_judged() -> None:
    assert surge(Owned((replica("a", "1"),), {})) == ()


def test_a_released_replica_no_longer_counts_for_its_model_but_holds_its_room() -> None:
    pods = tuple(
        pod
        for name in ("a", "b")
        if (pod := to_pod(live_pod(serving(pod_document(MODEL, name), "n1")))) is not None
    )
    node = facts_of({}, "n1")
    usage = Usage(Snapshot((node,), pods))
    free = usage.free_on(node, "cpu")
    release((replica("a", "1"),), usage)
    assert [pod.name for pod, _ in usage.replicas_of(ModelKey("default", "digits"))] == ["b"]
    assert usage.free_on(node, "cpu") == free
