"""Texts: a user reads what is needed, what is there, and how many nodes say the same."""

from decimal import Decimal

import pytest
from tests.support.builders import make_demand, make_node

from fogline.conditions import Reason
from fogline.placement import Assignment, Counterfactual, Refused, Rejection, Usage, place
from fogline.placement.answers import REFUSALS
from fogline.placement.explain import describe, outbid, say, would_be_chosen
from fogline.placement.requirements import REQUIREMENTS
from fogline.snapshot import Snapshot

MIB = 1024**2
SENTENCES = [
    (Rejection("n", Reason.TIER_NOT_SERVED, "", "Cloud", "Edge"), "needs tier Cloud, has Edge"),
    (Rejection("n", Reason.ARTIFACT_AWAITED, "edge"), "variant edge has no artifact yet"),
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
        Rejection("n", Reason.REFUSED_BY_SCHEDULER),
        "refused a replica a moment ago, as kube-scheduler says",
    ),
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


def test_nodes_are_counted_by_reason_each_with_an_example() -> None:
    refused = (
        Refused(1, Rejection("edge-1", Reason.INSUFFICIENT_RESOURCE, "memory", 128 * MIB, 96 * MIB)),
        Refused(2, Rejection("cloud-1", Reason.TIER_NOT_SERVED, "", "Edge", "Cloud")),
    )
    assert say(refused) == (
        "1 node InsufficientResource (edge-1: needs 128Mi memory, has 96Mi free); "
        "2 nodes TierNotServed (cloud-1: needs tier Edge, has Cloud)"
    )


WISHES = [
    (Rejection("n", Reason.ARTIFACT_AWAITED, "edge"), "if variant edge had its artifact"),
    (Rejection("n", Reason.CLEARANCE_TOO_LOW, "", "Restricted", "Public"), "with clearance Restricted"),
    (Rejection("n", Reason.REGION_NOT_ALLOWED, "", "eu or us", "asia"), "in region eu or us"),
    (Rejection("n", Reason.ARCHITECTURE_NOT_SUPPORTED, "", "amd64", "arm64"), "with architecture amd64"),
    (Rejection("n", Reason.ACCELERATOR_NOT_SUPPORTED, "", "A100", "T4"), "with accelerator A100"),
    (Rejection("n", Reason.NODE_SELECTOR_MISMATCH, "disk", "ssd", "hdd"), "with label disk=ssd"),
    (Rejection("n", Reason.LATENCY_UNKNOWN, "", 18), "if its latency were known to be <= 18 ms"),
    (Rejection("n", Reason.LATENCY_ABOVE_MAXIMUM, "", 18, 51), "if its latency were <= 18 ms"),
    (Rejection("n", Reason.NODE_NOT_READY), "if it were Ready"),
    (Rejection("n", Reason.NODE_CORDONED), "if it were not cordoned"),
    (Rejection("n", Reason.TAINT_NOT_TOLERATED, "gpu:NoSchedule"), "without taint gpu:NoSchedule"),
    (Rejection("n", Reason.REFUSED_BY_SCHEDULER), "if kube-scheduler had not refused it there"),
    (
        Rejection("n", Reason.INSUFFICIENT_RESOURCE, "memory", 256 * MIB, 126 * MIB),
        "with 130Mi more free memory",
    ),
    (
        Rejection("n", Reason.INSUFFICIENT_RESOURCE, "memory", 64 * MIB, 64 * MIB - 1),
        "with 1Mi more free memory",
    ),
    (Rejection("n", Reason.INSUFFICIENT_RESOURCE, "cpu", 500, -200), "with 700m more free cpu"),
    (
        Rejection("n", Reason.CAPACITY_SHARE_REACHED, "cpu", 1500, 250),
        "with 1250m more cpu for Fogline",
    ),
    (Rejection("n", Reason.MAX_PER_NODE_REACHED, "", 3, 2), "if maxPerNode were 3"),
    (Rejection("n", Reason.MAX_PER_ZONE_REACHED, "z1", 3, 2), "if zone z1 might hold 3"),
    (Rejection("n", Reason.TIER_MAXIMUM_REACHED, "Edge", 3, 2), "if maxReplicas of tier Edge were 3"),
    (
        Rejection("n", Reason.RESERVED_FOR_TIER_MINIMUM, "Edge", 1, 1),
        "if tier Edge did not lack 1 of its minReplicas",
    ),
    (Rejection("n", Reason.COST_LIMIT_REACHED, "", Decimal("1.50"), Decimal(1)), "if maxPerHour were 1.5"),
]


