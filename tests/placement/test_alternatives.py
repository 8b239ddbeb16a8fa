"""Why a replica is where it is: what every other node would offer it."""

from decimal import Decimal

import pytest
from tests.support.builders import make_demand, make_edge_node, make_node, make_pod

from fogline.conditions import Reason
from fogline.placement import Usage, alternatives, judge, judge_all, offer_in_place
from fogline.snapshot import Snapshot

CHEAP = make_node("cheap", cost="0.10", latency_milliseconds=60)
NEAR = make_node("near", cost="0.50", latency_milliseconds=10)
REPLICA = make_pod("r-1", "near", model="digits")
USAGE = Usage(Snapshot((CHEAP, NEAR), (REPLICA,)))


def test_another_node_has_the_price_that_the_objective_would_count() -> None:
    demand = make_demand(placement={"latency": {"targetMilliseconds": 10}})
    (other,) = alternatives(demand, USAGE, REPLICA)
    assert (other.node, other.price, other.rejections) == ("cheap", Decimal("0.20"), ())


def test_its_own_node_has_the_price_of_choosing_it_again() -> None:
    demand = make_demand(placement={"latency": {"targetMilliseconds": 5}})
    here = offer_in_place(demand, USAGE, REPLICA)
    assert here
    assert (here.cost_per_hour, here.latency_penalty, here.price) == (
        Decimal("0.50"),
        Decimal("0.01"),
        Decimal("0.51"),
    )


def test_a_node_that_is_paid_by_others_already_costs_its_replica_nothing_more() -> None:
    neighbour = make_pod("r-2", "near", model="other")
    shared = Usage(Snapshot((CHEAP, NEAR), (REPLICA, neighbour)))
    here = offer_in_place(make_demand(), shared, REPLICA)
    assert here
    assert here.price == 0


def test_refused_nodes_say_why_and_come_after_the_possible_ones() -> None:
    far = make_node("a-far", latency_milliseconds=300)
    demand = make_demand(placement={"latency": {"maxMilliseconds": 100}})
    others = alternatives(demand, Usage(Snapshot((CHEAP, NEAR, far), (REPLICA,))), REPLICA)
    assert [one.node for one in others] == ["cheap", "a-far"]
    assert [one.reason for one in others[1].rejections] == [Reason.LATENCY_ABOVE_MAXIMUM]


def test_a_tier_without_a_variant_is_refused() -> None:
    demand = make_demand().narrowed_to("cloud")
    others = alternatives(demand, Usage(Snapshot((NEAR, make_edge_node("edge")), (REPLICA,))), REPLICA)
    assert [(one.node, one.rejections[0].reason) for one in others] == [("edge", Reason.TIER_NOT_SERVED)]


def test_the_replica_itself_does_not_count_against_the_limits_of_the_other_nodes() -> None:
    demand = make_demand(placement={"spread": {"maxPerZonePercent": 1}}, replicas=1)
    twin = make_node("twin", zone=NEAR.zone)
    (other,) = alternatives(demand, Usage(Snapshot((NEAR, twin), (REPLICA,))), REPLICA)
    assert other.rejections == ()


def test_other_peoples_pods_have_no_alternatives() -> None:
    with pytest.raises(ValueError, match="is no replica"):
        alternatives(make_demand(), USAGE, make_pod("theirs", "near"))


def test_a_replica_whose_variant_left_the_spec_has_no_price() -> None:
    demand = make_demand().narrowed_to("edge")
    assert offer_in_place(demand, USAGE, REPLICA) is None


def test_a_refused_node_says_everything_that_is_in_the_way_and_what_it_would_count_for() -> None:
    small = make_node("small", cost="0.30", cordoned=True, allocatable={"cpu": "500m", "memory": "16Mi"})
    one = judge(make_demand(), Usage(Snapshot((small,))), small, None)
    assert [(broken.reason, broken.subject) for broken in one.rejections] == [
        (Reason.NODE_CORDONED, ""),
        (Reason.INSUFFICIENT_RESOURCE, "memory"),
        (Reason.INSUFFICIENT_RESOURCE, "cpu"),
    ]
    assert one.price is None
    assert one.offer
    assert one.offer.price == Decimal("0.30")


def test_one_more_replica_is_judged_on_every_node_the_cheapest_first() -> None:
    found = judge_all(make_demand(), USAGE, None)
    assert [(one.node, one.price) for one in found] == [("near", 0), ("cheap", Decimal("0.10"))]
