"""What one pass wants to write, and what it leaves alone."""

import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.builders import make_edge_node, make_model, make_node, make_variant
from tests.support.live import (
    NOW,
    SETTINGS,
    UNSCHEDULABLE,
    bound,
    make_live_deployment,
    patched,
    pinned,
    pod_document,
    replica_of,
    serving,
    stored,
)
from tests.support.movers import arrives, leaves
from tests.support.scenes import Scene

from fogline.api import DataSensitivity, ModelDeployment
from fogline.cluster import objects
from fogline.cluster.version import Version
from fogline.names import DECIDED_AT_ANNOTATION, DELETION_COST_ANNOTATION, GATE, STANDS_IN_ANNOTATION
from fogline.objects import mark_victim
from fogline.objects.marks import arrival_notes
from fogline.reconcile.intent import COST_OF_NEXT, DELETION_COST, Intent
from fogline.snapshot import Move, Node

CLOUD = make_node("cloud-1", cost="1")
EDGE = make_edge_node("edge-1", cost="0.1")
ON_HOLD = (
    {"suspend": True},
    {"variants": [make_variant("cloud", "Cloud", artifact={"uri": "oci://registry.example/digits"})]},
)
SMALL = make_edge_node("edge-1", cost="0.1", allocatable={"cpu": "1"})


def model(**spec: Any) -> ModelDeployment:
    return stored(make_model(**spec))


def running(name: str, node: str, variant: str = "cloud", *, cost: str | None = None) -> dict[str, Any]:
    document = copy.deepcopy(serving(pod_document(model(), name, variant), node))
    if cost:
        document["metadata"]["annotations"][DELETION_COST_ANNOTATION] = cost
    return document


def refused(name: str, node: str, since: str) -> dict[str, Any]:
    document = pinned(pod_document(model(), name), node)
    document["metadata"]["annotations"][DECIDED_AT_ANNOTATION] = since
    condition = {**UNSCHEDULABLE, "lastTransitionTime": since}
    return {**document, "status": {"phase": "Pending", "conditions": [condition]}}


def replicas_of(intent: Intent) -> dict[str, int]:
    assert intent.children is not None
    return {one["metadata"]["name"]: one["spec"]["replicas"] for one in intent.children.deployments}


def costs_of(intent: Intent) -> dict[str, str | None]:
    return {replica.name: cost for replica, cost in intent.deletion_costs}


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


@pytest.mark.parametrize("spec", ON_HOLD, ids=["suspended", "unsupported"])
def test_a_model_on_hold_gets_nothing_but_its_status(spec: dict[str, Any]) -> None:
    found = model(**spec)
    pods = (
        refused("stuck", "gone", "2020-01-01T00:00:00Z"),
        {**running("failed", "cloud-1"), "status": {"phase": "Failed", "reason": "OutOfcpu"}},
    )
    live = {"old": make_live_deployment(found, "old")}
    intent = Scene(found, (CLOUD,), pods, live).pass_at()
    assert intent == Intent(found, intent.status)


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


def test_a_misplaced_replica_stays_until_a_move_replaces_it() -> None:
    uncleared = replace(CLOUD, clearance=DataSensitivity.PUBLIC)
    found = model(placement={"dataSensitivity": "Internal"})
    live = {"cloud": make_live_deployment(found, "cloud")}
    intent = Scene(found, (uncleared, EDGE), (running("p", "cloud-1"),), live).pass_at()
    assert costs_of(intent) == {"p": DELETION_COST}
    assert replicas_of(intent) == {"digits-cloud": 1}


def test_a_misplaced_replica_is_the_first_to_go_when_fewer_are_wanted() -> None:
    uncleared = make_node("cloud-2", clearance=DataSensitivity.PUBLIC)
    found = model(placement={"dataSensitivity": "Internal"})
    live = {"cloud": make_live_deployment(found, "cloud")}
    pods = (running("p", "cloud-1"), running("q", "cloud-2"))
    intent = Scene(found, (CLOUD, uncleared), pods, live).pass_at()
    assert costs_of(intent) == {"q": DELETION_COST}
    assert replicas_of(intent) == {"digits-cloud": 1}


