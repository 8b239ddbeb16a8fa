"""One ModelDeployment: what stays, what goes, where the missing replicas are placed."""

from collections import Counter
from decimal import Decimal

import pytest
from tests.support.builders import make_demand, make_edge_node, make_node, make_pod

from fogline.api import DataSensitivity
from fogline.conditions import Reason
from fogline.placement import Assignment, Decision, Demand, Unplaceable, Usage, decide, place_waiting
from fogline.snapshot import Node, Pod, Snapshot


def decide_on(nodes: list[Node], demand: Demand, pods: list[Pod] | None = None) -> Decision:
    return decide(demand, Usage(Snapshot(tuple(nodes), tuple(pods or ()))))


def names(pods: tuple[Pod, ...]) -> list[str]:
    return [pod.name for pod in pods]


def nodes_of(decision: Decision) -> list[str]:
    return [assignment.node for assignment in decision.assignments]


def test_replicas_are_placed_one_after_the_other_and_each_sees_those_before() -> None:
    nodes = [
        make_node("a", allocatable={"cpu": "2"}),
        make_node("b", cost="3", allocatable={"cpu": "2"}),
    ]
    decision = decide_on(nodes, make_demand(replicas=4))
    assert nodes_of(decision) == ["a", "a", "b", "b"]
    assert [one.cost_per_hour for one in decision.assignments] == [1, 0, 3, 0]


def test_only_what_is_missing_is_placed() -> None:
    pods = [make_pod("r1", "a", model="digits"), make_pod("r2", "a", model="digits")]
    decision = decide_on([make_node("a")], make_demand(replicas=3), pods)
    assert names(decision.kept) == ["r1", "r2"]
    assert nodes_of(decision) == ["a"]


def test_replicas_that_find_no_node_are_counted_and_say_why() -> None:
    decision = decide_on([make_node("a", allocatable={"cpu": "2"})], make_demand(replicas=5))
    (answer,) = decision.unplaceable
    assert (answer.replicas, decision.waiting) == (3, 3)
    assert [one.reason for one in answer.refused] == [Reason.INSUFFICIENT_RESOURCE]


def test_desired_counts_hold_kept_assigned_and_waiting_replicas() -> None:
    nodes = [make_node("a", allocatable={"cpu": "2"}), make_edge_node("e", allocatable={"cpu": "1"})]
    pods = [make_pod("r1", "a", model="digits")]
    decision = decide_on(nodes, make_demand(replicas=5), pods)
    assert nodes_of(decision) == ["a", "e"]  # a is paid for already, so waiting ones wait for it
    assert decision.desired_by_variant() == {"cloud": 4, "edge": 1}


def test_replicas_on_their_way_stay_with_their_variant_even_if_another_is_better_by_now() -> None:
    nodes = (make_node("a", cost="5", allocatable={"cpu": "2"}), make_edge_node("e", cost="1"))
    usage = Usage(Snapshot(nodes))
    assert decide(make_demand(replicas=3), usage.fork()).desired_by_variant() == {"edge": 3}
    decision = decide(make_demand(replicas=3), usage.fork(), {"cloud": 2})
    assert decision.desired_by_variant() == {"cloud": 2, "edge": 1}


def test_only_replicas_that_are_on_no_node_yet_are_on_their_way() -> None:
    nodes = (
        make_node("a", allocatable={"cpu": "1"}),
        make_node("b", cost="5"),
        make_edge_node("e", cost="1"),
    )
    usage = Usage(Snapshot(nodes, (make_pod("r1", "a", model="digits"),)))
    decision = decide(make_demand(replicas=2), usage, {"cloud": 1})
    assert decision.desired_by_variant() == {"cloud": 1, "edge": 1}


def test_a_replica_on_its_way_goes_to_another_variant_when_its_own_has_no_node_left() -> None:
    nodes = (make_node("a", allocatable={"cpu": "1"}), make_edge_node("e"))
    decision = decide(make_demand(replicas=2), Usage(Snapshot(nodes)), {"cloud": 2})
    assert decision.desired_by_variant() == {"cloud": 1, "edge": 1}


def test_tier_minima_and_maxima_hold_over_all_replicas() -> None:
    nodes = [make_node("c", cost="0"), make_edge_node("e", cost="9")]
    minimum = decide_on(nodes, make_demand(replicas=4, placement={"edge": {"minReplicas": 3}}))
    assert Counter(nodes_of(minimum)) == {"c": 1, "e": 3}
    maximum = decide_on(nodes, make_demand(replicas=4, placement={"cloud": {"maxReplicas": 1}}))
    assert Counter(nodes_of(maximum)) == {"c": 1, "e": 3}


def test_a_tier_minimum_above_the_replicas_sends_all_of_them_there() -> None:
    nodes = [make_node("c", cost="0"), make_edge_node("e", cost="9")]
    decision = decide_on(nodes, make_demand(replicas=2, placement={"edge": {"minReplicas": 5}}))
    assert nodes_of(decision) == ["e", "e"]


