"""Many ModelDeployments: who comes first, and what the next one sees."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

from tests.support.builders import make_demand, make_node

from fogline.placement import Demand, Plan, plan
from fogline.snapshot import Node, Snapshot

ROOM_FOR_ONE = make_node("n", allocatable={"cpu": "1"})


def plan_on(nodes: list[Node], demands: list[Demand]) -> Plan:
    return plan(demands, Snapshot(tuple(nodes)))


def placed(found: Plan) -> list[str]:
    return [decision.model.name for decision in found.decisions if decision.assignments]


def at_hour(hour: int, demand: Demand) -> Demand:
    return replace(demand, created=datetime(2026, 1, 1, hour, tzinfo=UTC))


def test_the_higher_priority_gets_the_room_even_when_it_is_younger() -> None:
    low = at_hour(1, make_demand("low"))
    high = at_hour(2, make_demand("high", placement={"priority": 1}))
    found = plan_on([ROOM_FOR_ONE], [low, high])
    assert placed(found) == ["high"]
    assert any(decision.unplaceable for decision in found.decisions)


def test_of_equal_priority_the_older_gets_the_room() -> None:
    assert placed(plan_on([ROOM_FOR_ONE], [at_hour(2, make_demand("a")), at_hour(1, make_demand("b"))])) == [
        "b"
    ]


def test_of_equal_age_the_lower_name_gets_the_room_whatever_the_order() -> None:
    demands = [make_demand(name) for name in ("c", "a", "b")]
    for order in permutations(demands):
        assert placed(plan_on([ROOM_FOR_ONE], list(order))) == ["a"]


def test_a_node_that_one_model_pays_for_is_free_for_the_next() -> None:
    nodes = [make_node("a", cost="2"), make_node("b", cost="1", allocatable={"cpu": "1"})]
    first = make_demand("first", replicas=2, placement={"priority": 9})
    found = plan_on(nodes, [first, make_demand("second")])
    costs = [[one.cost_per_hour for one in decision.assignments] for decision in found.decisions]
    assert costs == [[1, 2], [0]]
    assert not any(decision.unplaceable for decision in found.decisions)
