"""Each rule about nodes where it alone decides, for both ways to decide.

There is a cheap node and a dear one without a fault. The cheap one is turned down just when it has the fault
and the rule is there: a little better, or without the rule, the replica goes to it.
"""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from tests.support.builders import make_demand, make_node, make_pod, make_variant
from tests.support.engines import ENGINES, Answer, with_each_engine

from fogline.api import DataSensitivity, Tier
from fogline.conditions import Reason
from fogline.placement import Demand
from fogline.snapshot import Node, Pod, Snapshot, Taint

Fields = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """Something that keeps a replica off a node."""

    reason: Reason
    fault: Fields
    """Of the node that is refused."""
    enough: Fields
    """The same fields where they are just good enough."""
    placement: Fields = field(default_factory=dict)
    """What the user asks of nodes."""
    variant: Fields = field(default_factory=dict)
    """What the user says of the variant."""


def one_core_and(resource: str, amount: str) -> Fields:
    return {"requests": {"cpu": "1", "memory": "1Gi", resource: amount}}


MAXIMUM = {"latency": {"maxMilliseconds": 50}}
POLICY = {
    "tier": Rule(Reason.TIER_NOT_SERVED, {"tier": Tier.EDGE}, {"tier": Tier.CLOUD}),
    "clearance": Rule(
        Reason.CLEARANCE_TOO_LOW,
        {"clearance": DataSensitivity.INTERNAL},
        {"clearance": DataSensitivity.CONFIDENTIAL},
        placement={"dataSensitivity": "Confidential"},
    ),
    "region": Rule(
        Reason.REGION_NOT_ALLOWED,
        {"region": "us-east"},
        {"region": "eu-north"},
        placement={"allowedRegions": ["eu-west", "eu-north"]},
    ),
    "unknown region": Rule(
        Reason.REGION_NOT_ALLOWED,
        {"region": None},
        {"region": "eu-west"},
        placement={"allowedRegions": ["eu-west"]},
    ),
    "architecture": Rule(
        Reason.ARCHITECTURE_NOT_SUPPORTED,
        {"architecture": "riscv64"},
        {"architecture": "amd64"},
        variant={"architectures": ["amd64"]},
    ),
    "architecture of an image that is not for all": Rule(
        Reason.ARCHITECTURE_NOT_SUPPORTED,
        {"architecture": "arm64"},
        {"architecture": "riscv64"},
    ),
    "accelerator": Rule(
        Reason.ACCELERATOR_NOT_SUPPORTED,
        {"accelerator_type": "T4"},
        {"accelerator_type": "A100"},
        variant={"acceleratorTypes": ["A100", "L4"]},
    ),
    "no accelerator": Rule(
        Reason.ACCELERATOR_NOT_SUPPORTED,
        {"accelerator_type": None},
        {"accelerator_type": "L4"},
        variant={"acceleratorTypes": ["L4"]},
    ),
    "node selector": Rule(
        Reason.NODE_SELECTOR_MISMATCH,
        {"labels": {"disk": "hdd"}},
        {"labels": {"disk": "ssd"}},
        placement={"nodeSelector": {"disk": "ssd"}},
    ),
    "missing label": Rule(
        Reason.NODE_SELECTOR_MISMATCH,
        {"labels": {}},
        {"labels": {"disk": "ssd"}},
        placement={"nodeSelector": {"disk": "ssd"}},
    ),
    "latency maximum": Rule(
        Reason.LATENCY_ABOVE_MAXIMUM,
        {"latency_milliseconds": 51},
        {"latency_milliseconds": 50},
        placement=MAXIMUM,
    ),
    "unknown latency": Rule(
        Reason.LATENCY_UNKNOWN,
        {"latency_milliseconds": None},
        {"latency_milliseconds": 50},
        placement=MAXIMUM,
    ),
    "latency maximum of a client site": Rule(
        Reason.LATENCY_ABOVE_MAXIMUM,
        {"client_site_latency_milliseconds": {"plant-a": 51, "plant-b": 1}},
        {"client_site_latency_milliseconds": {"plant-a": 50, "plant-b": 99}},
        placement={**MAXIMUM, "clients": [{"site": "plant-a"}]},
    ),
}
"""What a replica in place has to meet as well."""

