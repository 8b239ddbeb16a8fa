"""Nodes on which kube-scheduler refused a replica lately."""

from tests.support.builders import make_demand, make_node

from fogline.conditions import Reason
from fogline.names import ModelKey
from fogline.placement import Assignment, Unplaceable, Usage, place
from fogline.snapshot import Snapshot

CHEAP, DEAR = make_node("a", cost="1"), make_node("b", cost="2")
MODEL = ModelKey("default", "digits")


def usage_of(*avoided: str, model: ModelKey = MODEL) -> Usage:
    usage = Usage(Snapshot((CHEAP, DEAR)))
    usage.avoid({model: frozenset(avoided)})
    return usage


def test_a_node_that_refused_the_model_is_left_for_the_next_best() -> None:
    answer = place(make_demand(), usage_of("a"))
    assert isinstance(answer, Assignment)
    assert answer.node == "b"
    assert [one.reason for one in answer.refused] == [Reason.REFUSED_BY_SCHEDULER]


def test_other_models_go_there_all_the_same() -> None:
    answer = place(make_demand("other"), usage_of("a"))
    assert isinstance(answer, Assignment)
    assert answer.node == "a"


def test_a_decision_that_goes_on_from_a_fork_avoids_the_same_nodes() -> None:
    answer = place(make_demand(), usage_of("a", "gone").fork())
    assert isinstance(answer, Assignment)
    assert answer.node == "b"


def test_when_every_node_has_refused_kube_scheduler_may_choose() -> None:
    answer = place(make_demand(), usage_of("a", "b"))
    assert isinstance(answer, Unplaceable)
    assert answer.only_room