@pytest.mark.parametrize(("rejection", "wish"), WISHES, ids=lambda value: str(value)[:40])
def test_what_a_node_lacks_is_said_as_what_would_have_to_be(rejection: Rejection, wish: str) -> None:
    assert would_be_chosen(Counterfactual("edge", (rejection,), None)) == f"n would be chosen {wish}"


def test_everything_that_refuses_a_node_of_the_right_tier_can_be_wished_away() -> None:
    assert {rejection.reason for rejection, _ in WISHES} == {*REFUSALS} - {Reason.TIER_NOT_SERVED}


def test_all_resources_that_are_short_are_wished_for_and_the_saving_is_told() -> None:
    nodes = (make_node("a"), make_node("b", cost="0.25", allocatable={"cpu": "500m", "memory": "512Mi"}))
    answer = place(make_demand(), Usage(Snapshot(nodes)))
    assert answer.counterfactual
    assert would_be_chosen(answer.counterfactual) == (
        "b would be chosen with 500m more free cpu and with 512Mi more free memory, for 0.75 an hour less"
    )


def test_a_node_that_is_too_far_is_priced_as_if_it_were_near_enough() -> None:
    nodes = (make_node("near", latency_milliseconds=5), make_node("far", cost="0.9", latency_milliseconds=99))
    latency = {"targetMilliseconds": 10, "maxMilliseconds": 20}
    answer = place(make_demand(placement={"latency": latency}), Usage(Snapshot(nodes)))
    assert answer.counterfactual
    assert would_be_chosen(answer.counterfactual) == (
        "far would be chosen if its latency were <= 20 ms, for 0.08 an hour less"
    )


def test_a_refused_node_that_costs_no_less_would_not_be_chosen_anyway() -> None:
    nodes = (make_node("a"), make_node("b", allocatable={"cpu": "1m"}))
    assert place(make_demand(), Usage(Snapshot(nodes))).counterfactual is None


def test_without_any_node_the_text_says_so() -> None:
    assert say(()) == "the cluster has no nodes"


def test_the_best_of_the_other_nodes_is_told_with_both_prices() -> None:
    nodes = [
        make_node("far", cost="0.4", latency_milliseconds=70),
        make_node("good", cost="0.5", latency_milliseconds=10),
        make_node("twin", cost="0.5", latency_milliseconds=10),
    ]
    demand = make_demand(placement={"latency": {"targetMilliseconds": 5}})
    told = []
    for left in (nodes, nodes[:2]):
        answer = place(demand, Usage(Snapshot(tuple(left))))
        assert isinstance(answer, Assignment)
        told.append(outbid(answer))
    assert told == [
        "twin costs as much as good, which has the lower name",
        "far costs 0.4 + 0.13 for latency an hour, good 0.5 + 0.01 for latency",
    ]


def test_a_price_without_a_latency_penalty_is_plain() -> None:
    answer = place(make_demand(), Usage(Snapshot((make_node("a"), make_node("b", cost="2")))))
    assert isinstance(answer, Assignment)
    assert outbid(answer) == "b costs 2 an hour, a 1"


def test_where_no_other_node_would_do_nobody_was_outbid() -> None:
    answer = place(make_demand(), Usage(Snapshot((make_node("a"),))))
    assert isinstance(answer, Assignment)
    assert outbid(answer) is None
