"""The view of the cluster: what was seen, and what was decided and is not seen yet."""

import copy
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.support.builders import make_model
from tests.support.live import (
    NOW,
    SETTINGS,
    bound,
    live_pod,
    make_live_deployment,
    make_live_node,
    pinned,
    pod_document,
    replica_of,
    serving,
    stored,
)
from tests.support.movers import MOVE, evicting, leaves
from tests.support.profiles import make_live_profile

from fogline.cluster.kinds import DEPLOYMENTS, SERVICES
from fogline.names import GATE, ModelKey
from fogline.observe import Role, View, assumed_pod, owned, seen_pod

MODEL = stored(make_model())
DIGITS = ModelKey("default", "digits")
GATED = pod_document(MODEL, "p")


class Watched:
    """A view, and whom it told what."""

    def __init__(self) -> None:
        self.touched: list[ModelKey] = []
        self.room_changes = 0
        self.seconds = 0.0
        self.now = NOW
        self.view = View(
            SETTINGS, self.touched.append, self._count, now=lambda: self.now, clock=lambda: self.seconds
        )

    def _count(self) -> None:
        self.room_changes += 1

    def see(self, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
        """Let the view see a change of a pod."""
        old, new = (seen_pod(live_pod(one)) if one else None for one in (before, after))
        self.view.pod_changed(old, new)

    def places(self) -> list[tuple[str, str]]:
        """Give each pod that takes room, with its node."""
        return [(pod.name, pod.node) for pod in self.view.snapshot().pods]

    def assume(self, document: dict[str, Any], node: str) -> None:
        """Let the view count a pod on the node that was decided."""
        replica = replica_of(document)
        self.view.assume(replica, assumed_pod(replica, node, None))


def test_nodes_and_pods_come_in_the_order_of_their_names() -> None:
    seen = Watched()
    for name in ("n2", "n1"):
        seen.view.node_changed(None, make_live_node(name))
    for name in ("b", "a"):
        seen.see(None, serving(pod_document(MODEL, name), "n1"))
    snapshot = seen.view.snapshot()
    assert [node.name for node in snapshot.nodes] == ["n1", "n2"]
    assert [pod.name for pod in snapshot.pods] == ["a", "b"]


def test_only_changes_of_a_node_that_matter_to_placement_wake_the_models() -> None:
    seen, node = Watched(), make_live_node("n1")
    seen.view.node_changed(None, node)
    seen.view.node_changed(node, make_live_node("n1", metadata={"name": "n1", "resourceVersion": "9"}))
    assert seen.room_changes == 1
    seen.view.node_changed(node, make_live_node("n1", spec={"unschedulable": True}))
    assert seen.room_changes == 2
    seen.view.node_changed(node, None)
    assert (seen.room_changes, seen.view.snapshot().nodes) == (3, ())


def test_only_profiles_that_change_a_node_wake_the_models_and_so_does_their_end() -> None:
    seen = Watched()
    seen.view.node_changed(None, make_live_node("n1", {"disk": "ssd"}))
    other = make_live_profile("other", {"disk": "hdd"}, costPerHour="1")
    until = (NOW + timedelta(hours=1)).isoformat()
    profile = make_live_profile("p", {"disk": "ssd"}, costPerHour="1", validUntil=until)
    seen.view.profile_changed(None, other)
    assert seen.room_changes == 1
    seen.view.profile_changed(None, profile)
    assert (seen.room_changes, seen.view.snapshot().nodes[0].cost_per_hour) == (2, Decimal(1))
    seen.view.follow_clock()
    assert seen.room_changes == 2
    seen.now += timedelta(hours=1)
    seen.view.follow_clock()
    assert (seen.room_changes, seen.view.snapshot().nodes[0].cost_per_hour) == (3, Decimal(0))


def test_an_assumed_pod_takes_its_room_until_its_pin_is_seen_and_never_twice() -> None:
    seen = Watched()
    seen.see(None, GATED)
    seen.assume(GATED, "n1")
    assert seen.places() == [("p", "n1")]
    seen.see(GATED, pinned(GATED, "n1"))
    assert seen.places() == [("p", "n1")]
    seen.assume(GATED, "n1")
    assert seen.places() == [("p", "n1")]
    seen.see(pinned(GATED, "n1"), None)
    assert seen.places() == []


def test_an_assumed_replica_counts_as_placed_although_its_pin_is_not_seen() -> None:
    seen = Watched()
    document = copy.deepcopy(GATED)
    document["spec"]["schedulingGates"] = [{"name": GATE}, {"name": "other"}]
    seen.see(None, document)
    seen.assume(document, "n1")
    (replica,) = seen.view.replicas(DIGITS)
    assert (replica.node, replica.gates, replica.bound) == ("n1", ("other",), False)


def test_an_assumed_stand_in_is_one_before_its_pin_is_seen() -> None:
    seen = Watched()
    seen.see(None, GATED)
    replica = replica_of(GATED)
    seen.view.assume(replica, assumed_pod(replica, "n1", None), Role(stands_in_for="uid-of-a"))
    (standing_in,) = seen.view.replicas(DIGITS)
    assert standing_in.stands_in_for == "uid-of-a"
    seen.view.refute(replica)
    (gated,) = seen.view.replicas(DIGITS)
    assert gated.stands_in_for is None


def test_old_news_of_an_assumed_pod_do_not_free_its_room() -> None:
    seen = Watched()
    seen.see(None, GATED)
    seen.assume(GATED, "n1")
    seen.see(GATED, GATED)
    assert seen.places() == [("p", "n1")]


def test_a_pin_that_could_not_be_written_frees_its_room_and_wakes_who_waits_for_it() -> None:
    seen = Watched()
    seen.see(None, GATED)
    seen.assume(GATED, "n1")
    seen.view.refute(replica_of(GATED))
    assert (seen.places(), seen.room_changes) == ([], 1)
    seen.view.refute(replica_of(GATED))
    assert seen.room_changes == 1


def test_a_pod_that_goes_before_its_pin_was_seen_frees_the_room_it_was_assumed_to_take() -> None:
    seen = Watched()
    seen.see(None, GATED)
    seen.assume(GATED, "n1")
    seen.see(GATED, None)
    assert (seen.places(), seen.room_changes, seen.view.replicas(DIGITS)) == ([], 1, ())


def test_room_is_freed_when_a_pod_ends_or_shrinks_and_not_when_one_comes() -> None:
    seen, running = Watched(), serving(GATED, "n1")
    seen.see(None, running)
    assert seen.room_changes == 0
    smaller = copy.deepcopy(running)
    smaller["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "100m"}}
    seen.see(running, smaller)
    assert seen.room_changes == 1
    ended = {**smaller, "status": {"phase": "Failed", "reason": "Evicted"}}
    seen.see(smaller, ended)
    assert (seen.room_changes, seen.places()) == (2, [])


def test_a_terminating_pod_holds_its_room_but_no_longer_counts_for_its_model() -> None:
    seen, running = Watched(), serving(GATED, "n1")
    going = copy.deepcopy(running)
    going["metadata"]["deletionTimestamp"] = "2030-01-02T03:04:05Z"
    seen.see(None, running)
    seen.see(running, going)
    (pod,) = seen.view.snapshot().pods
    assert (pod.node, pod.replica) == ("n1", None)


def test_every_change_of_a_pod_of_ours_wakes_its_model_and_pods_of_others_wake_none() -> None:
    seen = Watched()
    theirs = {"metadata": {"name": "x", "namespace": "default", "uid": "x"}, "spec": {"nodeName": "n1"}}
    seen.see(None, theirs)
    assert seen.touched == []
    seen.see(None, GATED)
    seen.see(GATED, bound(GATED, "n1"))
    seen.see(bound(GATED, "n1"), None)
    assert seen.touched == [DIGITS] * 3


def test_a_pod_made_anew_under_the_same_name_is_another_one() -> None:
    seen, second = Watched(), copy.deepcopy(GATED)
    second["metadata"]["uid"] = "second"
    seen.see(None, serving(GATED, "n1"))
    seen.see(serving(GATED, "n1"), second)
    assert [replica.uid for replica in seen.view.replicas(DIGITS)] == ["second"]
    assert seen.places() == []


def test_a_pod_that_somebody_took_away_from_its_model_is_no_replica_any_more() -> None:
    seen, running = Watched(), serving(GATED, "n1")
    taken = copy.deepcopy(running)
    del taken["metadata"]["labels"]["fogline.dev/model"]
    seen.see(None, running)
    seen.see(running, taken)
    (pod,) = seen.view.snapshot().pods
    assert (seen.view.replicas(DIGITS), pod.replica) == ((), None)
    assert seen.touched == [DIGITS] * 2


def test_the_wait_at_the_gate_is_counted_from_the_first_sight_until_the_pod_is_gone() -> None:
    seen = Watched()
    seen.seconds = 5.0
    seen.see(None, GATED)
    seen.seconds = 9.0
    seen.see(GATED, GATED)
    assert seen.view.gated_since(replica_of(GATED)) == 5.0
    seen.see(GATED, None)
    assert seen.view.gated_since(replica_of(GATED)) is None


def test_replicas_come_oldest_first() -> None:
    seen = Watched()
    young = pod_document(MODEL, "a")
    young["metadata"]["creationTimestamp"] = NOW.isoformat()
    seen.see(None, young)
    seen.see(None, pod_document(MODEL, "b"))
    assert [replica.name for replica in seen.view.replicas(DIGITS)] == ["b", "a"]


def test_children_are_found_by_name_and_by_model_until_they_are_gone() -> None:
    seen, live = Watched(), make_live_deployment(MODEL, "cloud")
    seen.view.child_changed(DEPLOYMENTS, None, live)
    assert seen.view.child(DEPLOYMENTS, ModelKey("default", "digits-cloud")) is live
    assert seen.view.children_of(DEPLOYMENTS, DIGITS) == [live]
    assert seen.view.children_of(SERVICES, DIGITS) == []
    assert seen.view.children_of(DEPLOYMENTS, ModelKey("other", "digits")) == []
    seen.view.child_changed(DEPLOYMENTS, live, None)
    assert seen.view.children_of(DEPLOYMENTS, DIGITS) == []
    assert seen.touched == [DIGITS, DIGITS]


def test_children_of_a_namesake_that_was_deleted_do_not_belong_to_the_new_model() -> None:
    seen = Watched()
    seen.view.child_changed(DEPLOYMENTS, None, make_live_deployment(stored(MODEL, uid="old"), "edge"))
    mine = make_live_deployment(MODEL, "cloud")
    seen.view.child_changed(DEPLOYMENTS, None, mine)
    assert dict(owned(seen.view, MODEL).deployments) == {"cloud": mine}


def test_a_pin_that_is_not_seen_yet_counts_as_the_replacement_that_it_is() -> None:
    watched = Watched()
    watched.see(None, GATED)
    replica = replica_of(GATED)
    watched.view.assume(
        replica, assumed_pod(replica, "cloud-1", None), Role(came_by=MOVE, replaces="uid-of-old")
    )
    (seen,) = watched.view.replicas(DIGITS)
    assert (seen.replaces, seen.came_by, seen.node) == ("uid-of-old", MOVE, "cloud-1")
    watched.view.refute(replica)
    (seen,) = watched.view.replicas(DIGITS)
    assert (seen.replaces, seen.came_by, seen.node) == (None, None, None)


def test_an_evicted_victim_is_remembered_as_one_that_ends_until_its_model_is_gone() -> None:
    watched = Watched()
    victim = leaves(serving(GATED, "node"), evicting())
    watched.see(None, victim)
    watched.see(victim, None)
    (seen,) = watched.view.replicas(DIGITS)
    assert (seen.terminating, seen.leaves_by and seen.leaves_by.id) == (True, "m1")
    watched.view.forget(DIGITS)
    assert watched.view.replicas(DIGITS) == ()


def test_other_pods_that_are_gone_are_forgotten() -> None:
    watched = Watched()
    for document in (serving(GATED, "node"), leaves(serving(GATED, "node"))):
        watched.see(None, document)
        watched.see(document, None)
    assert watched.view.replicas(DIGITS) == ()
