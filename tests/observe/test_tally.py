"""Counting as changes come gives what counting everything at once gives."""

import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.builders import make_demand, make_edge_node, make_node, make_pod
from tests.support.random_worlds import models, nodes, pods

from fogline.names import ModelKey
from fogline.observe.tally import Tally
from fogline.placement import Usage, decide, demand_of
from fogline.snapshot import Node, Pod, Snapshot, Taint

NAMES = [f"n{number}" for number in range(5)]


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """Draw what happens: nodes come, change and go, and so do pods, also on nodes that are not there."""
    steps: list[tuple[str, Any]] = [("node", draw(nodes(name))) for name in NAMES[:3]]
    steps.append(("pods", draw(pods(NAMES, 2))))
    for _ in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(["node", "no node", "pods", "no pod", "decide"]))
        name = draw(st.sampled_from(NAMES))
        match kind:
            case "node":
                steps.append((kind, draw(nodes(name))))
            case "pods":
                steps.append((kind, draw(pods(NAMES, 2))))
            case "no pod":
                steps.append((kind, f"p{draw(st.integers(0, 4))}"))
            case _:
                steps.append((kind, name))
    return steps


@settings(deadline=None, max_examples=300)
@given(histories(), models())
def test_what_was_counted_step_by_step_is_what_is_there(steps: list[tuple[str, Any]], model: Any) -> None:
    there: dict[str, Node] = {}
    running: dict[str, Pod] = {}
    tally, demand = Tally(there), demand_of(model)
    for kind, value in steps:
        match kind:
            case "node":
                there[value.name] = value
                tally.nodes_changed([value.name])
            case "no node":
                there.pop(value, None)
                tally.nodes_changed([value])
            case "pods":
                for pod in value:
                    running[pod.name] = pod
                    tally.put(pod.name, pod)
            case "no pod":
                running.pop(value, None)
                tally.put(value, None)
            case "decide":
                decide(demand, tally.usage())
    counted, fresh = tally.usage(), Usage(Snapshot(tuple(there.values()), tuple(running.values())))
    for resource in ("cpu", "memory", "pods"):
        assert counted.free(resource).tolist() == fresh.free(resource).tolist()
        assert counted.left_of_share(resource).tolist() == fresh.left_of_share(resource).tolist()
    for name in ("digits", "other"):
        key = ModelKey("default", name)
        assert counted.replicas_of(key) == fresh.replicas_of(key)
        assert counted.cost_of(key) == fresh.cost_of(key)
    assert decide(demand, counted) == decide(demand, fresh)


def test_a_decision_on_one_usage_is_not_seen_by_the_next() -> None:
    tally = Tally({"a": make_node("a")})
    tally.nodes_changed(["a"])
    first = tally.usage()
    decide(make_demand(replicas=2), first)
    assert first.free_on(first.node("a"), "cpu") == 2000
    second = tally.usage()
    assert second.free_on(second.node("a"), "cpu") == 4000
    assert second.replicas_of(ModelKey("default", "digits")) == ()


@pytest.mark.parametrize(
    "state", [{"ready": False}, {"cordoned": True}, {"taints": (Taint("gpu", "", "NoSchedule"),)}]
)
def test_a_node_counts_in_the_state_that_it_is_in(state: dict[str, Any]) -> None:
    there = {"a": make_node("a"), "b": make_node("b", cost="9")}
    tally = Tally(there)
    tally.nodes_changed(there)
    demand = make_demand(replicas=1)
    for node, chosen in (
        (there["a"], "a"),
        (make_node("a", **state), "b"),
        (there["a"], "a"),
        (make_node("a", cost="10"), "b"),
    ):
        there["a"] = node
        tally.nodes_changed(["a"])
        (assigned,) = decide(demand, tally.usage()).assignments
        assert assigned.node == chosen


def test_what_is_seen_later_does_not_change_a_usage_that_was_given() -> None:
    there = {"a": make_node("a")}
    tally = Tally(there)
    tally.nodes_changed(there)
    tally.put("1", make_pod("1", "a", model="digits"))
    usage = tally.usage()
    there["b"] = make_edge_node("b")
    there["a"] = make_node("a", cost="9")
    tally.nodes_changed(there)
    tally.put("1", None)
    tally.usage()
    assert [node.name for node in usage.nodes] == ["a"]
    assert [pod.name for pod, _ in usage.replicas_of(ModelKey("default", "digits"))] == ["1"]
    assert usage.cost_of(ModelKey("default", "digits")) == 1
    assert usage.free_on(usage.node("a"), "cpu") == 3000


def test_nodes_that_are_gone_with_their_pods_leave_nothing_behind() -> None:
    there: dict[str, Node] = {}
    tally = Tally(there)

    def come_and_go(name: str) -> None:
        there[name] = make_node(name)
        tally.nodes_changed([name])
        tally.put("u", make_pod("p", name))
        tally.usage()
        del there[name]
        tally.nodes_changed([name])
        tally.put("u", None)
        tally.usage()

    come_and_go("n00")
    before = len(pickle.dumps(tally))
    for number in range(1, 30):
        come_and_go(f"n{number:02}")
    assert len(pickle.dumps(tally)) == before
