"""Absurd sizes, prices, amounts and names, and nothing at all, for both ways to decide."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from tests.support.builders import make_demand, make_edge_node, make_node, make_pod, make_variant
from tests.support.engines import ENGINES, Answer
from tests.support.scenarios import CLOUD, EDGE, on, replicas

from fogline.conditions import Reason
from fogline.names import ModelKey
from fogline.placement import Demand
from fogline.snapshot import Node, Pod, Snapshot
from fogline.units import MOST, resource_amounts

MANY = 10_000
LITTLE = make_variant("cloud", "Cloud", requests={"cpu": "100m", "memory": "64Mi"})
RACK = [
    make_node(
        f"n{number:02}", cost=f"{1 + number % 7}", allocatable={"cpu": "64", "memory": "256Gi", "pods": "500"}
    )
    for number in range(40)
]

each_engine = pytest.mark.parametrize("engine", ENGINES)


def decide(engine: str, demands: list[Demand], nodes: list[Node], pods: list[Pod] | None = None) -> Answer:
    return ENGINES[engine](demands, Snapshot(tuple(nodes), tuple(pods or ())))


def little(count: int, replicas_each: int) -> list[Demand]:
    """Ask for many models that are alike, or for one of more replicas than the API allows."""
    one = replace(make_demand(variants=[LITTLE]), replicas=replicas_each)
    return [replace(one, model=ModelKey("default", f"m{number:05}")) for number in range(count)]


def load(answer: Answer) -> Counter[str]:
    return Counter(node for nodes in answer.nodes.values() for node in nodes)


@each_engine
def test_ten_thousand_models_of_one_replica_all_find_a_place(engine: str) -> None:
    answer = decide(engine, little(MANY, 1), RACK)
    assert len(answer.nodes) == load(answer).total() == MANY
    assert max(load(answer).values()) <= 500


@each_engine
def test_of_five_thousand_models_as_many_find_a_place_as_there_is_room_for(engine: str) -> None:
    nodes = [make_node(f"n{number:02}", allocatable={"cpu": "64", "memory": "8Gi"}) for number in range(20)]
    answer = decide(engine, little(5000, 1), nodes)
    assert load(answer) == Counter({node.name: 110 for node in nodes})
    assert sum(answer.waiting.values()) == 5000 - 20 * 110


@each_engine
def test_one_model_of_ten_thousand_replicas_finds_a_place_for_each(engine: str) -> None:
    answer = decide(engine, little(1, MANY), RACK)
    assert load(answer).total() == MANY
    assert max(load(answer).values()) <= 500


@each_engine
@pytest.mark.parametrize("left", [0, 1, MANY // 2])
def test_ten_thousand_replicas_are_scaled_down_the_costliest_first(engine: str, left: int) -> None:
    (demand,) = little(1, left)
    pods = [
        replace(pod, requests=demand.variants[0].requests)
        for pod in replicas("m00000", *(RACK[number % 40].name for number in range(MANY)))
    ]
    answer = decide(engine, [demand], RACK, pods)
    assert len(answer.leaving) == MANY - left
    assert load(answer).total() == left
    price = {node.name: node.cost_per_hour for node in RACK}
    place = {pod.name: pod.node for pod in pods}
    kept = {price[node] for node in load(answer)}
    assert max(kept, default=Decimal(0)) <= min(price[place[name]] for name in answer.leaving)


@each_engine
@pytest.mark.parametrize("wanted", [1, 1000])
def test_without_nodes_everything_waits(engine: str, wanted: int) -> None:
    assert decide(engine, [make_demand(replicas=wanted)], []) == on(waiting=wanted)


@each_engine
def test_without_models_nothing_is_decided(engine: str) -> None:
    assert decide(engine, [], RACK, replicas("other", "n00")) == Answer()


@each_engine
def test_zero_replicas_are_nowhere(engine: str) -> None:
    assert decide(engine, [make_demand(replicas=0)], RACK) == Answer()


@each_engine
@pytest.mark.parametrize("room", [{}, {"cpu": 0, "memory": 0, "pods": 0}], ids=["nothing said", "zero"])
def test_nodes_without_capacity_take_nothing(engine: str, room: dict[str, int]) -> None:
    nodes = [replace(node, allocatable=room) for node in [*RACK, make_edge_node("edge")]]
    answer = decide(engine, [make_demand(replicas=3)], nodes)
    assert answer == on(waiting=3)
    assert answer.reasons == {"digits": {Reason.INSUFFICIENT_RESOURCE}}


@each_engine
def test_what_runs_on_a_node_that_lost_all_capacity_stays(engine: str) -> None:
    nodes = [replace(RACK[0], allocatable={}), RACK[1]]
    assert decide(engine, [make_demand(variants=[CLOUD])], nodes, replicas("digits", "n00")) == on("n00")


@each_engine
def test_cordoned_nodes_take_nothing_and_keep_what_they_have(engine: str) -> None:
    nodes = [replace(node, cordoned=True) for node in RACK]
    answer = decide(engine, [make_demand(replicas=2)], nodes, replicas("digits", "n07"))
    assert answer == on("n07", waiting=1)
    assert answer.reasons == {"digits": {Reason.NODE_CORDONED}}


@each_engine
@pytest.mark.parametrize("price", ["0", "0.000000001", "100000"])
def test_where_all_nodes_are_equal_the_lower_names_are_taken_at_any_price(engine: str, price: str) -> None:
    nodes = [make_node(name, cost=price, allocatable={"cpu": "2"}) for name in "dbac"]
    assert decide(engine, [make_demand(replicas=4)], nodes) == on("a", "a", "b", "b")


@each_engine
def test_a_cent_counts_beside_the_dearest_node_there_can_be(engine: str) -> None:
    nodes = [make_node("a", cost="100000"), make_node("b", cost="99999.99")]
    assert decide(engine, [make_demand()], nodes) == on("b")


@each_engine
def test_one_more_replica_outweighs_any_price(engine: str) -> None:
    nodes = [
        make_node("a", cost="0.000000001", allocatable={"cpu": "1"}),
        make_node("b", cost="100000", allocatable={"cpu": "1"}),
    ]
    assert decide(engine, [make_demand(replicas=2)], nodes) == on("a", "b")


@each_engine
def test_where_no_latency_is_known_a_target_changes_nothing_and_a_maximum_refuses_all(engine: str) -> None:
    nodes = [make_node("dear", cost="2", latency_milliseconds=None)]
    nodes.append(make_node("cheap", cost="1", latency_milliseconds=None))
    target, maximum = {"targetMilliseconds": 600_000}, {"maxMilliseconds": 600_000}
    assert decide(engine, [make_demand(placement={"latency": target})], nodes) == on("cheap")
    answer = decide(engine, [make_demand(placement={"latency": maximum})], nodes)
    assert answer == on(waiting=1)
    assert answer.reasons == {"digits": {Reason.LATENCY_UNKNOWN}}


HALF = MOST // 2


@each_engine
@pytest.mark.parametrize(("needs", "fitting"), [(HALF, 2), (HALF + 1, 1), (MOST, 1), (1, 100)])
def test_amounts_are_exact_up_to_the_largest(engine: str, needs: int, fitting: int) -> None:
    (demand,) = [make_demand(replicas=100, variants=[CLOUD])]
    greedy = replace(demand, variants=(replace(demand.variants[0], requests={"memory": needs, "pods": 1}),))
    node = make_node("n", allocatable={"memory": str(MOST)})
    assert decide(engine, [greedy], [node]) == on(*["n"] * fitting, waiting=100 - fitting)


@each_engine
def test_a_node_that_claims_more_than_there_can_be_is_just_a_large_node(engine: str) -> None:
    room = resource_amounts({"cpu": "9E", "memory": "9e99", "pods": "9" * 32})
    assert decide(engine, [make_demand(replicas=50)], [replace(RACK[0], allocatable=room)]) == on(
        *["n00"] * 50
    )


@each_engine
def test_pods_that_claim_more_than_there_can_be_take_a_node_and_no_more(engine: str) -> None:
    claims = {**resource_amounts({"cpu": "9E", "memory": "9e99"}), "pods": 1}
    hogs = [replace(make_pod(f"hog-{number}", "n00"), requests=claims) for number in range(5000)]
    assert decide(engine, [make_demand(replicas=2)], RACK[:2], hogs) == on("n01", "n01")


@each_engine
def test_more_replicas_than_there_is_room_for_fill_it_to_the_last(engine: str) -> None:
    answer = decide(engine, little(1, 25_000), RACK)
    assert (load(answer), answer.waiting) == (Counter({node.name: 500 for node in RACK}), {"m00000": 5000})


@each_engine
def test_names_with_odd_characters_are_names_like_any_other(engine: str) -> None:
    names = ["10.0.0.1", "ip-10-0-0-1.ec2.internal", "x" * 253, "ü/ö: {node}", "a\nb"]
    nodes = [make_node(name, allocatable={"cpu": "1"}) for name in names]
    assert decide(engine, [make_demand(replicas=5)], nodes) == on(*names)


@each_engine
@pytest.mark.parametrize("weights", [(1, 1, 1), (1000, 1, 1), (7, 5, 3)])
@pytest.mark.parametrize("wanted", [1, 2, 1000])
def test_weights_that_do_not_divide_leave_no_replica_out_and_none_over(
    engine: str, weights: tuple[int, ...], wanted: int
) -> None:
    sites = [f"plant-{number}" for number in range(len(weights))]
    clients = [{"site": site, "weight": weight} for site, weight in zip(sites, weights, strict=True)]
    nodes = [
        make_node(
            site,
            latency_milliseconds=None,
            client_site_latency_milliseconds={site: 1},
            allocatable={"cpu": "2000", "memory": "2000Gi", "pods": "2000"},
        )
        for site in sites
    ]
    rules = {"clients": clients, "latency": {"maxMilliseconds": 1}}
    answer = decide(engine, [make_demand(replicas=wanted, placement=rules)], nodes)
    assert load(answer).total() == wanted
    for site, weight in zip(sites, weights, strict=True):
        assert abs(load(answer)[site] - wanted * weight / sum(weights)) < 1


@each_engine
def test_eight_variants_on_one_node_are_weighed_one_against_the_other(engine: str) -> None:
    variants = [make_variant(f"v{number}", "Edge", requests={"cpu": f"{8 - number}"}) for number in range(8)]
    node = make_edge_node("edge", allocatable={"cpu": "4"})
    assert decide(engine, [make_demand(replicas=4, variants=variants)], [node]) == on(*["edge"] * 4)


@each_engine
def test_a_model_that_runs_on_both_tiers_is_left_out_on_neither(engine: str) -> None:
    nodes = [make_node("a", allocatable={"cpu": "1"}), make_edge_node("b", allocatable={"cpu": "1"})]
    assert decide(engine, [make_demand(replicas=3, variants=[CLOUD, EDGE])], nodes) == on("a", "b", waiting=1)
