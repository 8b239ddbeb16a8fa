"""Each limit where it alone decides, for both ways to decide: room, spread, tiers, money, who comes first."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from tests.support.builders import make_demand, make_edge_node, make_node, make_variant
from tests.support.engines import ENGINES, Answer, with_each_engine
from tests.support.scenarios import CLOUD, EDGE, Pair, Scenario, asks, on, replicas

from fogline.placement import Demand

CHEAP = make_node("cheap", cost="1")
DEAR = make_node("dear", cost="3")
TWO = [CHEAP, DEAR]
ONE_CORE = {"cpu": "1"}
ZONES = [
    make_node("cheap", cost="1", zone="z1", allocatable=ONE_CORE),
    make_node("middle", cost="2", zone="z1", allocatable=ONE_CORE),
    make_node("dear", cost="3", zone="z2", allocatable=ONE_CORE),
]
BOTH = [CLOUD, EDGE]
SMALL = make_node("small", cost="3", allocatable=ONE_CORE)
EDGE_NODE = make_edge_node("edge", cost="2")  # 0.50 for a replica
SMALL_EDGE_NODE = make_edge_node("edge", cost="2", allocatable=ONE_CORE)

ROOM = {
    "room that others take": Pair(
        Scenario(asks(), TWO, on("dear"), replicas(None, "cheap", "cheap", "cheap", "cheap")),
        Scenario(asks(), TWO, on("cheap"), replicas(None, "cheap", "cheap", "cheap")),
    ),
    "room that another model takes": Pair(
        Scenario(asks(), TWO, on("dear"), replicas("other", "cheap", "cheap", "cheap", "cheap")),
        Scenario(asks(), TWO, on("cheap"), replicas("other", "cheap", "cheap", "cheap")),
    ),
    "room that its own replicas take": Pair(
        Scenario(asks(5), TWO, on(*["cheap"] * 4, "dear"), replicas("digits", *["cheap"] * 4)),
        Scenario(asks(4), TWO, on(*["cheap"] * 4), replicas("digits", *["cheap"] * 3)),
    ),
    "room that its new replicas take": Pair(
        Scenario(asks(2), [make_node("n", allocatable={"cpu": "1999m"})], on("n", waiting=1)),
        Scenario(asks(2), [make_node("n", allocatable={"cpu": "2"})], on("n", "n")),
    ),
    "room on a node that is gone": Pair(
        Scenario(asks(), [DEAR], on("dear"), replicas("digits", "cheap")),
        Scenario(asks(), TWO, on("cheap"), replicas("digits", "cheap")),
    ),
    "share of the node that replicas of all models use together": Pair(
        Scenario(
            asks(),
            [replace(CHEAP, capacity_share=Decimal("0.5")), DEAR],
            on("dear"),
            replicas("other", "cheap", "cheap"),
        ),
        Scenario(
            asks(),
            [replace(CHEAP, capacity_share=Decimal("0.5")), DEAR],
            on("cheap"),
            replicas(None, "cheap", "cheap"),
        ),
    ),
}

LIMITS = {
    "replicas on one node": Pair(
        Scenario(asks(2, placement={"spread": {"maxPerNode": 1}}), TWO, on("cheap", "dear")),
        Scenario(asks(2, placement={"spread": {"maxPerNode": 2}}), TWO, on("cheap", "cheap")),
    ),
    "replicas on one node, one there already": Pair(
        Scenario(
            asks(2, placement={"spread": {"maxPerNode": 1}}),
            TWO,
            on("cheap", "dear"),
            replicas("digits", "cheap"),
        ),
        Scenario(asks(2), TWO, on("cheap", "cheap"), replicas("digits", "cheap")),
    ),
    "replicas on the only node": Pair(
        Scenario(asks(2, placement={"spread": {"maxPerNode": 1}}), [CHEAP], on("cheap", waiting=1)),
        Scenario(asks(2, placement={"spread": {"maxPerNode": 2}}), [CHEAP], on("cheap", "cheap")),
    ),
    "replicas in the only zone": Pair(
        Scenario(asks(2, placement={"spread": {"maxPerZonePercent": 50}}), ZONES[:2], on("cheap", waiting=1)),
        Scenario(asks(2), ZONES[:2], on("cheap", "middle")),
    ),
    "replicas in one zone": Pair(
        Scenario(
            asks(2, placement={"spread": {"maxPerZonePercent": 50}}),
            ZONES,
            on("cheap", "dear"),
        ),
        Scenario(
            asks(2, placement={"spread": {"maxPerZonePercent": 51}}),
            ZONES,
            on("cheap", "middle"),
        ),
    ),
    "most of a tier": Pair(
        Scenario(
            asks(2, variants=BOTH, placement={"edge": {"maxReplicas": 1}}),
            [SMALL, EDGE_NODE],
            on("edge", "small"),
        ),
        Scenario(
            asks(2, variants=BOTH, placement={"edge": {"maxReplicas": 2}}),
            [SMALL, EDGE_NODE],
            on("edge", "edge"),
        ),
    ),
    "most of the only tier": Pair(
        Scenario(asks(2, placement={"cloud": {"maxReplicas": 1}}), TWO, on("cheap", waiting=1)),
        Scenario(asks(2, placement={"cloud": {"maxReplicas": 2}}), TWO, on("cheap", "cheap")),
    ),
    "least of a tier": Pair(
        Scenario(
            asks(2, variants=BOTH, placement={"cloud": {"minReplicas": 1}}),
            [SMALL, EDGE_NODE],
            on("edge", "small"),
        ),
        Scenario(asks(2, variants=BOTH), [SMALL, EDGE_NODE], on("edge", "edge")),
    ),
    "least of a tier without room": Pair(
        Scenario(
            asks(2, variants=BOTH, placement={"cloud": {"minReplicas": 1}}),
            [EDGE_NODE],
            on("edge", waiting=1),
        ),
        Scenario(asks(2, variants=BOTH), [EDGE_NODE], on("edge", "edge")),
    ),
}

NEAR = make_node("near", cost="3", latency_milliseconds=5)
FAR = make_node("far", cost="1", latency_milliseconds=90)
NEARNESS = {"latency": {"targetMilliseconds": 5}, "latencyPenaltyPerMillisecond": "1"}

MONEY = {
    "cost limit": Pair(
        Scenario(
            asks(placement={**NEARNESS, "cost": {"maxPerHour": "2.99"}}),
            [NEAR, FAR],
            on("far"),
        ),
        Scenario(
            asks(placement={**NEARNESS, "cost": {"maxPerHour": "3"}}),
            [NEAR, FAR],
            on("near"),
        ),
    ),
    "cost limit with one replica in place": Pair(
        Scenario(
            asks(2, placement={"spread": {"maxPerNode": 1}, "cost": {"maxPerHour": "3.99"}}),
            TWO,
            on("cheap", waiting=1),
            replicas("digits", "cheap"),
        ),
        Scenario(
            asks(2, placement={"spread": {"maxPerNode": 1}, "cost": {"maxPerHour": "4"}}),
            TWO,
            on("cheap", "dear"),
            replicas("digits", "cheap"),
        ),
    ),
    "cost limit on a node whose price another model shares": Pair(
        Scenario(
            asks(placement={**NEARNESS, "cost": {"maxPerHour": "1.5"}}),
            [NEAR, FAR],
            on("far"),
        ),
        Scenario(
            asks(placement={**NEARNESS, "cost": {"maxPerHour": "1.5"}}),
            [NEAR, FAR],
            on("near"),
            replicas("other", "near"),
        ),
    ),
}

ONE_EACH = [*replicas("digits", "small"), *replicas("digits", "edge", variant="edge", first=1)]
OVERFLOW = {
    "the edge is full": Pair(
        Scenario(asks(2, variants=BOTH), [SMALL, SMALL_EDGE_NODE], on("edge", "small")),
        Scenario(asks(2, variants=BOTH), [SMALL, EDGE_NODE], on("edge", "edge")),
    ),
    "the cloud is full": Pair(
        Scenario(
            asks(2, variants=BOTH),
            [make_node("cheap", cost="0.1", allocatable=ONE_CORE), EDGE_NODE],
            on("cheap", "edge"),
        ),
        Scenario(asks(2, variants=BOTH), [make_node("cheap", cost="0.1"), EDGE_NODE], on("cheap", "cheap")),
    ),
    "the edge is full of what runs": Pair(
        Scenario(
            asks(2, variants=BOTH),
            [SMALL, SMALL_EDGE_NODE],
            on("edge", "small"),
            replicas("digits", "edge", variant="edge"),
        ),
        Scenario(
            asks(2, variants=BOTH),
            [SMALL, EDGE_NODE],
            on("edge", "edge"),
            replicas("digits", "edge", variant="edge"),
        ),
    ),
    "what overflowed goes first when less is wanted": Pair(
        Scenario(
            asks(1, variants=BOTH),
            [SMALL, SMALL_EDGE_NODE],
            on("edge", leaving=["digits-0"]),
            ONE_EACH,
        ),
        Scenario(
            asks(2, variants=BOTH),
            [SMALL, SMALL_EDGE_NODE],
            on("edge", "small"),
            ONE_EACH,
        ),
    ),
}


def at_hour(hour: int, demand: Demand) -> Demand:
    return replace(demand, created=datetime(2026, 1, 1, hour, tzinfo=UTC))


def one_of_two(first: Demand, second: Demand, wins: str) -> Scenario:
    loses = {first.model.name, second.model.name} - {wins}
    answer = Answer(nodes={wins: ["only"]}, waiting=dict.fromkeys(loses, 1))
    return Scenario([first, second], [make_node("only", allocatable=ONE_CORE)], answer)


def one_large_or_two_small(priority_of_large: int, *win: str) -> Scenario:
    """Let a model of two cores compete with two of one core each, which come first by name."""
    large = make_demand("large", variants=[make_variant("v", "Cloud", requests={"cpu": "2"})])
    demands = [make_demand("a", variants=[CLOUD]), make_demand("b", variants=[CLOUD])]
    demands.append(replace(large, priority=priority_of_large))
    lose = {one.model.name for one in demands} - set(win)
    answer = Answer(nodes={name: ["only"] for name in win}, waiting=dict.fromkeys(lose, 1))
    return Scenario(demands, [make_node("only", allocatable={"cpu": "2"})], answer)


A, B = make_demand("a", variants=[CLOUD]), make_demand("b", variants=[CLOUD])
FIRST_COME = {
    "priority": Pair(one_of_two(A, replace(B, priority=1), "b"), one_of_two(A, B, "a")),
    "priority before number": Pair(one_large_or_two_small(1, "large"), one_large_or_two_small(0, "a", "b")),
    "age": Pair(one_of_two(at_hour(2, A), at_hour(1, B), "b"), one_of_two(at_hour(1, A), at_hour(1, B), "a")),
    "priority before age": Pair(
        one_of_two(at_hour(1, A), at_hour(2, replace(B, priority=1)), "b"),
        one_of_two(at_hour(1, A), at_hour(2, B), "a"),
    ),
}

PAIRS = {**ROOM, **LIMITS, **MONEY, **OVERFLOW, **FIRST_COME}


@with_each_engine(PAIRS)
def test_with_the_limit_the_answer_is_another_than_without(engine: str, name: str) -> None:
    for scenario in (PAIRS[name].ruled, PAIRS[name].free):
        assert scenario.decided_by(ENGINES[engine]) == scenario.answer
    assert PAIRS[name].ruled.answer != PAIRS[name].free.answer
