"""Nodes that kube-scheduler refused: for how long they are avoided, and when we give up choosing."""

from fogline.names import ModelKey
from fogline.observe.refusals import AVOID_SECONDS, LOOK_BACK_SECONDS, Refusals

MODEL, OTHER = ModelKey("default", "digits"), ModelKey("default", "other")


def test_a_node_is_avoided_for_the_model_that_it_refused_and_for_a_while_only() -> None:
    refusals = Refusals()
    refusals.note(MODEL, "a", now=0)
    refusals.note(OTHER, "b", now=100)
    assert refusals.avoided(100) == {MODEL: {"a"}, OTHER: {"b"}}
    assert refusals.avoided(AVOID_SECONDS) == {OTHER: {"b"}}
    assert refusals.avoided(100 + AVOID_SECONDS) == {}


def test_three_nodes_that_refuse_within_ten_minutes_are_enough() -> None:
    refusals = Refusals()
    for node, now in (("a", 0), ("b", 200), ("c", 400)):
        assert not refusals.is_exhausted(MODEL, now)
        refusals.note(MODEL, node, now)
    assert refusals.is_exhausted(MODEL, 400)
    assert not refusals.is_exhausted(OTHER, 400)
    assert not refusals.is_exhausted(MODEL, LOOK_BACK_SECONDS)


def test_one_node_that_refuses_again_and_again_is_enough_too() -> None:
    refusals = Refusals()
    for now in (0, AVOID_SECONDS, AVOID_SECONDS + 1):
        refusals.note(MODEL, "a", now)
    assert not refusals.is_exhausted(MODEL, AVOID_SECONDS + 1)
    refusals.note(MODEL, "b", AVOID_SECONDS + 2)
    assert refusals.is_exhausted(MODEL, AVOID_SECONDS + 2)


def test_many_replicas_that_one_node_refuses_at_once_count_once() -> None:
    refusals = Refusals()
    for second in range(10):
        refusals.note(MODEL, "a", second)
    assert not refusals.is_exhausted(MODEL, 10)
    assert refusals.avoided(AVOID_SECONDS) == {}