def test_a_victim_stays_beside_its_replacement_until_that_is_ready() -> None:
    move = Move("m", "edge-1", "cloud-1", "cloud", None, "NodeCordoned", None, NOW)
    victim = running("v", "edge-1", "edge")
    victim["metadata"]["annotations"] |= {
        "fogline.dev/move-id": move.id,
        "fogline.dev/move-to": move.target,
        "fogline.dev/move-variant": move.variant,
        "fogline.dev/move-reason": move.reason,
        "fogline.dev/move-started-at": "2030-01-02T03:04:05Z",
    }
    replacement = running("r", "cloud-1", "cloud")
    replacement["metadata"]["annotations"] |= arrival_notes("uid-of-v", move)
    found, nodes = model(), (CLOUD, replace(EDGE, cordoned=True))
    live = {"edge": make_live_deployment(found, "edge")}
    both = Scene(found, nodes, (victim,), live).pass_at()
    assert replicas_of(both) == {"digits-cloud": 1, "digits-edge": 1}
    live["cloud"] = make_live_deployment(found, "cloud")
    one = Scene(found, nodes, (victim, replacement), live).pass_at()
    assert replicas_of(one) == {"digits-cloud": 1, "digits-edge": 0}
    assert costs_of(one) == {"v": COST_OF_NEXT}


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


def test_an_empty_list_of_nodes_is_never_no_nodes() -> None:
    found = model(replicas=2)
    pods = (running("p", "edge-1", "edge"), running("q", "edge-1", "edge"))
    live = {"edge": make_live_deployment(found, "edge", replicas=2)}
    blind = Scene(found, (), pods, live).pass_at()
    assert blind == Intent(found, blind.status)
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


def drained(seconds: int) -> Node:
    return make_node("drained", cordoned=True, cordoned_since=NOW - timedelta(seconds=seconds))


def kept_by(intent: Intent) -> int:
    assert intent.children is not None
    return int(intent.children.budget["spec"]["minAvailable"])


def test_the_budget_lets_one_replica_go_that_a_drain_has_waited_for_in_vain() -> None:
    scene = Scene(model(replicas=2), (drained(601),), (running("a", "drained"), running("b", "drained")))
    intent = scene.pass_at()
    assert [one.replica.name for one in intent.blocked] == ["a", "b"]
    assert kept_by(intent) == 1


def test_the_budget_lets_the_next_one_go_when_the_first_has_no_place_either() -> None:
    waiting = pod_document(model(), "a-again")
    intent = Scene(model(replicas=2), (drained(601),), (waiting, running("b", "drained"))).pass_at()
    assert kept_by(intent) == 0


def test_the_budget_is_as_ever_until_then_and_the_pass_is_made_again_in_time() -> None:
    intent = Scene(model(), (drained(590),), (running("a", "drained"),)).pass_at()
    assert (kept_by(intent), intent.again_seconds) == (1, 10)


def test_the_budget_is_as_ever_once_the_last_replica_has_left_the_node() -> None:
    intent = Scene(model(), (drained(601), CLOUD), (running("a", "cloud-1"),)).pass_at()
    assert (kept_by(intent), intent.again_seconds) == (1, None)


def test_what_the_user_lets_go_is_enough_for_a_drain() -> None:
    allowed = model(replicas=2, disruption={"maxUnavailable": "50%"})
    intent = Scene(
        allowed, (drained(601), CLOUD), (running("a", "drained"), running("b", "cloud-1"))
    ).pass_at()
    assert kept_by(intent) == 1


def test_a_victim_whose_replacement_is_not_ready_yet_stays_and_is_counted_once() -> None:
    document = running("a", "drained")
    move = Move("m1", "drained", "cloud-1", "cloud", None, "NodeCordoned", None, NOW)
    victim = patched(document, mark_victim(replica_of(document), move))
    deployments = {"cloud": make_live_deployment(model(), "cloud")}
    intent = Scene(model(), (drained(5), CLOUD), (victim,), deployments).pass_at()
    assert replicas_of(intent) == {"digits-cloud": 2}


def test_replicas_of_a_variant_that_left_the_spec_stay_until_moves_have_replaced_them() -> None:
    found = model(variants=[make_variant("edge", "Edge")], replicas=2)
    before = make_live_deployment(found, "cloud", replicas=2)
    pods = tuple(running(name, "cloud-1") for name in ("a", "b"))
    intent = Scene(found, (CLOUD, EDGE), pods, {"cloud": before}).pass_at()
    assert (intent.prune, intent.shrunk, replicas_of(intent)) == ((), (), {})


def test_the_deployment_of_a_variant_that_left_the_spec_shrinks_with_every_move_and_goes_after_the_last() -> (
    None
):
    found = model(variants=[make_variant("edge", "Edge")], replicas=2)
    move = Move("m1", "cloud-1", "edge-1", "edge", None, "VariantLeft", None, NOW)
    victim, new = leaves(running("a", "cloud-1"), move), running("c", "edge-1", "edge")
    before, after = (
        make_live_deployment(found, "cloud", replicas=2),
        make_live_deployment(found, "edge", replicas=1),
    )
    coming = arrives(new, "uid-of-a", move)
    live = {"cloud": before, "edge": after}
    first = Scene(found, (CLOUD, EDGE), (victim, running("b", "cloud-1"), coming), live).pass_at()
    assert (first.prune, first.shrunk, replicas_of(first)) == ((), ((before, 1),), {"digits-edge": 1})
    both = (new, running("d", "edge-1", "edge"))
    last = Scene(found, (CLOUD, EDGE), both, {"cloud": before}).pass_at()
    assert (last.prune, last.shrunk) == ((before,), ())


