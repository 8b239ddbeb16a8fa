"""What one pass wants to write while replicas move, are drained or are cut off."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests.support.builders import make_edge_node, make_node, make_variant
from tests.support.live import NOW, make_live_deployment, patched, pod_document, replica_of
from tests.support.movers import arrives, leaves
from tests.support.passes import CLOUD, EDGE, costs_of, drained, kept_by, model, replicas_of, running
from tests.support.scenes import Scene

from fogline.api import DataSensitivity
from fogline.names import STANDS_IN_ANNOTATION
from fogline.objects import mark_victim
from fogline.reconcile.intent import COST_OF_NEXT, DELETION_COST
from fogline.snapshot import Move, Node


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


def test_a_victim_stays_until_its_replacement_in_another_variant_is_ready() -> None:
    move = Move("m1", "edge-1", "cloud-1", "cloud", None, "NodeCordoned", None, NOW)
    found, nodes = model(), (CLOUD, replace(EDGE, cordoned=True))
    victim, coming = leaves(running("v", "edge-1", "edge"), move), running("r", "cloud-1")
    live = {variant: make_live_deployment(found, variant) for variant in ("cloud", "edge")}
    alone = Scene(found, nodes, (victim,), live).pass_at()
    assert replicas_of(alone) == {"digits-cloud": 1, "digits-edge": 1}
    replaced = Scene(found, nodes, (victim, arrives(coming, "uid-of-v", move)), live).pass_at()
    assert replicas_of(replaced) == {"digits-cloud": 1, "digits-edge": 0}
    assert costs_of(replaced) == {"v": COST_OF_NEXT}


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


def test_why_a_move_was_given_up_is_told_though_the_same_pass_is_the_first_of_a_new_spec() -> None:
    quota = [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "quota"}]
    old = model()
    full = make_live_deployment(old, "cloud", replicas=2, status={"conditions": quota})
    move = Move("m1", "drained", "cloud-1", "cloud", None, "NodeCordoned", None, NOW)
    pods = (leaves(running("a", "drained"), move),)
    told = Scene(old, (drained(5), CLOUD), pods, {"cloud": full}).pass_at().status
    found = model(rebalancing={"readyTimeoutSeconds": 10})
    edited = msgspec.structs.replace(
        found, metadata=msgspec.structs.replace(found.metadata, generation=2), status=told
    )
    intent = Scene(edited, (drained(5), CLOUD), pods, {"cloud": full}).pass_at(NOW + timedelta(seconds=11))
    assert replicas_of(intent) == {"digits-cloud": 1}
    status = intent.status_to_tell(changed=True)
    assert status is not None
    assert status.moves is not None
    assert [one.message for one in status.moves.history] == [
        "its replacement was not Ready within 10 s: quota"
    ]
    assert (status.observed_generation, status.conditions) == (1, told.conditions)


def test_a_status_that_is_the_first_of_a_spec_waits_until_what_the_pass_changed_is_seen() -> None:
    intent = Scene(model(), (CLOUD,), (), {}).pass_at()
    assert intent.status_to_tell(changed=True) is None
    assert intent.status_to_tell(changed=False) == intent.status


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


def test_a_deployment_is_not_asked_for_fewer_before_it_has_made_up_for_a_stand_in_that_is_gone() -> None:
    node, original = cut_off()
    found = model(variants=[make_variant("edge", "Edge")])
    near = make_edge_node("edge-2")
    stand_in = running("s", "edge-2", "edge")
    stand_in["metadata"]["annotations"][STANDS_IN_ANNOTATION] = "uid-of-a"
    live = {"edge": make_live_deployment(found, "edge", replicas=3)}
    there = (original, stand_in)
    assert replicas_of(Scene(found, (node, near), there, live).pass_at()) == {"digits-edge": 3}
    made_up = (*there, pod_document(found, "gated", "edge"))
    assert replicas_of(Scene(found, (node, near), made_up, live).pass_at()) == {"digits-edge": 2}


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
