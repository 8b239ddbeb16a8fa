"""Each preference where it alone decides, for both ways to decide: bills, latency, what runs already."""

from dataclasses import replace
from typing import Any

from tests.support.builders import make_edge_node, make_node
from tests.support.engines import ENGINES, in_turn, together, with_each_engine
from tests.support.scenarios import CLOUD, EDGE, Pair, Scenario, asks, on, replicas

from fogline.api import Billing
from fogline.placement.optimiser import MOVE_COST
from fogline.snapshot import Node

CHEAP = make_node("cheap", cost="1")
DEAR = make_node("dear", cost="3")
TWO = [CHEAP, DEAR]


def shared(cost: str, **room: str) -> Node:
    """Make a node of which one replica takes a quarter, or more where memory is short."""
    return make_node("shared", cost=cost, billing=Billing.SHARE, allocatable=room)


BILLS = {
    "price of a node": Pair(
        Scenario(asks(), TWO, on("cheap")),
        Scenario(asks(), [make_node("cheap", cost="3.01"), DEAR], on("dear")),
    ),
    "a node that is paid for anyway": Pair(
        Scenario(asks(), TWO, on("dear"), replicas("other", "dear")),
        Scenario(asks(), TWO, on("cheap"), replicas(None, "dear")),
    ),
    "a node that is paid by the share": Pair(
        Scenario(asks(), [CHEAP, shared("3")], on("shared")),
        Scenario(asks(), [CHEAP, replace(shared("3"), billing=Billing.NODE)], on("cheap")),
    ),
    "a share is paid even where others run": Pair(
        Scenario(asks(), [CHEAP, shared("5")], on("cheap"), replicas("other", "shared")),
        Scenario(asks(), [CHEAP, shared("3")], on("shared"), replicas("other", "shared")),
    ),
    "the largest share of any resource": Pair(
        Scenario(asks(), [CHEAP, shared("3", memory="2Gi")], on("cheap")),
        Scenario(asks(), [CHEAP, shared("3", memory="4Gi")], on("shared")),
    ),
    "the lower name where all else is equal": Pair(
        Scenario(asks(), [make_node(name) for name in "bac"], on("a")),
        Scenario(asks(), [make_node(name) for name in "bdc"], on("b")),
    ),
}

NEAR = make_node("near", cost="2", latency_milliseconds=10)
FAR = make_node("far", cost="1", latency_milliseconds=110)
NEAR_TO_A = replace(FAR, client_site_latency_milliseconds={"plant-a": 9})
UNKNOWN = make_node("unknown", cost="1", latency_milliseconds=None)


def worst(milliseconds: int) -> Node:
    return make_node("worst", cost="9", latency_milliseconds=milliseconds)


def weighed(target: int | None, penalty: str | None, nodes: list[Node], chosen: str, **more: Any) -> Scenario:
    """Ask for one replica whose latency above a target costs something."""
    rules = {"latency": {"targetMilliseconds": target}, "latencyPenaltyPerMillisecond": penalty, **more}
    return Scenario(asks(placement=rules), nodes, on(chosen))


LATENCIES = {
    "target": Pair(
        weighed(99, "0.1", [NEAR, FAR], "near"),
        weighed(101, "0.1", [NEAR, FAR], "far"),
    ),
    "no target": Pair(
        weighed(10, None, [NEAR, replace(FAR, latency_milliseconds=600)], "near"),
        weighed(None, None, [NEAR, replace(FAR, latency_milliseconds=600)], "far"),
    ),
    "worth of a millisecond": Pair(
        weighed(10, "0.0101", [NEAR, FAR], "near"),
        weighed(10, "0.0099", [NEAR, FAR], "far"),
    ),
    "objective": Pair(
        weighed(10, None, [NEAR, FAR], "near", objective="LowestLatency"),
        weighed(10, None, [NEAR, FAR], "far", objective="LowestCost"),
    ),
    "client site": Pair(
        weighed(5, "1", [NEAR, NEAR_TO_A], "far", clients=[{"site": "plant-a"}]),
        weighed(5, "1", [NEAR, NEAR_TO_A], "near", clients=[{"site": "plant-b"}]),
    ),
    "unknown counts as the worst that is known": Pair(
        weighed(10, "0.02", [NEAR, UNKNOWN, worst(61)], "near"),
        weighed(10, "0.02", [NEAR, UNKNOWN, worst(59)], "unknown"),
    ),
    "unknown counts as twice the target at least": Pair(
        weighed(51, "0.02", [NEAR, UNKNOWN], "near"),
        weighed(49, "0.02", [NEAR, UNKNOWN], "unknown"),
    ),
}

PLANTS = [
    make_node(site, latency_milliseconds=99, client_site_latency_milliseconds={site: 5})
    for site in ("plant-a", "plant-b")
]