STATE_AND_ROOM = {
    "readiness": Rule(Reason.NODE_NOT_READY, {"ready": False}, {"ready": True}),
    "cordon": Rule(Reason.NODE_CORDONED, {"cordoned": True}, {"cordoned": False}),
    "taint that keeps new pods away": Rule(
        Reason.TAINT_NOT_TOLERATED, {"taints": (Taint("team", "a", "NoSchedule"),)}, {"taints": ()}
    ),
    "taint that drives pods out": Rule(
        Reason.TAINT_NOT_TOLERATED,
        {"taints": (Taint("team", "", "NoExecute"),)},
        {"taints": (Taint("node.kubernetes.io/not-ready", "", "NoExecute"),)},
    ),
    "cores": Rule(
        Reason.INSUFFICIENT_RESOURCE, {"allocatable": {"cpu": "999m"}}, {"allocatable": {"cpu": "1"}}
    ),
    "memory": Rule(
        Reason.INSUFFICIENT_RESOURCE,
        {"allocatable": {"memory": "1048575Ki"}},
        {"allocatable": {"memory": "1Gi"}},
    ),
    "number of pods": Rule(
        Reason.INSUFFICIENT_RESOURCE, {"allocatable": {"pods": "0"}}, {"allocatable": {"pods": "1"}}
    ),
    "number of accelerators": Rule(
        Reason.INSUFFICIENT_RESOURCE,
        {"allocatable": {"nvidia.com/gpu": "1"}},
        {"allocatable": {"nvidia.com/gpu": "2"}},
        variant=one_core_and("nvidia.com/gpu", "2"),
    ),
    "a resource that the node does not have": Rule(
        Reason.INSUFFICIENT_RESOURCE,
        {"allocatable": {}},
        {"allocatable": {"example.com/fpga": "1"}},
        variant=one_core_and("example.com/fpga", "1"),
    ),
    "share of the node that may be used": Rule(
        Reason.CAPACITY_SHARE_REACHED,
        {"capacity_share": Decimal("0.24")},  # of 4 cores
        {"capacity_share": Decimal("0.25")},
    ),
}
"""Where nothing new goes. A replica that is there already may stay."""

RULES = {**POLICY, **STATE_AND_ROOM}
ASKED_FOR = {name: rule for name, rule in RULES.items() if rule.placement or rule.variant}


def node(name: str, cost: str, changed: Fields) -> Node:
    """Make a node that meets every rule but for what is changed."""
    good: Fields = {
        "labels": {"disk": "ssd"},
        "accelerator_type": "L4",
        "latency_milliseconds": 50,
        "allocatable": {"nvidia.com/gpu": "2", "example.com/fpga": "1"},
    }
    return make_node(name, cost=cost, **{**good, **changed})


def cheap_and_dear(cheap: Fields) -> tuple[Node, Node]:
    return node("cheap", "1", cheap), node("dear", "2", {})


def asking(rule: Rule) -> Demand:
    variants = [make_variant("cloud", "Cloud", **rule.variant)]
    return make_demand(variants=variants, placement=rule.placement)


def not_asking() -> Demand:
    return make_demand(variants=[make_variant("cloud", "Cloud")])


@with_each_engine(RULES)
def test_a_node_with_a_fault_is_turned_down_though_it_is_cheap(engine: str, name: str) -> None:
    rule = RULES[name]
    answer = ENGINES[engine]([asking(rule)], Snapshot(cheap_and_dear(rule.fault)))
    assert answer == Answer(nodes={"digits": ["dear"]})


@with_each_engine(RULES)
def test_a_cheap_node_that_is_just_good_enough_is_taken(engine: str, name: str) -> None:
    rule = RULES[name]
    answer = ENGINES[engine]([asking(rule)], Snapshot(cheap_and_dear(rule.enough)))
    assert answer == Answer(nodes={"digits": ["cheap"]})


@with_each_engine(ASKED_FOR)
def test_where_nobody_asks_the_fault_does_not_matter(engine: str, name: str) -> None:
    answer = ENGINES[engine]([not_asking()], Snapshot(cheap_and_dear(RULES[name].fault)))
    assert answer == Answer(nodes={"digits": ["cheap"]})


@with_each_engine(RULES)
def test_where_there_is_no_other_node_the_replica_waits_and_hears_why(engine: str, name: str) -> None:
    rule = RULES[name]
    answer = ENGINES[engine]([asking(rule)], Snapshot((node("cheap", "1", rule.fault),)))
    assert answer == Answer(waiting={"digits": 1})
    assert answer.reasons == {"digits": {rule.reason}}


@with_each_engine(POLICY)
def test_a_replica_in_place_leaves_a_node_that_breaks_what_must_hold_while_it_runs(
    engine: str, name: str
) -> None:
    rule = POLICY[name]
    running = replica_on_cheap(asking(rule))
    broken = ENGINES[engine]([asking(rule)], Snapshot(cheap_and_dear(rule.fault), (running,)))
    assert broken == Answer(nodes={"digits": ["dear"]}, leaving=["r-1"])
    met = ENGINES[engine]([asking(rule)], Snapshot(cheap_and_dear(rule.enough), (running,)))
    assert met == Answer(nodes={"digits": ["cheap"]})


@with_each_engine(STATE_AND_ROOM)
def test_a_replica_in_place_stays_where_only_nothing_new_may_come(engine: str, name: str) -> None:
    rule = STATE_AND_ROOM[name]
    snapshot = Snapshot(cheap_and_dear(rule.fault), (replica_on_cheap(asking(rule)),))
    assert ENGINES[engine]([asking(rule)], snapshot) == Answer(nodes={"digits": ["cheap"]})


def replica_on_cheap(demand: Demand) -> Pod:
    pod = make_pod("r-1", "cheap", model="digits", site=demand.clients[0].site)
    return replace(pod, requests=demand.variants[0].requests)
