"""One replica: what users may rely on, one sentence per test."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.support.builders import make_demand, make_edge_node, make_node, make_pod, make_variant

from fogline.api import Billing, DataSensitivity, Tier
from fogline.conditions import Reason
from fogline.placement import Assignment, Demand, Rejection, Unplaceable, Usage, place
from fogline.placement.requirements import Option, refusals
from fogline.snapshot import Node, Pod, Snapshot, Taint

CLOUD = make_node("cloud-1")
EDGE = make_edge_node("edge-1", cost="3")


def place_on(nodes: list[Node], demand: Demand, pods: list[Pod] | None = None) -> Assignment | Unplaceable:
    site = demand.clients[0].site
    return place(demand, Usage(Snapshot(tuple(nodes), tuple(pods or ()))), site)


def node_of(answer: Assignment | Unplaceable) -> str | None:
    return answer.node if isinstance(answer, Assignment) else None


def examples(answer: Assignment | Unplaceable) -> list[Rejection]:
    return [one.example for one in answer.refused]


def reasons(answer: Assignment | Unplaceable) -> dict[str, Reason]:
    return {one.node: one.reason for one in examples(answer)}


def test_restricted_data_goes_to_the_cleared_node_even_when_it_costs_more() -> None:
    public = replace(CLOUD, clearance=DataSensitivity.PUBLIC)
    answer = place_on([public, EDGE], make_demand(placement={"dataSensitivity": "Restricted"}))
    assert isinstance(answer, Assignment)
    assert (answer.node, answer.variant, answer.tier) == ("edge-1", "edge", Tier.EDGE)
    assert examples(answer) == [
        Rejection("cloud-1", Reason.CLEARANCE_TOO_LOW, needs="Restricted", has="Public")
    ]


@pytest.mark.parametrize("needs", list(DataSensitivity))
@pytest.mark.parametrize("has", list(DataSensitivity))
def test_a_node_holds_data_up_to_its_clearance_and_none_above(
    needs: DataSensitivity, has: DataSensitivity
) -> None:
    levels = ["Public", "Internal", "Confidential", "Restricted"]
    answer = place_on(
        [replace(CLOUD, clearance=has)], make_demand(placement={"dataSensitivity": needs.value})
    )
    allowed = levels.index(has.value) >= levels.index(needs.value)
    assert node_of(answer) == ("cloud-1" if allowed else None)


REFUSED: list[tuple[dict[str, Any], dict[str, Any], Rejection]] = [
    (
        {"tier": Tier.EDGE},
        {"variants": [make_variant("cloud", "Cloud")]},
        Rejection("n", Reason.TIER_NOT_SERVED, needs="Cloud", has="Edge"),
    ),
    (
        {"region": "us-east"},
        {"placement": {"allowedRegions": ["eu-west", "eu-north"]}},
        Rejection("n", Reason.REGION_NOT_ALLOWED, needs="eu-north or eu-west", has="us-east"),
    ),
    (
        {"region": None},
        {"placement": {"allowedRegions": ["eu-west"]}},
        Rejection("n", Reason.REGION_NOT_ALLOWED, needs="eu-west", has=None),
    ),
    (
        {"architecture": "arm64"},
        {"variants": [make_variant("cloud", "Cloud", architectures=["amd64"])]},
        Rejection("n", Reason.ARCHITECTURE_NOT_SUPPORTED, needs="amd64", has="arm64"),
    ),
    (
        {"labels": {"disk": "hdd"}},
        {"placement": {"nodeSelector": {"disk": "ssd"}}},
        Rejection("n", Reason.NODE_SELECTOR_MISMATCH, "disk", needs="ssd", has="hdd"),
    ),
    (
        {},
        {"placement": {"nodeSelector": {"disk": ""}}},
        Rejection("n", Reason.NODE_SELECTOR_MISMATCH, "disk", needs="", has=None),
    ),
    (
        {"latency_milliseconds": 51},
        {"placement": {"latency": {"maxMilliseconds": 50}}},
        Rejection("n", Reason.LATENCY_ABOVE_MAXIMUM, needs=50, has=51),
    ),
    (
        {"latency_milliseconds": None},
        {"placement": {"latency": {"maxMilliseconds": 50}}},
        Rejection("n", Reason.LATENCY_UNKNOWN, needs=50, has=None),
    ),
    ({"ready": False}, {}, Rejection("n", Reason.NODE_NOT_READY)),
    ({"cordoned": True}, {}, Rejection("n", Reason.NODE_CORDONED)),
    (
        {"taints": (Taint("gpu", "yes", "NoSchedule"),)},
        {},
        Rejection("n", Reason.TAINT_NOT_TOLERATED, "gpu=yes:NoSchedule"),
    ),
    (
        {"taints": (Taint("node.kubernetes.io/disk-pressure", "", "NoExecute"),)},
        {},
        Rejection("n", Reason.TAINT_NOT_TOLERATED, "node.kubernetes.io/disk-pressure:NoExecute"),
    ),
    (
        {"allocatable": {"cpu": "900m"}},
        {},
        Rejection("n", Reason.INSUFFICIENT_RESOURCE, "cpu", needs=1000, has=900),
    ),
    (
        {},
        {"variants": [make_variant("cloud", "Cloud", requests={"nvidia.com/gpu": "2"})]},
        Rejection("n", Reason.INSUFFICIENT_RESOURCE, "nvidia.com/gpu", needs=2, has=0),
    ),
    (
        {"allocatable": {"pods": "0"}},
        {},
        Rejection("n", Reason.INSUFFICIENT_RESOURCE, "pods", needs=1, has=0),
    ),
    (
        {"cost": "2"},
        {"placement": {"cost": {"maxPerHour": "1.99"}}},
        Rejection("n", Reason.COST_LIMIT_REACHED, needs=Decimal(2), has=Decimal("1.99")),
    ),
    (
        {},
        {"placement": {"cloud": {"maxReplicas": 0}}},
        Rejection("n", Reason.TIER_MAXIMUM_REACHED, "Cloud", needs=1, has=0),
    ),
    (
        {},
        {"placement": {"edge": {"minReplicas": 1}}},
        Rejection("n", Reason.RESERVED_FOR_TIER_MINIMUM, "Edge", needs=1, has=1),
    ),
]


@pytest.mark.parametrize(
    ("node", "spec", "rejection"), REFUSED, ids=[f"{one.reason}-{i}" for i, (_, _, one) in enumerate(REFUSED)]
)
def test_a_refused_node_is_named_with_its_reason_and_numbers(
    node: dict[str, Any], spec: dict[str, Any], rejection: Rejection
) -> None:
    answer = place_on([make_node("n", **node)], make_demand(**spec))
    assert isinstance(answer, Unplaceable)
    assert examples(answer) == [rejection]


@pytest.mark.parametrize(
    ("key", "state", "reason"),
    [
        ("not-ready", {"ready": False}, Reason.NODE_NOT_READY),
        ("unreachable", {"ready": False}, Reason.NODE_NOT_READY),
        ("unschedulable", {"cordoned": True}, Reason.NODE_CORDONED),
    ],
)
def test_taints_that_repeat_the_state_of_the_node_are_a_reason_of_their_own_only_when_they_outlast_it(
    key: str, state: dict[str, bool], reason: Reason
) -> None:
    tainted = replace(CLOUD, taints=(Taint(f"node.kubernetes.io/{key}", "", "NoSchedule"),))
    assert reasons(place_on([replace(tainted, **state)], make_demand())) == {"cloud-1": reason}  # type: ignore[arg-type]  # booleans
    assert reasons(place_on([tainted], make_demand())) == {"cloud-1": Reason.TAINT_NOT_TOLERATED}


@pytest.mark.parametrize("key", ["not-ready", "unreachable"])
def test_a_taint_that_every_pod_tolerates_for_a_while_keeps_none_away(key: str) -> None:
    taint = Taint(f"node.kubernetes.io/{key}", "", "NoExecute")
    assert node_of(place_on([replace(CLOUD, taints=(taint,))], make_demand())) == "cloud-1"


def test_every_broken_requirement_is_told_rules_first_then_state_then_room() -> None:
    node = make_node("n", ready=False, latency_milliseconds=99, allocatable={"cpu": "1m"})
    demand = make_demand(placement={"latency": {"maxMilliseconds": 50}})
    option = Option(demand, demand.variants[0], None, node)
    assert [one.reason for one in refusals(option, Usage(Snapshot((node,))))] == [
        Reason.LATENCY_ABOVE_MAXIMUM,
        Reason.NODE_NOT_READY,
        Reason.INSUFFICIENT_RESOURCE,
    ]
    assert reasons(place_on([node], demand)) == {"n": Reason.LATENCY_ABOVE_MAXIMUM}


def test_a_node_with_several_variants_speaks_for_the_one_that_comes_closest() -> None:
    variants = [
        make_variant("arm", "Edge", architectures=["arm64"]),
        make_variant("big", "Edge", requests={"cpu": "64"}),
    ]
    assert reasons(place_on([EDGE], make_demand(variants=variants))) == {
        "edge-1": Reason.INSUFFICIENT_RESOURCE
    }


def test_pods_of_others_take_room() -> None:
    pods = [make_pod(f"other-{i}", "cloud-1") for i in range(4)]
    answer = place_on([CLOUD], make_demand(), pods)
    assert examples(answer) == [Rejection("cloud-1", Reason.INSUFFICIENT_RESOURCE, "cpu", needs=1000, has=0)]


def test_the_resource_that_is_shortest_for_its_request_is_named() -> None:
    node = make_node("n", allocatable={"cpu": "900m", "memory": "100Mi"})
    (rejection,) = examples(place_on([node], make_demand()))
    assert rejection.subject == "memory"


def test_a_resource_that_is_over_committed_does_not_matter_to_those_who_ask_for_none_of_it() -> None:
    node = make_node("n", allocatable={"nvidia.com/gpu": "0"})
    variants = [make_variant("cloud", "Cloud", requests={"nvidia.com/gpu": "0"})]
    assert node_of(place_on([node], make_demand(variants=variants))) == "n"


def test_a_limit_without_a_request_counts_as_the_request() -> None:
    variant = make_variant("cloud", "Cloud", resources={"limits": {"cpu": "5"}})
    (rejection,) = examples(place_on([CLOUD], make_demand(variants=[variant])))
    assert (rejection.subject, rejection.needs) == ("cpu", 5000)


def test_a_replica_without_requests_still_needs_what_fetching_its_artifact_takes() -> None:
    variant = make_variant("cloud", "Cloud", resources={})
    node = make_node("n", allocatable={"memory": "63Mi"})
    (rejection,) = examples(place_on([node], make_demand(variants=[variant])))
    assert (rejection.subject, rejection.needs) == ("memory", 64 * 1024**2)


def test_max_per_node_counts_replicas_of_this_model_only() -> None:
    pods = [make_pod("a", "cloud-1", model="digits"), make_pod("b", "cloud-1", model="other")]
    one, two = ({"spread": {"maxPerNode": limit}} for limit in (1, 2))
    assert reasons(place_on([CLOUD], make_demand(placement=one), pods)) == {
        "cloud-1": Reason.MAX_PER_NODE_REACHED
    }
    assert node_of(place_on([CLOUD], make_demand(placement=two), pods)) == "cloud-1"


def test_the_zone_share_is_of_the_wanted_replicas_and_rounded_up() -> None:
    nodes = [make_node("a", zone="z"), make_node("b", zone="z")]
    pods = [make_pod("1", "a", model="digits"), make_pod("2", "b", model="digits")]
    share = {"spread": {"maxPerZonePercent": 50}}
    refused = place_on(nodes, make_demand(replicas=4, placement=share), pods)
    assert examples(refused)[0] == Rejection("a", Reason.MAX_PER_ZONE_REACHED, "z", needs=3, has=2)
    assert node_of(place_on(nodes, make_demand(replicas=5, placement=share), pods)) is not None


def test_a_replica_is_free_to_go_anywhere_while_enough_are_left_for_the_tier_minimum() -> None:
    edge_first = {"edge": {"minReplicas": 1}}
    free = make_demand(replicas=2, placement=edge_first)
    assert node_of(place_on([CLOUD, EDGE], free)) == "edge-1"  # the cheaper one, as it happens
    assert node_of(place_on([CLOUD, replace(EDGE, cost_per_hour=Decimal(9))], free)) == "cloud-1"


def test_the_last_replicas_go_to_the_tier_that_lacks_its_minimum() -> None:
    demand = make_demand(replicas=2, placement={"edge": {"minReplicas": 1}})
    costly = make_edge_node("edge-1", cost="9")
    pods = [make_pod("1", "cloud-1", model="digits")]
    answer = place_on([CLOUD, costly], demand, pods)
    assert node_of(answer) == "edge-1"
    assert reasons(answer) == {"cloud-1": Reason.RESERVED_FOR_TIER_MINIMUM}


def test_a_node_billed_by_node_costs_its_price_when_unused_and_nothing_when_used() -> None:
    used, unused = make_node("used", cost="5"), make_node("unused", cost="0.01")
    pods = [make_pod("1", "used", model="other")]
    answer = place_on([used, unused], make_demand(), pods)
    assert isinstance(answer, Assignment)
    assert (answer.node, answer.cost_per_hour) == ("used", Decimal(0))
    fresh = place_on([unused], make_demand())
    assert isinstance(fresh, Assignment)
    assert fresh.cost_per_hour == Decimal("0.01")


def test_pods_of_others_do_not_make_a_node_paid_for() -> None:
    answer = place_on([CLOUD], make_demand(), [make_pod("1", "cloud-1")])
    assert isinstance(answer, Assignment)
    assert answer.cost_per_hour == 1


def test_a_node_billed_by_share_costs_the_largest_share_of_any_resource() -> None:
    node = make_node("n", cost="0.80", billing=Billing.SHARE, allocatable={"cpu": "4", "memory": "2Gi"})
    answer = place_on([node], make_demand())
    assert isinstance(answer, Assignment)
    assert answer.cost_per_hour == Decimal("0.40")  # half of the memory, a quarter of the cores


def test_latency_above_the_target_is_weighed_against_money() -> None:
    far, near = make_node("far", latency_milliseconds=120), make_node("near", cost="1.15")
    near = replace(near, latency_milliseconds=20)
    target = {"latency": {"targetMilliseconds": 20}}
    assert node_of(place_on([far, near], make_demand(placement=target))) == "near"  # 0.15 < 100 x 0.002
    dearer = replace(near, cost_per_hour=Decimal("1.25"))
    assert node_of(place_on([far, dearer], make_demand(placement=target))) == "far"


@pytest.mark.parametrize(
    ("placement", "expected"),
    [
        ({}, "cheap"),
        ({"latency": {"maxMilliseconds": 100}}, "cheap"),
        ({"objective": "LowestCost", "latency": {"targetMilliseconds": 1}}, "cheap"),
        ({"objective": "LowestLatency"}, "near"),
        ({"latencyPenaltyPerMillisecond": "1"}, "near"),
        ({"objective": "LowestLatency", "latency": {"targetMilliseconds": 40}}, "cheap"),
        ({"objective": "LowestLatency", "latencyPenaltyPerMillisecond": "0"}, "cheap"),
    ],
)
def test_objectives_say_what_a_millisecond_is_worth(placement: dict[str, Any], expected: str) -> None:
    cheap = make_node("cheap", cost="1", latency_milliseconds=40)
    near = make_node("near", cost="20", latency_milliseconds=5)
    assert node_of(place_on([cheap, near], make_demand(placement=placement))) == expected


def test_unknown_latency_counts_as_the_worst_known_one() -> None:
    unknown, known = (
        make_node("a", latency_milliseconds=None),
        make_node("b", cost="1.1", latency_milliseconds=60),
    )
    far = make_node("far", cost="9", latency_milliseconds=200)
    demand = make_demand(placement={"latency": {"targetMilliseconds": 10}})
    assert node_of(place_on([unknown, known], demand)) == "a"
    assert node_of(place_on([unknown, known, far], demand)) == "b"


def test_unknown_latency_counts_as_twice_the_target_at_least() -> None:
    unknown = make_node("a", latency_milliseconds=None)
    known = make_node("b", cost="1.1", latency_milliseconds=10)
    demand = make_demand(placement={"latency": {"targetMilliseconds": 100}})
    answer = place_on([unknown, known], demand)
    assert node_of(answer) == "b"  # 0.1 < 100 x 0.002


def test_latency_is_that_of_the_client_site() -> None:
    near = make_node("near-plant-a", client_site_latency_milliseconds={"plant-a": 2})
    other = make_node("near-plant-b", client_site_latency_milliseconds={"plant-b": 2})
    for site, expected in (("plant-a", "near-plant-a"), ("plant-b", "near-plant-b")):
        demand = make_demand(placement={"clients": [{"site": site}], "latency": {"maxMilliseconds": 10}})
        answer = place_on([other, near], demand)
        assert isinstance(answer, Assignment)
        assert (answer.node, answer.latency_milliseconds) == (expected, 2)


def test_the_cost_limit_is_for_all_replicas_of_the_model_together() -> None:
    nodes = [make_node(name, cost="1", allocatable={"cpu": "1"}) for name in ("a", "b", "c")]
    pods = [make_pod("1", "a", model="digits"), make_pod("2", "b", model="digits")]
    enough, short = ({"cost": {"maxPerHour": limit}} for limit in ("3", "2.99"))
    assert node_of(place_on(nodes, make_demand(placement=enough), pods)) == "c"
    refused = place_on(nodes, make_demand(placement=short), pods)
    assert examples(refused)[0] == Rejection(
        "c", Reason.COST_LIMIT_REACHED, needs=Decimal(3), has=Decimal("2.99")
    )


def test_the_price_of_a_shared_node_is_split_evenly_among_replicas_for_the_cost_limit() -> None:
    pods = [make_pod("1", "cloud-1", model="other")]
    half = {"cost": {"maxPerHour": "0.5"}}
    assert node_of(place_on([CLOUD], make_demand(placement=half), pods)) == "cloud-1"
    assert reasons(place_on([CLOUD], make_demand(placement=half))) == {"cloud-1": Reason.COST_LIMIT_REACHED}


def test_equal_costs_go_to_the_lower_name() -> None:
    nodes = [make_node(name) for name in ("c", "a", "b")]
    assert node_of(place_on(nodes, make_demand())) == "a"


def test_room_is_the_only_obstacle_where_one_node_lacks_nothing_else() -> None:
    full = make_node("full", allocatable={"cpu": "1m"})
    down = make_node("down", ready=False, allocatable={"cpu": "1m"})
    for nodes, expected in (([full, down], True), ([down], False), ([], False)):
        answer = place_on(nodes, make_demand())
        assert isinstance(answer, Unplaceable)
        assert answer.only_room is expected


def test_an_unplaceable_replica_waits_in_the_variant_that_would_be_cheapest_if_there_were_room() -> None:
    full_cloud = make_node("cloud-1", cost="5", allocatable={"cpu": "1m"})
    full_edge = make_edge_node("edge-1", cost="1", allocatable={"cpu": "1m"})
    answer = place_on([full_cloud, full_edge], make_demand())
    assert isinstance(answer, Unplaceable)
    assert answer.variant == "edge"


def test_an_unplaceable_replica_waits_for_the_tier_that_is_owed_it() -> None:
    answer = place_on([], make_demand(placement={"edge": {"minReplicas": 1}}))
    assert isinstance(answer, Unplaceable)
    assert answer.variant == "edge"


def test_a_demand_narrowed_to_one_variant_refuses_the_other_tier() -> None:
    narrowed = make_demand().narrowed_to("edge", {"cpu": 500, "pods": 1})
    answer = place_on([CLOUD, EDGE], narrowed)
    assert isinstance(answer, Assignment)
    assert (answer.node, answer.cost_per_hour) == ("edge-1", Decimal("0.375"))
    assert reasons(answer) == {"cloud-1": Reason.TIER_NOT_SERVED}
