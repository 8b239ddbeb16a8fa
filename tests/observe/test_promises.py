"""What was assigned is not assigned again while its pods are still to come."""

from typing import Any

from tests.support.builders import make_demand, make_model
from tests.support.live import NOW, READY, SETTINGS, live_pod, make_live_node, pod_document, serving, stored

from fogline.names import ModelKey
from fogline.observe import View, seen_pod
from fogline.observe.promises import SECONDS
from fogline.placement import Decision, Demand, decide

FIRST, SECOND = make_demand("first", replicas=4), make_demand("second", replicas=4)
"""Either fills the one node alone."""


class Seen:
    """A view of one node with room for four replicas."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.room_changes = 0
        self.view = View(SETTINGS, lambda _: None, self._count, now=lambda: NOW, clock=lambda: self.seconds)
        room = {"cpu": "4", "memory": "64Gi", "pods": "110"}
        node = make_live_node("n1", status={"conditions": [READY], "allocatable": room})
        self.view.node_changed(None, node)
        self.room_changes = 0

    def _count(self) -> None:
        self.room_changes += 1

    def decide(self, demand: Demand) -> Decision:
        """Decide for a model as a pass does, and promise what comes out."""
        decision = decide(demand, self.view.usage([demand.model]))
        self.view.promise(demand, decision)
        return decision

    def start(self, name: str, model: str) -> None:
        """Let a replica be on the node."""
        document: dict[str, Any] = serving(pod_document(stored(make_model(model)), name), "n1")
        self.view.pod_changed(None, seen_pod(live_pod(document)))


def test_what_one_model_was_assigned_is_not_given_to_another() -> None:
    seen = Seen()
    assert len(seen.decide(FIRST).assignments) == 4
    assert seen.decide(SECOND).waiting == 4


def test_a_model_may_have_its_own_room_when_it_is_decided_again() -> None:
    seen = Seen()
    assert seen.decide(FIRST) == seen.decide(FIRST)


def test_each_replica_that_gets_its_node_ends_one_promise() -> None:
    seen = Seen()
    seen.decide(FIRST)
    for name in ("a", "b", "c", "d"):
        seen.start(name, "first")
        usage = seen.view.usage()
        assert usage.free_on(usage.node("n1"), "cpu") == 0
    assert len(usage.replicas_of(ModelKey("default", "first"))) == 4


def test_a_model_that_wants_less_gives_its_room_back_and_the_others_are_woken() -> None:
    seen = Seen()
    seen.decide(FIRST)
    assert seen.room_changes == 0
    seen.decide(make_demand("first", replicas=1))
    assert seen.room_changes == 1
    assert len(seen.decide(SECOND).assignments) == 3


def test_a_model_that_is_gone_leaves_no_promise() -> None:
    seen = Seen()
    seen.decide(FIRST)
    seen.view.forget(FIRST.model)
    assert seen.room_changes == 1
    assert len(seen.decide(SECOND).assignments) == 4


def test_room_is_not_kept_for_ever_for_pods_that_do_not_come() -> None:
    seen = Seen()
    seen.decide(FIRST)
    assert seen.decide(SECOND).waiting == 4
    seen.seconds = SECONDS
    seen.view.usage()
    assert seen.room_changes == 1
    seen.decide(FIRST)
    assert len(seen.decide(SECOND).assignments) == 4
    assert seen.room_changes == 1


def test_a_model_whose_pods_came_late_is_promised_room_again() -> None:
    seen = Seen()
    seen.decide(FIRST)
    seen.seconds = SECONDS
    for name in ("a", "b", "c", "d"):
        seen.start(name, "first")
    seen.decide(FIRST)
    seen.decide(make_demand("first", replicas=0))
    usage = seen.view.usage()
    assert usage.free_on(usage.node("n1"), "cpu") == 0
