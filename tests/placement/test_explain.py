"""Texts: a user reads what is needed, what is there, and how many nodes say the same."""

from decimal import Decimal

import pytest
from tests.support.builders import make_demand, make_node

from fogline.conditions import Reason
from fogline.placement import Assignment, Rejection, Usage, place
from fogline.placement.explain import Summary, describe, outbid, say, summarise
from fogline.placement.requirements import REQUIREMENTS
from fogline.snapshot import Snapshot

MIB = 1024**2
SENTENCES = [
    (Rejection("n", Reason.TIER_NOT_SERVED, "", "Cloud", "Edge"), "needs tier Cloud, has Edge"),
    (
        Rejection("n", Reason.CLEARANCE_TOO_LOW, "", "Restricted", "Public"),
        "needs clearance Restricted, has Public",
    ),
    (Rejection("n", Reason.REGION_NOT_ALLOWED, "", "eu or us", "asia"), "needs region eu or us, has asia"),
    (Rejection("n", Reason.REGION_NOT_ALLOWED, "", "eu"), "needs region eu, has none"),
    (
        Rejection("n", Reason.ARCHITECTURE_NOT_SUPPORTED, "", "amd64", "arm64"),
        "needs architecture amd64, has arm64",
    ),
    (
        Rejection("n", Reason.ACCELERATOR_NOT_SUPPORTED, "", "A100 or H100", "T4"),
        "needs accelerator A100 or H100, has T4",
    ),
    (
        Rejection("n", Reason.NODE_SELECTOR_MISMATCH, "disk", "ssd", "hdd"),
        "needs label disk=ssd, has disk=hdd",
    ),
    (Rejection("n", Reason.NODE_SELECTOR_MISMATCH, "disk", "ssd"), "needs label disk=ssd, has no such label"),
    (
        Rejection("n", Reason.LATENCY_UNKNOWN, "", 50),
        "needs at most 50 ms, its latency is unknown",
    ),
    (Rejection("n", Reason.LATENCY_ABOVE_MAXIMUM, "", 50, 51), "needs at most 50 ms, has 51 ms"),
    (Rejection("n", Reason.NODE_NOT_READY), "is not Ready"),
    (Rejection("n", Reason.NODE_CORDONED), "is cordoned"),
    (Rejection("n", Reason.TAINT_NOT_TOLERATED, "gpu=yes:NoSchedule"), "has taint gpu=yes:NoSchedule"),
    (
        Rejection("n", Reason.INSUFFICIENT_RESOURCE, "memory", 128 * MIB, 96 * MIB),
        "needs 128Mi memory, has 96Mi free",
    ),
    (Rejection("n", Reason.INSUFFICIENT_RESOURCE, "cpu", 1500, 250), "needs 1500m cpu, has 250m free"),
    (
        Rejection("n", Reason.INSUFFICIENT_RESOURCE, "nvidia.com/gpu", 1, 0),
        "needs 1 nvidia.com/gpu, has 0 free",
    ),
    (Rejection("n", Reason.INSUFFICIENT_RESOURCE, "cpu", 500, -200), "needs 500m cpu, has 0m free"),
    (
        Rejection("n", Reason.INSUFFICIENT_RESOURCE, "memory", 64 * MIB, 64 * MIB - 1),
        "needs 67108864 memory, has 67108863 free",
    ),
    (
        Rejection("n", Reason.CAPACITY_SHARE_REACHED, "cpu", 1500, 250),
        "needs 1500m cpu, has 250m free of the share that Fogline may use",
    ),
    (Rejection("n", Reason.MAX_PER_NODE_REACHED, "", 3, 2), "would hold 3, maxPerNode is 2"),
    (
        Rejection("n", Reason.MAX_PER_ZONE_REACHED, "z1", 3, 2),
        "zone z1 would hold 3, maxPerZonePercent allows 2",
    ),
    (
        Rejection("n", Reason.TIER_MAXIMUM_REACHED, "Edge", 3, 2),
        "tier Edge would hold 3, its maxReplicas is 2",
    ),
    (
        Rejection("n", Reason.RESERVED_FOR_TIER_MINIMUM, "Edge", 1, 1),
        "tier Edge lacks 1 of its minReplicas, 1 left",
    ),
    (
        Rejection("n", Reason.COST_LIMIT_REACHED, "", Decimal("1.50"), Decimal("1.25")),
        "would cost 1.5 an hour in all, maxPerHour is 1.25",
    ),
]


@pytest.mark.parametrize(("rejection", "sentence"), SENTENCES, ids=lambda value: str(value)[:40])
def test_a_rejection_is_one_sentence_with_numbers(rejection: Rejection, sentence: str) -> None:
    assert describe(rejection) == f"n: {sentence}"


def test_every_reason_to_refuse_a_node_has_a_sentence() -> None:
    told = {rejection.reason for rejection, _ in SENTENCES}
    start = list(Reason).index(Reason.COST_LIMIT_REACHED) + 1
    assert told == set(list(Reason)[:start])
    assert len(REQUIREMENTS) == len(told) - 2  # tier is checked before, latency has two reasons


def test_nodes_are_counted_by_the_first_requirement_that_they_break() -> None:
    rejections = (
        Rejection("a", Reason.CLEARANCE_TOO_LOW, "", "Internal", "Public"),
        Rejection("a", Reason.NODE_CORDONED),
        Rejection("b", Reason.NODE_CORDONED),
        Rejection("c", Reason.NODE_CORDONED),
    )
    assert summarise(rejections) == (
        Summary(Reason.NODE_CORDONED, 2, "b: is cordoned"),
        Summary(Reason.CLEARANCE_TOO_LOW, 1, "a: needs clearance Internal, has Public"),
    )


def test_the_reason_of_the_nodes_that_came_furthest_is_told_first() -> None:
    rejections = (
        Rejection("cloud-1", Reason.TIER_NOT_SERVED, "", "Edge", "Cloud"),
        Rejection("cloud-2", Reason.TIER_NOT_SERVED, "", "Edge", "Cloud"),
        Rejection("edge-1", Reason.INSUFFICIENT_RESOURCE, "memory", 128 * MIB, 96 * MIB),
    )
    assert say(rejections) == (
        "1 node InsufficientResource (edge-1: needs 128Mi memory, has 96Mi free); "
        "2 nodes TierNotServed (cloud-1: needs tier Edge, has Cloud)"
    )


def test_without_any_node_the_text_says_so() -> None:
    assert say(()) == "the cluster has no nodes"


def test_a_node_that_would_do_is_told_with_both_prices() -> None:
    nodes = (
        make_node("dear", cost="0.6", latency_milliseconds=10),
        make_node("far", cost="0.4", latency_milliseconds=70),
        make_node("good", cost="0.5", latency_milliseconds=10),
        make_node("twin", cost="0.5", latency_milliseconds=10),
    )
    demand = make_demand(placement={"latency": {"targetMilliseconds": 5}})
    answer = place(demand, Usage(Snapshot(nodes)))
    assert isinstance(answer, Assignment)
    best = "good 0.5 + 0.01 for latency"
    assert list(outbid(answer)) == [
        ("twin", "costs as much as good, which has the lower name"),
        ("far", f"costs 0.4 + 0.13 for latency an hour, {best}"),
        ("dear", f"costs 0.6 + 0.01 for latency an hour, {best}"),
    ]


def test_a_price_without_a_latency_penalty_is_plain() -> None:
    answer = place(make_demand(), Usage(Snapshot((make_node("a"), make_node("b", cost="2")))))
    assert isinstance(answer, Assignment)
    assert list(outbid(answer)) == [("b", "costs 2 an hour, a 1")]
