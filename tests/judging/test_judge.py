"""The judge finds each kind of breach, and nothing in a history that keeps all promises."""

from collections.abc import Mapping
from typing import Any

import pytest
from dev.cluster import simulated_node
from tests.support.changes import Change, key_of
from tests.support.judging import Judge

from fogline.cluster.documents import Document
from fogline.cluster.kinds import DEPLOYMENTS, MODEL_DEPLOYMENTS, NODES, PODS, Kind, kind_of
from fogline.names import (
    CLEARANCE_LABEL,
    DATA_SENSITIVITY_LABEL,
    FIELD_MANAGER,
    GATE,
    MODEL_LABEL,
    VARIANT_LABEL,
)

READY = {"type": "Ready", "status": "True", "reason": "AllReplicasReady"}


class Story:
    """Tells a judge what happens, write by write."""

    def __init__(self) -> None:
        self.judge = Judge()
        self._objects: dict[tuple[Kind, tuple[str, str]], Document] = {}
        self._version = 0

    def write(self, document: Document) -> None:
        """Let an object come or change."""
        kind = kind_of(document)
        self._tell(kind, self._objects.get((kind, key_of(document))), document)
        self._objects[kind, key_of(document)] = document

    def remove(self, kind: Kind, name: str) -> None:
        """Let an object be gone."""
        self._tell(kind, self._objects.pop((kind, ("default", name))), None)

    @property
    def breaches(self) -> list[str]:
        """Give what broke a promise so far."""
        return self.judge.breaches

    def _tell(self, kind: Kind, before: Document | None, after: Document | None) -> None:
        self._version += 1
        self.judge.see(Change(kind, before, after, self._version))


def model(replicas: int = 2, *, spec: Mapping[str, Any] | None = None, **status: Any) -> Document:
    return {
        "apiVersion": MODEL_DEPLOYMENTS.api_version,
        "kind": MODEL_DEPLOYMENTS.kind,
        "metadata": {"name": "digits", "namespace": "default", "uid": "model"},
        "spec": {"replicas": replicas, "variants": [{"name": "cloud"}], **(spec or {})},
        "status": {"conditions": [READY], **status},
    }


def deployment(replicas: int) -> Document:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "digits-cloud", "namespace": "default", "labels": {MODEL_LABEL: "digits"}},
        "spec": {"replicas": replicas},
    }


def node(name: str = "a", clearance: str = "Internal", cpu: str = "4") -> Document:
    return simulated_node(name, {CLEARANCE_LABEL: clearance}, cpu=cpu) | {
        "status": {"allocatable": {"cpu": cpu, "memory": "8Gi", "pods": "110"}}
    }


def pod(
    name: str,
    *,
    on: str | None = "a",
    pin: str | None = "a",
    gates: tuple[str, ...] = (),
    ready: bool = True,
    notes: Mapping[str, str] | None = None,
    **meta: Any,
) -> Document:
    term = {"matchExpressions": [{"key": "x", "operator": "Exists"}]}
    fields = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [pin]}]} if pin else {}
    terms = {"nodeSelectorTerms": [{**term, **fields}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": f"uid-of-{name}",
            "labels": {
                MODEL_LABEL: "digits",
                VARIANT_LABEL: "cloud",
                DATA_SENSITIVITY_LABEL: "Internal",
            },
            "annotations": dict(notes or {}),
            "ownerReferences": [{"kind": "ReplicaSet", "name": "digits-cloud-1", "uid": "set"}],
            **meta,
        },
        "spec": {
            **({"nodeName": on} if on else {}),
            "schedulingGates": [{"name": gate} for gate in gates],
            "containers": [{"name": "server", "resources": {"requests": {"cpu": "1"}}}],
            "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}},
        },
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
        },
    }


def marks(move: str = "m1", *, saving: str | None = None, at: str = "2030-01-01T12:00:00Z") -> dict[str, str]:
    found = {"id": move, "reason": "NodeCordoned", "started-at": at}
    if saving:
        found["saving-per-hour"] = saving
    return {f"fogline.dev/move-{key}": value for key, value in found.items()}


def history(*moves: str, result: str = "Completed") -> dict[str, Any]:
    return {"history": [{"id": move, "result": result} for move in moves]}


@pytest.fixture
def story() -> Story:
    """Begin with a model of two replicas that serve on a node that may hold their data."""
    found = Story()
    for document in (node(), node("b"), model(), deployment(2)):
        found.write(document)
    for name in ("one", "two"):
        found.write(pod(name, on=None, pin=None, gates=(GATE,), ready=False))
        found.write(pod(name))
    assert found.breaches == []
    return found


def test_a_pod_on_a_node_below_its_data_sensitivity(story: Story) -> None:
    story.write(node("c", clearance="Public"))
    story.write(pod("three", on=None, pin="c", gates=(GATE,)))
    story.write(pod("three", on="c", pin="c"))
    assert story.breaches == ["three needs Internal and was bound to c: Public"]


def test_a_pod_that_is_bound_to_another_node_than_its_pin(story: Story) -> None:
    story.write(pod("three", on=None, gates=(GATE,)))
    story.write(pod("three", on="b"))
    assert story.breaches == ["three was bound to b, but its terms are pinned to frozenset({'a'})"]


