"""What one pass wants to write, and what it leaves alone."""

import copy
from datetime import timedelta
from typing import Any

import pytest
from tests.support.builders import make_edge_node, make_model, make_variant
from tests.support.live import (
    NOW,
    SETTINGS,
    UNSCHEDULABLE,
    bound,
    make_live_deployment,
    pinned,
    pod_document,
    stored,
)
from tests.support.passes import CLOUD, EDGE, costs_of, model, replicas_of, running
from tests.support.scenes import Scene

from fogline.cluster import objects
from fogline.cluster.version import Version
from fogline.names import DECIDED_AT_ANNOTATION, GATE
from fogline.reconcile.intent import DELETION_COST, Intent

ON_HOLD = (
    {"suspend": True},
    {"variants": [make_variant("cloud", "Cloud", artifact={"uri": "oci://registry.example/digits"})]},
)
AWAITED = make_variant("cloud", "Cloud", artifact=None)
SMALL = make_edge_node("edge-1", cost="0.1", allocatable={"cpu": "1"})


def refused(name: str, node: str, since: str) -> dict[str, Any]:
    document = pinned(pod_document(model(), name), node)
    document["metadata"]["annotations"][DECIDED_AT_ANNOTATION] = since
    condition = {**UNSCHEDULABLE, "lastTransitionTime": since}
    return {**document, "status": {"phase": "Pending", "conditions": [condition]}}


def test_missing_replicas_are_asked_for_where_they_will_be_placed() -> None:
    intent = Scene(model(replicas=2), (CLOUD, SMALL)).pass_at()
    assert replicas_of(intent) == {"digits-cloud": 1, "digits-edge": 1}


def test_a_variant_that_is_not_used_gets_no_deployment() -> None:
    assert replicas_of(Scene(model(), (CLOUD, EDGE)).pass_at()) == {"digits-edge": 1}


def test_a_variant_that_is_not_used_any_more_goes_to_zero_and_stays() -> None:
    found = model()
    deployments = {"cloud": make_live_deployment(found, "cloud"), "edge": make_live_deployment(found, "edge")}
    intent = Scene(found, (CLOUD, EDGE), (running("p", "edge-1", "edge"),), deployments).pass_at()
    assert replicas_of(intent) == {"digits-cloud": 0, "digits-edge": 1}
    assert intent.prune == ()


def test_replicas_that_find_no_node_are_asked_for_all_the_same_so_that_they_can_wait() -> None:
    intent = Scene(model(replicas=9), (SMALL,)).pass_at()
    assert sum(replicas_of(intent).values()) == 9


def test_scaled_to_zero_keeps_deployments_at_zero() -> None:
    found = model(replicas=0)
    live = {"cloud": make_live_deployment(found, "cloud")}
    intent = Scene(found, (CLOUD,), (running("p", "cloud-1"),), live).pass_at()
    assert replicas_of(intent) == {"digits-cloud": 0}
    assert intent.children is not None
    assert intent.children.budget["spec"]["minAvailable"] == 0


def test_the_deployment_of_a_variant_that_left_the_spec_is_deleted() -> None:
    found = model(variants=[make_variant("cloud", "Cloud")])
    gone = make_live_deployment(found, "gone")
    intent = Scene(found, (CLOUD,), (), {"gone": gone}).pass_at()
    assert intent.prune == (gone,)
    assert replicas_of(intent) == {"digits-cloud": 1}


def test_a_variant_without_its_artifact_gets_no_deployment_and_replicas_wait_for_it() -> None:
    found = model(variants=[AWAITED], replicas=2)
    intent = Scene(found, (CLOUD,)).pass_at()
    assert (replicas_of(intent), intent.prune) == ({}, ())
    assert intent.decision is not None
    assert intent.decision.waiting == 2


def test_what_runs_of_a_variant_whose_artifact_was_taken_away_goes_on() -> None:
    found = model(variants=[AWAITED], replicas=2)
    live = {"cloud": make_live_deployment(found, "cloud", replicas=2)}
    pods = tuple(running(name, "cloud-1") for name in ("a", "b"))
    intent = Scene(found, (CLOUD,), pods, live).pass_at()
    assert (replicas_of(intent), intent.shrunk, intent.prune) == ({}, (), ())
    assert intent.decision is not None
    assert (intent.decision.misplaced, intent.decision.unplaceable) == ((), ())


