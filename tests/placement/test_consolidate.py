"""Groups of moves that empty nodes which are paid as a whole."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from dev.instances import rebalance
from tests.support.builders import make_demand, make_edge_node, make_node, make_pod

from fogline.disruption import Step, judge
from fogline.placement import Demand, Usage, leaving, refusals
from fogline.placement.consolidate import consolidate
from fogline.placement.limits import Consolidation
from fogline.placement.optimised import Placed
from fogline.placement.requirements import Option
from fogline.snapshot import Node, Pod, ReplicaOf, Snapshot

PATIENT = Consolidation(moves=40)
DIGITS, LETTERS = make_demand(replicas=2), make_demand("letters", replicas=1)
PAIR = (make_pod("p", "a", model="digits"), make_pod("q", "a", model="digits"))


def moves(
    nodes: Iterable[Node],
    pods: Iterable[Pod],
    demands: Iterable[Demand] = (DIGITS, LETTERS),
    limits: Consolidation = PATIENT,
) -> list[dict[str, str]]:
    """Give where each pod of each group goes."""
    found = consolidate(demands, Snapshot(tuple(nodes), tuple(pods)), limits)
    return [{one.pod.name: one.node for one in group if one.pod} for group in found]


def test_the_replicas_of_a_dear_node_go_together_to_a_cheap_one_that_is_opened() -> None:
    assert moves([make_node("a", cost="2"), make_node("b", cost="1")], PAIR) == [{"p": "b", "q": "b"}]


def test_a_node_is_emptied_onto_one_that_is_paid_anyway() -> None:
    there = make_pod("r", "b", model="letters")
    nodes = [make_node("a", cost="1"), make_node("b", cost="1.5")]
    assert moves(nodes, (*PAIR, there)) == [{"r": "a"}]


def test_several_nodes_are_emptied_onto_one_that_none_of_them_alone_would_open() -> None:
    nodes = [make_node("a", cost="1"), make_node("b", cost="1"), make_node("c", cost="1.5")]
    full = [replace(one, allocatable={**one.allocatable, "cpu": 2000}) for one in nodes[:2]]
    there = [*PAIR, make_pod("r", "b", model="letters"), make_pod("s", "b", model="letters")]
    assert moves([*full, nodes[2]], there) == [{"p": "c", "q": "c", "r": "c", "s": "c"}]


def test_a_node_that_would_save_too_little_stays_as_it_is() -> None:
    assert moves([make_node("a", cost="1"), make_node("b", cost="0.9")], PAIR) == []


def test_what_is_enough_each_model_says_for_itself_and_the_strictest_counts() -> None:
    nodes = [make_node("a", cost="1"), make_node("b", cost="0.9")]
    content = make_demand(replicas=2, rebalancing={"minSavingPercent": 5})
    assert moves(nodes, PAIR, [content]) == [{"p": "b", "q": "b"}]
    three = (*PAIR, make_pod("r", "a", model="letters"))
    assert moves(nodes, three, [content, LETTERS]) == []


def test_nothing_is_sought_unless_it_is_asked_for() -> None:
    nodes = [make_node("a", cost="2"), make_node("b", cost="1")]
    assert moves(nodes, PAIR, limits=Consolidation()) == []


def test_a_node_without_room_elsewhere_for_one_of_its_replicas_stays_as_it_is() -> None:
    small = make_node("b", cost="0.1", allocatable={"cpu": "1"})
    assert moves([make_node("a"), small], PAIR) == []


def test_no_group_is_larger_than_the_limits_say() -> None:
    nodes = [make_node("a", cost="2"), make_node("b", cost="1")]
    assert moves(nodes, PAIR, limits=Consolidation(moves=1)) == []


def test_no_more_nodes_are_looked_at_than_the_limits_say() -> None:
    nodes = [make_node("a", cost="2"), make_node("b", cost="1")]
    assert moves(nodes, PAIR, limits=Consolidation(moves=40, looks=0)) == []


def test_a_node_with_a_replica_that_nobody_may_move_stays_as_it_is() -> None:
    nodes = [make_node("a", cost="2"), make_node("b", cost="1")]
    assert moves(nodes, PAIR, [replace(DIGITS, is_suspended=True)]) == []
    assert moves(nodes, (*PAIR, make_pod("r", "a", model="letters")), [DIGITS]) == []


@pytest.mark.parametrize(
    "shut",
    [make_node("b", cost="1", cordoned=True), make_node("b", cost="1", ready=False)],
    ids=["cordoned", "not Ready"],
)
def test_a_node_that_takes_no_pods_is_not_opened(shut: Node) -> None:
    assert moves([make_node("a", cost="2"), shut], PAIR) == []


def test_what_is_paid_by_shares_is_not_emptied() -> None:
    nodes = [make_edge_node("a", cost="2"), make_edge_node("b", cost="1")]
    assert moves(nodes, (make_pod("p", "a", model="digits", variant="edge"),)) == []


@pytest.mark.parametrize("seed", range(1, 4))
def test_each_group_breaks_no_rule_and_saves_when_those_before_it_are_carried_out(seed: int) -> None:
    instance = rebalance("small", seed)
    demands = {demand.model: demand for demand in instance.demands}
    found = consolidate(instance.demands, instance.snapshot, PATIENT)
    assert found == consolidate(instance.demands, instance.snapshot, PATIENT)
    usage = Usage(instance.snapshot)
    for group in found:
        steps = [step_of(one) for one in group]
        pods = {step.key: one.pod for step, one in zip(steps, group, strict=True) if one.pod}
        assert judge(steps, pods, demands, usage).is_enough(15)
        for one in group:
            carry_out(one, demands[one.model], usage)


def step_of(one: Placed) -> Step:
    assert one.pod
    return Step(one.model, one.pod.name, one.pod.node, one.node, one.variant, one.client_site)


def carry_out(one: Placed, demand: Demand, usage: Usage) -> None:
    """Move make before break: the replica holds its room until its successor has its own."""
    variant = demand.variant(one.variant)
    assert variant
    assert one.pod
    option = Option(demand, variant, one.client_site, usage.node(one.node))
    assert refusals(option, leaving(usage, one.pod)) == ()
    usage.assume(ReplicaOf(one.model, one.variant, one.client_site), one.node, variant.requests)
    usage.remove(one.pod)