def for_plants(weight_of_a: int, weight_of_b: int, *nodes: str) -> Scenario:
    clients = [{"site": "plant-a", "weight": weight_of_a}, {"site": "plant-b", "weight": weight_of_b}]
    rules = {"clients": clients, "latency": {"maxMilliseconds": 5}}
    return Scenario(asks(len(nodes), placement=rules), PLANTS, on(*nodes))


WEIGHTS = {
    "weight": Pair(
        for_plants(2, 1, "plant-a", "plant-a", "plant-b"), for_plants(1, 2, "plant-a", "plant-b", "plant-b")
    ),
    "weights that do not divide": Pair(
        for_plants(1, 1, "plant-a", "plant-a", "plant-b"), for_plants(1, 1, "plant-a", "plant-b")
    ),
    "a weight too small for a replica": Pair(
        for_plants(1000, 1, "plant-a", "plant-a"), for_plants(2, 1, "plant-a", "plant-b")
    ),
}

BOTH = [CLOUD, EDGE]
SMALL = make_node("small", cost="3", allocatable={"cpu": "1"})
EDGE_NODE = make_edge_node("edge", cost="2")  # 0.50 for a replica
ONE_EACH = [*replicas("digits", "small"), *replicas("digits", "edge", variant="edge", first=1)]
SLIGHTLY_DEARER = make_node("dear", cost=str(1 + MOVE_COST / 2))
RUNNING = {
    "a move that is not worth its cost": Pair(
        Scenario(asks(), [CHEAP, SLIGHTLY_DEARER], on("dear"), replicas("digits", "dear")),
        Scenario(asks(), [CHEAP, SLIGHTLY_DEARER], on("cheap")),
    ),
    "one too many": Pair(
        Scenario(asks(1), TWO, on("cheap", leaving=["digits-0"]), replicas("digits", "dear", "cheap")),
        Scenario(
            asks(1),
            [make_node("cheap", cost="3.01"), DEAR],
            on("dear", leaving=["digits-1"]),
            replicas("digits", "dear", "cheap"),
        ),
    ),
    "one too many, one of them on a cordoned node": Pair(
        Scenario(
            asks(1),
            [replace(CHEAP, cordoned=True), DEAR],
            on("dear", leaving=["digits-1"]),
            replicas("digits", "dear", "cheap"),
        ),
        Scenario(asks(1), TWO, on("cheap", leaving=["digits-0"]), replicas("digits", "dear", "cheap")),
    ),
    "one too many, but not of the tier that needs it": Pair(
        Scenario(
            asks(1, variants=BOTH, placement={"cloud": {"minReplicas": 1}}),
            [SMALL, EDGE_NODE],
            on("small", leaving=["digits-1"]),
            ONE_EACH,
        ),
        Scenario(asks(1, variants=BOTH), [SMALL, EDGE_NODE], on("edge", leaving=["digits-0"]), ONE_EACH),
    ),
    "none is wanted": Pair(
        Scenario(asks(0), TWO, on(leaving=["digits-0"]), replicas("digits", "cheap")),
        Scenario(asks(1), TWO, on("cheap"), replicas("digits", "cheap")),
    ),
    "suspended": Pair(
        Scenario(asks(3, suspend=True), [DEAR], on("dear"), replicas("digits", "dear")),
        Scenario(asks(3), [DEAR], on("dear", "dear", "dear"), replicas("digits", "dear")),
    ),
}

PAIRS = {**BILLS, **LATENCIES, **WEIGHTS, **RUNNING}


@with_each_engine(PAIRS)
def test_with_the_preference_the_answer_is_another_than_without(engine: str, name: str) -> None:
    for scenario in (PAIRS[name].ruled, PAIRS[name].free):
        assert scenario.decided_by(ENGINES[engine]) == scenario.answer
    assert PAIRS[name].ruled.answer != PAIRS[name].free.answer


def test_only_the_optimiser_moves_a_replica_to_save_money() -> None:
    worth_it = Scenario(asks(), TWO, on("cheap"), replicas("digits", "dear"))
    assert worth_it.decided_by(together) == on("cheap")
    assert worth_it.decided_by(in_turn) == on("dear")


def test_what_overflowed_to_the_cloud_goes_back_to_the_edge_once_there_is_room() -> None:
    full = make_edge_node("edge", cost="2", allocatable={"cpu": "1"})
    overflown = Scenario(asks(2, variants=BOTH), [SMALL, full], on("edge", "small"), ONE_EACH)
    assert overflown.decided_by(together) == on("edge", "small")
    assert replace(overflown, nodes=[SMALL, EDGE_NODE]).decided_by(together) == on("edge", "edge")