@pytest.mark.parametrize("spec", ON_HOLD, ids=["suspended", "unsupported"])
def test_a_model_on_hold_gets_nothing_but_its_status(spec: dict[str, Any]) -> None:
    found = model(**spec)
    pods = (
        refused("stuck", "gone", "2020-01-01T00:00:00Z"),
        {**running("failed", "cloud-1"), "status": {"phase": "Failed", "reason": "OutOfcpu"}},
    )
    live = {"old": make_live_deployment(found, "old")}
    intent = Scene(found, (CLOUD,), pods, live).pass_at()
    assert intent == Intent(found, intent.status, intent.figures)


@pytest.mark.parametrize("spec", ON_HOLD, ids=["suspended", "unsupported"])
def test_a_model_on_hold_takes_no_room_from_the_next_one(spec: dict[str, Any]) -> None:
    found = Scene(model(replicas=9, **spec), (CLOUD,))
    usage = found.usage
    found.pass_at(usage=usage)
    assert usage.free_on(CLOUD, "cpu") == CLOUD.allocatable["cpu"]


def test_a_model_that_is_placed_takes_its_room_from_the_next_one() -> None:
    first, second = model(replicas=4, variants=[make_variant("cloud", "Cloud")]), stored(make_model("other"))
    usage = Scene(first, (CLOUD,)).usage
    Scene(first, (CLOUD,)).pass_at(usage=usage)
    intent = Scene(second, (CLOUD,)).pass_at(usage=usage)
    assert intent.decision is not None
    assert intent.decision.waiting == 1


def test_surplus_replicas_are_marked_to_go_first_and_marked_only_once() -> None:
    pods = (running("a", "cloud-1"), running("b", "edge-1", "edge"))
    intent = Scene(model(), (CLOUD, EDGE), pods).pass_at()
    assert costs_of(intent) == {"a": DELETION_COST}
    marked = (running("a", "cloud-1", cost=DELETION_COST), pods[1])
    assert costs_of(Scene(model(), (CLOUD, EDGE), marked).pass_at()) == {}


def test_the_mark_is_taken_back_when_the_replica_stays_after_all() -> None:
    pods = (running("a", "cloud-1", cost=DELETION_COST), running("b", "edge-1", "edge"))
    assert costs_of(Scene(model(replicas=2), (CLOUD, EDGE), pods).pass_at()) == {"a": None}


def test_a_replica_whose_node_is_gone_is_marked_to_go_before_those_that_serve() -> None:
    pods = (running("lost", "cloud-9"), running("p", "cloud-1"))
    assert costs_of(Scene(model(replicas=2), (CLOUD,), pods).pass_at()) == {"lost": DELETION_COST}


def test_a_replica_that_ends_anyway_is_not_marked() -> None:
    going = running("a", "cloud-1")
    going["metadata"]["deletionTimestamp"] = "2030-01-02T03:04:05Z"
    assert costs_of(Scene(model(replicas=0), (CLOUD,), (going,)).pass_at()) == {}


def test_a_failed_pod_is_deleted_unless_it_goes_already() -> None:
    failed = {**running("failed", "cloud-1"), "status": {"phase": "Failed", "reason": "OutOfcpu"}}
    going = copy.deepcopy(failed)
    going["metadata"].update(name="going", uid="going", deletionTimestamp="2030-01-02T03:04:05Z")
    intent = Scene(model(), (CLOUD, EDGE), (failed, going)).pass_at()
    assert [replica.name for replica in intent.failed] == ["failed"]
    assert intent.stuck == ()


@pytest.mark.parametrize(
    ("since", "stuck"),
    [("2030-01-02T03:03:34Z", ["p"]), ("2030-01-02T03:03:35Z", []), ("2030-01-02T03:04:05Z", [])],
)
def test_a_pinned_pod_that_the_scheduler_refuses_for_too_long_is_stuck(since: str, stuck: list[str]) -> None:
    intent = Scene(model(), (CLOUD,), (refused("p", "cloud-1", since),)).pass_at()
    assert [one.replica.name for one in intent.stuck] == stuck
    assert all(one.why == "kube-scheduler refuses it for 30 s" for one in intent.stuck)
    assert intent.again_seconds == SETTINGS.unstick_seconds