@pytest.mark.parametrize(
    ("replicas", "weights", "expected"),
    [
        (3, {"a": 2, "b": 1}, {"a": 2, "b": 1}),
        (4, {"a": 2, "b": 1}, {"a": 3, "b": 1}),
        (1, {"a": 1, "b": 1}, {"a": 1}),
        (5, {"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 2, "c": 1}),
        (10, {"a": 7, "b": 2, "c": 1}, {"a": 7, "b": 2, "c": 1}),
        (7, {"a": 7, "b": 2, "c": 1}, {"a": 5, "b": 1, "c": 1}),
    ],
)
def test_replicas_are_split_among_client_sites_by_largest_remainder(
    replicas: int, weights: dict[str, int], expected: dict[str, int]
) -> None:
    clients = [{"site": site, "weight": weight} for site, weight in weights.items()]
    demand = make_demand(replicas=replicas, placement={"clients": clients})
    node = make_node("n", allocatable={"cpu": "100", "memory": "100Gi"})
    decision = decide_on([node], demand)
    assert Counter(one.client_site for one in decision.assignments) == expected


def test_missing_replicas_go_to_the_client_sites_that_lack_them() -> None:
    demand = make_demand(replicas=4, placement={"clients": [{"site": "a"}, {"site": "b"}]})
    pods = [make_pod(name, "n", model="digits", site="a") for name in ("r1", "r2", "r3")]
    decision = decide_on([make_node("n")], demand, pods)
    assert [one.client_site for one in decision.assignments] == ["b"]


def test_a_client_site_without_a_node_does_not_keep_others_from_theirs() -> None:
    demand = make_demand(
        replicas=4,
        placement={"clients": [{"site": "far"}, {"site": "near"}], "latency": {"maxMilliseconds": 10}},
    )
    node = make_node("n", client_site_latency_milliseconds={"far": 99, "near": 1})
    decision = decide_on([node], demand)
    assert [one.client_site for one in decision.assignments] == ["near", "near"]
    assert [(one.client_site, one.replicas) for one in decision.unplaceable] == [("far", 2)]


def test_a_replica_whose_node_lost_its_clearance_is_replaced_and_holds_its_room_meanwhile() -> None:
    nodes = [
        make_node("a", clearance=DataSensitivity.PUBLIC),
        make_node("b", allocatable={"cpu": "1"}),
        make_node("c", allocatable={"cpu": "1"}),
    ]
    pods = [make_pod("r1", "a", model="digits"), make_pod("r2", "b", model="digits")]
    demand = make_demand(replicas=2, placement={"dataSensitivity": "Internal"})
    decision = decide_on(nodes, demand, pods)
    assert [one.pod.name for one in decision.misplaced] == ["r1"]
    assert decision.misplaced[0].rejections[0].reason is Reason.CLEARANCE_TOO_LOW
    assert names(decision.kept) == ["r2"]
    assert nodes_of(decision) == ["c"]


def test_a_replica_of_a_variant_that_is_no_more_is_replaced() -> None:
    pods = [make_pod("r1", "a", model="digits", variant="gone")]
    decision = decide_on([make_node("a")], make_demand(), pods)
    assert [one.pod.name for one in decision.misplaced] == ["r1"]
    assert decision.desired_by_variant() == {"cloud": 1}


def test_replicas_stay_on_nodes_that_only_take_nothing_new() -> None:
    nodes = [
        make_node("a", ready=False),
        make_node("b", cordoned=True),
        make_node("c", allocatable={"cpu": "1m"}),
    ]
    pods = [make_pod(f"r-{node.name}", node.name, model="digits") for node in nodes]
    decision = decide_on(nodes, make_demand(replicas=3), pods)
    assert names(decision.kept) == ["r-a", "r-b", "r-c"]
    assert not decision.assignments


def test_pods_on_a_node_that_is_gone_are_placed_again() -> None:
    decision = decide_on([make_node("a")], make_demand(), [make_pod("r1", "gone", model="digits")])
    assert nodes_of(decision) == ["a"]


def test_the_costliest_replicas_go_first_when_there_are_too_many() -> None:
    nodes = [make_edge_node("a", cost="1"), make_edge_node("b", cost="2"), make_edge_node("c", cost="3")]
    pods = [make_pod(f"r-{node.name}", node.name, model="digits", variant="edge") for node in nodes]
    decision = decide_on(nodes, make_demand(replicas=1), pods)
    assert names(decision.surplus) == ["r-c", "r-b"]
    assert names(decision.kept) == ["r-a"]


def test_replicas_on_unready_nodes_go_before_costlier_ones() -> None:
    nodes = [make_edge_node("a", cost="1", ready=False), make_edge_node("b", cost="3")]
    pods = [make_pod(f"r-{node.name}", node.name, model="digits", variant="edge") for node in nodes]
    assert names(decide_on(nodes, make_demand(replicas=1), pods).surplus) == ["r-a"]


def test_replicas_above_a_limit_go_before_costlier_ones() -> None:
    nodes = [make_edge_node("a", cost="1"), make_edge_node("b", cost="3")]
    pods = [make_pod(f"r{i}", "a", model="digits", variant="edge") for i in range(2)]
    pods.append(make_pod("r-b", "b", model="digits", variant="edge"))
    demand = make_demand(replicas=2, placement={"spread": {"maxPerNode": 1}})
    assert names(decide_on(nodes, demand, pods).surplus) == ["r1"]


def test_scaling_down_keeps_the_tier_minimum() -> None:
    nodes = [make_node("c", cost="0"), make_edge_node("e", cost="9")]
    pods = [
        make_pod("r1", "c", model="digits"),
        make_pod("r2", "c", model="digits"),
        make_pod("r3", "e", model="digits", variant="edge"),
    ]
    demand = make_demand(replicas=1, placement={"edge": {"minReplicas": 1}})
    assert names(decide_on(nodes, demand, pods).kept) == ["r3"]


def test_scaling_down_keeps_the_split_among_client_sites() -> None:
    pods = [make_pod(f"r{i}", "n", model="digits", site=site) for i, site in enumerate("aaab")]
    demand = make_demand(replicas=2, placement={"clients": [{"site": "a"}, {"site": "b"}]})
    decision = decide_on([make_node("n")], demand, pods)
    assert names(decision.kept) == ["r0", "r3"]


def test_scaled_to_zero_drops_everything() -> None:
    decision = decide_on([make_node("n")], make_demand(replicas=0), [make_pod("r", "n", model="digits")])
    assert (names(decision.surplus), decision.kept, decision.waiting) == (["r"], (), 0)


def test_a_suspended_model_keeps_what_it_has_and_gets_nothing() -> None:
    pods = [make_pod("r1", "a", model="digits"), make_pod("r2", "a", model="digits")]
    node = make_node("a", clearance=DataSensitivity.PUBLIC)
    for replicas in (1, 5):
        demand = make_demand(replicas=replicas, suspend=True, placement={"dataSensitivity": "Restricted"})
        decision = decide_on([node], demand, pods)
        assert decision == Decision(demand.model, kept=tuple(pods), is_suspended=True)


def test_a_waiting_pod_serves_the_client_site_that_its_variant_can_reach() -> None:
    demand = make_demand(
        replicas=2,
        placement={"clients": [{"site": "plant"}, {"site": "office"}], "latency": {"maxMilliseconds": 10}},
    )
    nodes = (
        make_node("cloud-1", client_site_latency_milliseconds={"plant": 90, "office": 3}),
        make_edge_node("edge-1", client_site_latency_milliseconds={"plant": 2, "office": 90}),
    )
    for variant, node, site in (("cloud", "cloud-1", "office"), ("edge", "edge-1", "plant")):
        answer = place_waiting(demand.narrowed_to(variant), Usage(Snapshot(nodes)))
        assert isinstance(answer, Assignment)
        assert (answer.node, answer.client_site) == (node, site)


def test_a_pod_beyond_the_wanted_replicas_is_placed_too_because_it_replaces_one_that_leaves() -> None:
    pods = [make_pod("r1", "a", model="digits")]
    answer = place_waiting(
        make_demand(replicas=1).narrowed_to("cloud"), Usage(Snapshot((make_node("a"),), tuple(pods)))
    )
    assert isinstance(answer, Assignment)


def test_a_waiting_pod_without_any_node_says_why() -> None:
    answer = place_waiting(make_demand().narrowed_to("edge"), Usage(Snapshot((make_node("a"),))))
    assert isinstance(answer, Unplaceable)
    assert [one.reason for one in answer.refused] == [Reason.TIER_NOT_SERVED]


def test_what_models_cost_adds_up_to_the_bill() -> None:
    nodes = (make_node("a", cost="0.9"), make_node("idle", cost="7"), make_edge_node("e", cost="2"))
    pods = (
        make_pod("r1", "a", model="digits"),
        make_pod("r2", "a", model="digits"),
        make_pod("r3", "a", model="other"),
        make_pod("r4", "e", model="other", variant="edge"),
        make_pod("alien", "idle"),
    )
    usage = Usage(Snapshot(nodes, pods))
    digits, other = (make_demand(name).model for name in ("digits", "other"))
    assert usage.cost_of(digits) == Decimal("0.6")
    assert usage.cost_of(other) == Decimal("0.3") + Decimal("0.5")
    assert sum(usage.replica_cost(pod) for pod in pods[:4]) == usage.cost_of(digits) + usage.cost_of(other)


def test_a_misplaced_replica_no_longer_counts_for_limits() -> None:
    nodes = [make_node("a", zone="z", clearance=DataSensitivity.PUBLIC), make_node("b", zone="z")]
    placement = {
        "dataSensitivity": "Internal",
        "spread": {"maxPerZonePercent": 100},
        "cloud": {"maxReplicas": 1},
    }
    decision = decide_on(nodes, make_demand(placement=placement), [make_pod("r1", "a", model="digits")])
    assert nodes_of(decision) == ["b"]