def test_a_pod_that_is_made_without_the_gate(story: Story) -> None:
    story.write(pod("three", on=None))
    assert story.breaches == ["three was made without our gate"]


def test_a_pod_bound_to_a_node_without_room(story: Story) -> None:
    for number in range(4):
        story.write(pod(f"more-{number}", on=None, gates=(GATE,)))
        story.write(pod(f"more-{number}"))
    assert [breach.split(",")[0] for breach in story.breaches] == [
        "more-2 was bound to a",
        "more-3 was bound to a",
    ]


def test_a_foreign_gate_that_goes_together_with_ours(story: Story) -> None:
    story.write(pod("three", on=None, gates=("example.com/quota", GATE)))
    story.write(pod("three", on=None, gates=()))
    assert story.breaches == ["three lost the gate example.com/quota of somebody else together with ours"]


def test_a_foreign_gate_that_its_owner_takes_away_is_no_breach(story: Story) -> None:
    story.write(pod("three", on=None, gates=("example.com/quota", GATE)))
    story.write(pod("three", on=None, gates=("example.com/quota",)))
    story.write(pod("three", on=None, gates=()))
    assert story.breaches == []


def test_a_scale_down_that_takes_a_ready_replica_below_what_must_stay(story: Story) -> None:
    story.write(deployment(1))
    story.write(pod("one", deletionTimestamp="2030-01-01T12:00:00Z"))
    assert story.breaches == ["one was deleted while only 1 others of digits were Ready"]


def test_a_scale_down_that_the_user_or_the_disruption_settings_allow_is_no_breach(story: Story) -> None:
    story.write(model(spec={"disruption": {"maxUnavailable": "50%"}}))
    story.write(deployment(1))
    story.write(pod("one", deletionTimestamp="2030-01-01T12:00:00Z"))
    story.write(model(replicas=0))
    story.write(deployment(0))
    story.remove(PODS, "two")
    assert story.breaches == []


def test_a_pod_that_somebody_else_deletes_is_no_breach(story: Story) -> None:
    story.write(pod("one", deletionTimestamp="2030-01-01T12:00:00Z"))
    assert story.breaches == []


def test_a_scale_down_of_somebody_else_is_no_breach(story: Story) -> None:
    theirs = deployment(1)
    fields: Document = {"f:spec": {"f:replicas": {}}}
    theirs["metadata"]["managedFields"] = [{"manager": "kubectl", "fieldsV1": fields}]
    story.write(theirs)
    story.write(pod("one", deletionTimestamp="2030-01-01T12:00:00Z"))
    assert story.breaches == []


def test_a_variant_that_is_pruned_before_others_serve(story: Story) -> None:
    story.write(model(spec={"variants": [{"name": "edge"}]}))
    story.remove(DEPLOYMENTS, "digits-cloud")
    story.remove(PODS, "one")
    assert story.breaches == ["one was deleted while only 1 others of digits were Ready"]


def test_a_replica_that_went_unready_a_moment_before_the_deletion_is_no_breach(story: Story) -> None:
    story.write(pod("three", on=None, gates=(GATE,)))
    story.write(deployment(3))
    lost = pod("two", ready=False)
    lost["status"]["conditions"][0]["lastTransitionTime"] = "2030-01-01T11:59:58Z"
    story.write(pod("three"))
    story.write(lost)
    story.write(deployment(2))
    story.write(pod("one", deletionTimestamp="2030-01-01T12:00:00Z"))
    assert story.breaches == []


def ready_since(name: str, time: str) -> Document:
    """Make a pod that serves, and says since when."""
    found = pod(name)
    found["status"]["conditions"][0]["lastTransitionTime"] = f"2030-01-01T{time}Z"
    return found


def scaled_by_us(replicas: int, time: str) -> Document:
    """Make a Deployment that the operator scaled, on a cluster that tells when."""
    found = deployment(replicas)
    fields: Document = {"f:spec": {"f:replicas": {}}}
    entry = {"manager": FIELD_MANAGER, "time": f"2030-01-01T{time}Z", "fieldsV1": fields}
    found["metadata"]["managedFields"] = [entry]
    return found


def test_a_replica_that_goes_for_one_that_was_ready_a_moment_before_the_scale_down_is_no_breach(
    story: Story,
) -> None:
    """While replicas start, nobody can know which of them are Ready when the Deployment shrinks."""
    story.write(model(4))
    story.write(scaled_by_us(4, "11:50:00"))
    story.write(pod("three", on=None, gates=(GATE,), ready=False))
    for name, time in (("one", "11:50:00"), ("two", "11:50:00"), ("three", "11:59:58")):
        story.write(ready_since(name, time))
    story.write(scaled_by_us(1, "12:00:00"))
    story.write({**ready_since("one", "11:50:00"), **ends("one")})
    assert story.breaches == []
    story.write({**ready_since("two", "11:50:00"), **ends("two")})
    assert story.breaches == ["two was deleted while only 1 others of digits were Ready"]