def test_a_pod_pinned_to_a_node_that_is_gone_is_stuck_at_once() -> None:
    document = pinned(pod_document(model(), "p"), "cloud-9")
    (one,) = Scene(model(), (CLOUD,), (document,)).pass_at().stuck
    assert (one.replica.name, one.why) == ("p", "node cloud-9 is gone")


def test_pods_that_are_bound_gated_or_held_by_others_are_never_stuck() -> None:
    gated = pod_document(model(), "gated")
    held = pod_document(model(), "held")
    held["spec"]["schedulingGates"] = [{"name": GATE}, {"name": "other"}]
    pods = (bound(pod_document(model(), "bound"), "cloud-9"), gated, pinned(held, "cloud-9"))
    assert Scene(model(replicas=3), (CLOUD,), pods).pass_at().stuck == ()


def test_replicas_that_are_made_and_not_placed_yet_keep_their_variant_while_it_has_room() -> None:
    # To change the split would drop them, or replicas that the placer has placed meanwhile.
    made = tuple(pod_document(model(), name) for name in ("a", "b"))
    live = {"cloud": make_live_deployment(model(), "cloud", replicas=2)}
    intent = Scene(model(replicas=2), (CLOUD, EDGE), made, live).pass_at()
    assert replicas_of(intent) == {"digits-cloud": 2}


def test_a_model_without_refused_pods_need_not_be_looked_at_again() -> None:
    assert Scene(model(), (CLOUD,), (running("p", "cloud-1"),)).pass_at().again_seconds is None


def test_a_pod_that_is_refused_without_a_pin_need_not_be_looked_at_again() -> None:
    # Nothing of it is stuck, however long it waits: kube-scheduler binds it as soon as there is room.
    document = refused("p", "cloud-1", "2030-01-02T03:03:34Z")
    document["spec"].pop("affinity")
    intent = Scene(model(), (CLOUD,), (document,)).pass_at()
    assert intent.stuck == ()
    assert intent.again_seconds is None


def test_an_empty_list_of_nodes_is_never_no_nodes() -> None:
    found = model(replicas=2)
    pods = (running("p", "edge-1", "edge"), running("q", "edge-1", "edge"))
    live = {"edge": make_live_deployment(found, "edge", replicas=2)}
    blind = Scene(found, (), pods, live).pass_at()
    assert blind == Intent(found, blind.status, blind.figures)
    assert {one.type: one.reason for one in blind.status.conditions}["Placed"] == "AllPlaced"


def test_replicas_that_a_rollout_replaces_are_not_counted_twice() -> None:
    found = model()
    old = running("old", "edge-1", "edge")
    new = running("new", "edge-1", "edge")
    new["metadata"]["labels"]["pod-template-hash"] = "template-2"
    new["metadata"]["creationTimestamp"] = (NOW + timedelta(minutes=1)).isoformat()
    live = {
        "edge": make_live_deployment(
            found, "edge", status={"replicas": 2, "updatedReplicas": 1, "observedGeneration": 3}
        )
    }
    intent = Scene(found, (CLOUD, EDGE), (old, new), live).pass_at()
    assert replicas_of(intent) == {"digits-edge": 1}
    assert costs_of(intent) == {}


def live_service(name: str) -> objects.Service:
    return objects.Service(objects.ObjectMeta(name, "default", f"uid-of-{name}"))


def test_a_service_that_left_the_spec_is_deleted_and_no_other() -> None:
    live = tuple(map(live_service, ("digits", "digits-cloud", "digits-plant-a")))
    assert Scene(model(), (CLOUD,), services=live).pass_at().prune == live[1:]
    wanted = model(service={"perTier": True, "sites": ["plant-a"]})
    assert Scene(wanted, (CLOUD,), services=live, version=Version(1, 35)).pass_at().prune == ()


def test_services_say_what_traffic_distribution_is_called_in_the_cluster() -> None:
    near = model(service={"trafficDistribution": "PreferSameZone", "perTier": True})
    intent = Scene(near, (CLOUD,), version=Version(1, 33)).pass_at()
    assert intent.children
    assert {one["spec"]["trafficDistribution"] for one in intent.children.services} == {"PreferClose"}