def test_a_victim_goes_first_where_the_cluster_makes_no_pod_more_if_enough_others_serve() -> None:
    quota = [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "quota"}]
    full = make_live_deployment(model(), "cloud", replicas=3, status={"conditions": quota})
    victim = leaves(
        running("a", "drained"), Move("m1", "drained", "cloud-1", "cloud", None, "NodeCordoned", None, NOW)
    )
    pods = (victim, running("b", "cloud-1"))
    for allowed, switched in ((0, []), (1, ["Evict"])):
        found = model(replicas=2, disruption={"maxUnavailable": allowed})
        intent = Scene(found, (drained(5), CLOUD), pods, {"cloud": full}).pass_at()
        assert [move.strategy for _, move in intent.switched] == switched


def test_a_model_is_passed_again_when_the_time_of_a_move_is_up() -> None:
    move = Move("m1", "drained", "cloud-1", "cloud", None, "NodeCordoned", None, NOW)
    intent = Scene(
        model(), (make_node("drained", cordoned=True), CLOUD), (leaves(running("a", "drained"), move),)
    ).pass_at()
    assert intent.again_seconds == pytest.approx(600.1)


def test_what_a_move_has_replaced_goes_before_what_only_should_go() -> None:
    found = model(variants=[make_variant("edge", "Edge")], replicas=2)
    move = Move("m1", "cloud-1", "edge-1", "edge", None, "VariantLeft", None, NOW)
    victim, other = leaves(running("a", "cloud-1"), move), running("b", "cloud-1")
    live = {
        "cloud": make_live_deployment(found, "cloud", replicas=2),
        "edge": make_live_deployment(found, "edge"),
    }
    first = Scene(found, (CLOUD, EDGE), (victim, other), live).pass_at()
    assert costs_of(first) == {"b": DELETION_COST}
    coming = arrives(running("c", "edge-1", "edge"), "uid-of-a", move)
    then = Scene(found, (CLOUD, EDGE), (victim, other, coming), live).pass_at()
    assert costs_of(then) == {"a": COST_OF_NEXT, "b": DELETION_COST}


def cut_off() -> tuple[Node, dict[str, Any]]:
    """Make an edge node that has been cut off for an hour, and the replica on it."""
    node = make_edge_node("edge-1", ready=False, readiness_since=NOW - timedelta(hours=1))
    document = running("a", "edge-1", "edge")
    document["status"]["conditions"][-1]["status"] = "False"
    return node, document


def test_a_replica_that_is_cut_off_stays_and_one_more_is_asked_for_elsewhere() -> None:
    node, original = cut_off()
    intent = Scene(model(), (CLOUD, node), (original,)).pass_at()
    assert replicas_of(intent) == {"digits-cloud": 1, "digits-edge": 1}
    assert [pod.node for pod in intent.claimed] == ["cloud-1"]
    assert kept_by(intent) == 1


def test_a_stand_in_is_neither_surplus_nor_missing_while_the_link_is_cut() -> None:
    node, original = cut_off()
    stand_in = running("s", "cloud-1")
    stand_in["metadata"]["annotations"][STANDS_IN_ANNOTATION] = "uid-of-a"
    intent = Scene(model(), (CLOUD, node), (original, stand_in)).pass_at()
    assert replicas_of(intent) == {"digits-cloud": 1, "digits-edge": 1}
    assert (intent.deletion_costs, intent.over) == ((), ())


def test_a_stand_in_is_dismissed_once_its_original_is_back_for_the_cool_down() -> None:
    back = make_edge_node("edge-1", cost="0.1", readiness_since=NOW - timedelta(seconds=600))
    stand_in = running("s", "cloud-1")
    stand_in["metadata"]["annotations"][STANDS_IN_ANNOTATION] = "uid-of-a"
    found = model()
    live = {variant: make_live_deployment(found, variant) for variant in ("cloud", "edge")}
    scene = Scene(found, (CLOUD, back), (running("a", "edge-1", "edge"), stand_in), live)
    intent = scene.pass_at()
    assert [one.name for one in intent.over] == ["s"]
    assert costs_of(intent) == {"s": COST_OF_NEXT}
    assert replicas_of(intent) == {"digits-cloud": 0, "digits-edge": 1}
    waiting = scene.pass_at(NOW - timedelta(seconds=5))
    assert (waiting.over, costs_of(waiting)) == ((), {})
    assert waiting.again_seconds == pytest.approx(5, abs=0.2)
    assert replicas_of(waiting) == {"digits-cloud": 1, "digits-edge": 1}