def test_a_replica_that_went_unready_while_the_scale_down_was_carried_out_is_no_breach(story: Story) -> None:
    story.write(scaled_by_us(3, "11:50:00"))
    story.write(pod("three", on=None, gates=(GATE,), ready=False))
    for name in ("one", "two", "three"):
        story.write(ready_since(name, "11:50:00"))
    story.write(scaled_by_us(2, "12:00:00"))
    lost = ready_since("two", "12:00:07")
    lost["status"]["conditions"][0]["status"] = "False"
    story.write(lost)
    story.write({**ready_since("one", "11:50:00"), **ends("one", "2030-01-01T12:00:20Z")})
    assert story.breaches == []


def ends(name: str, at: str = "2030-01-01T12:00:10Z") -> Document:
    """Give the metadata of a pod on its way out."""
    return {"metadata": pod(name, deletionTimestamp=at)["metadata"]}


def test_two_moves_of_a_model_at_once(story: Story) -> None:
    story.write(pod("one", notes=marks("m1")))
    story.write(pod("two", notes=marks("m2")))
    assert story.breaches == ["2 moves of digits ran at once when m2 of two began"]


def test_more_moves_at_once_than_all_models_together_may_make(story: Story) -> None:
    for number in range(6):
        other = pod(f"victim-{number}", on=None, gates=(GATE,), notes=marks(f"m{number}"))
        other["metadata"]["labels"][MODEL_LABEL] = f"model-{number}"
        story.write(other)
    assert story.breaches == ["6 moves ran at once when m5 of victim-5 began"]


def test_marks_that_somebody_else_writes_are_no_move_of_ours(story: Story) -> None:
    theirs = {
        "manager": "kubelet",
        "fieldsV1": {"f:metadata": {"f:annotations": {"f:fogline.dev/move-id": {}}}},
    }
    for name in ("one", "two"):
        story.write(pod(name, notes=marks(name), managedFields=[theirs]))
    assert story.breaches == []


@pytest.mark.parametrize(
    ("at", "saving", "breaches"),
    [
        ("2030-01-01T12:09:59Z", "0.1", 1),
        ("2030-01-01T12:10:00Z", "0.1", 0),
        ("2030-01-01T12:01:00Z", None, 0),
    ],
)
def test_a_replica_that_moves_again_within_its_cool_down_unless_it_must(
    story: Story, at: str, saving: str | None, breaches: int
) -> None:
    came = {"fogline.dev/moved-id": "m0", "fogline.dev/moved-started-at": "2030-01-01T12:00:00Z"}
    story.write(pod("one", notes=came | marks(saving=saving, at=at)))
    assert len(story.breaches) == breaches


def test_a_move_that_is_counted_twice_or_not_at_all(story: Story) -> None:
    story.write(model(moves={"completed": 1, **history("m1")}))
    assert story.breaches == []
    story.write(model(moves={"completed": 3, **history("m2", "m1")}))
    story.write(model(moves={"completed": 2, **history("m3", "m2", "m1")}))
    assert story.breaches == [
        "digits counts 3 moves as completed, and its history told of 2",
        "digits counts 2 moves as completed, and its history told of 3",
    ]


def test_a_move_that_leaves_the_history_still_counts(story: Story) -> None:
    story.write(model(moves={"completed": 1, **history("m1")}))
    story.write(model(moves={"completed": 2, **history("m2")}))
    assert story.breaches == []


def test_marks_that_stay_after_the_status_told_of_the_end(story: Story) -> None:
    story.write(pod("one", notes={"fogline.dev/replaces": "uid", "fogline.dev/moved-id": "m1"}))
    for seconds in range(4):
        ended = history("m1")["history"][0] | {"seconds": seconds}
        story.write(model(moves={"completed": 1, "history": [ended]}))
    assert story.breaches == ["one carries the marks of move m1, which ended 3 statuses ago"]
    assert story.judge.idle_with_marks() == ["one is still marked with ['m1']"]


def test_marks_are_right_while_a_move_runs(story: Story) -> None:
    story.write(model(moves={"active": 1}))
    story.write(pod("one", notes=marks()))
    assert (story.breaches, story.judge.idle_with_marks()) == ([], [])


def test_an_over_committed_node_that_a_model_keeps_silent_about(story: Story) -> None:
    story.write(node(cpu="1"))
    assert story.judge.crowded() == ["a offers 1000 of cpu for 2000, and ['default/digits'] stay"]
    waits = {"type": "Rebalancing", "status": "False", "reason": "NoPlaceToMove"}
    story.write(model(conditions=[READY, waits]))
    assert story.judge.crowded() == []


def test_a_reason_that_nobody_can_look_up(story: Story) -> None:
    story.write(model(conditions=[READY, {"type": "Placed", "status": "True", "reason": "Moving"}]))
    assert story.breaches == ["condition Placed of digits has the reason Moving"]


def test_a_node_that_is_gone_is_not_crowded(story: Story) -> None:
    story.write(node(cpu="1"))
    gone = node()
    story.judge.see(Change(NODES, gone, None, 99))
    assert story.judge.crowded() == []
