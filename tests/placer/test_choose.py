"""What becomes of gated pods: pinned, opened without a pin, or left to wait."""

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.builders import make_edge_node, make_model, make_node, make_variant
from tests.support.live import NOW, pod_document, replica_of, stored

from fogline.api import ModelDeployment
from fogline.conditions import Reason
from fogline.disruption import Progress
from fogline.placement import Usage
from fogline.placer.choose import Choice, Open, Pin, Wait, choose
from fogline.snapshot import Node, Pod, Replica, Snapshot

CLOUD = make_node("cloud-1", cost="1")
EDGE = make_edge_node("edge-1", cost="0.4")
FULL = replace(EDGE, allocatable={"cpu": 0, "memory": 0, "pods": 110})
EDGE_ONLY = [make_variant("edge", "Edge")]


def gated(name: str, variant: str = "edge", *, cpu: str = "") -> Replica:
    """Make a gated pod; with `cpu` somebody changed its request on the way into the cluster."""
    document = copy.deepcopy(pod_document(stored(make_model()), name, variant))
    if cpu:
        document["spec"]["containers"][0]["resources"]["requests"]["cpu"] = cpu
    return replica_of(document)


def decide_on(
    *pods: Replica, nodes: tuple[Node, ...], taken: tuple[Pod, ...] = (), **spec: Any
) -> tuple[list[Choice], Usage]:
    usage = Usage(Snapshot(nodes, taken))
    return choose(stored(make_model(**spec)), pods, Progress(), usage, NOW), usage


def choice_of(*pods: Replica, nodes: tuple[Node, ...], **spec: Any) -> Choice:
    (choice,), _ = decide_on(*pods, nodes=nodes, **spec)
    return choice


def pins(choices: list[Choice]) -> list[tuple[str, str]]:
    return [(one.replica.name, one.place.node) for one in choices if isinstance(one, Pin)]


def test_a_pod_with_a_node_is_pinned_and_the_note_says_what_was_decided() -> None:
    choice = choice_of(gated("p"), nodes=(CLOUD, EDGE))
    assert isinstance(choice, Pin)
    place = choice.place
    assert (place.node, place.client_site) == ("edge-1", None)
    assert (place.cost_per_hour, place.latency_milliseconds, place.decided_at) == ("0.1", 5, NOW)


def test_a_pod_stays_in_the_tier_of_its_variant_although_the_other_would_be_cheaper() -> None:
    choice = choice_of(gated("p", "cloud"), nodes=(CLOUD, EDGE))
    assert isinstance(choice, Pin)
    assert choice.place.node == "cloud-1"


def test_a_pod_without_room_is_left_to_the_scheduler_so_that_an_autoscaler_can_act() -> None:
    choice = choice_of(gated("p"), nodes=(FULL,), variants=EDGE_ONLY)
    assert isinstance(choice, Open)
    assert choice.answer
    assert [one.reason for one in choice.answer.refused] == [Reason.INSUFFICIENT_RESOURCE]


@pytest.mark.parametrize(
    "placement",
    [
        {"onNoFit": "Wait"},
        {"latency": {"maxMilliseconds": 50}},
        {"nodeSelector": {"disk": "ssd"}},
        {"dataSensitivity": "Restricted", "allowedRegions": ["us-east"]},
    ],
    ids=["the user says so", "latency maximum", "another obstacle", "two other obstacles"],
)
def test_a_pod_waits_where_the_scheduler_alone_could_break_a_rule_or_would_not_help(
    placement: dict[str, Any],
) -> None:
    choice = choice_of(gated("p"), nodes=(FULL,), variants=EDGE_ONLY, placement=placement)
    assert isinstance(choice, Wait)
    assert not choice.elsewhere


def test_a_pod_waits_where_there_is_no_node_at_all() -> None:
    choice = choice_of(gated("p"), nodes=())
    assert isinstance(choice, Wait)
    assert (choice.elsewhere, choice.answer.refused) == (False, ())


def test_a_pod_without_room_waits_when_its_replica_will_be_shifted_to_another_variant() -> None:
    choice = choice_of(gated("p"), nodes=(CLOUD, FULL))
    assert isinstance(choice, Wait)
    assert choice.elsewhere


def test_a_pod_of_a_variant_that_left_the_spec_is_left_alone() -> None:
    choices, _ = decide_on(gated("p", "cloud"), gated("q", "edge"), nodes=(EDGE,), variants=EDGE_ONLY)
    assert [choice.replica.name for choice in choices] == ["q"]


def test_what_a_pod_really_requests_counts_and_not_what_its_spec_says() -> None:
    small = make_edge_node("edge-1", allocatable={"cpu": "2"})
    big = make_edge_node("edge-2", allocatable={"cpu": "4"}, cost="9")
    choices, usage = decide_on(gated("p", cpu="3"), nodes=(small, big), variants=EDGE_ONLY)
    assert pins(choices) == [("p", "edge-2")]
    assert usage.free_on(big, "cpu") == 1000


def test_a_pod_that_asks_for_more_than_its_spec_is_not_said_to_be_shifted_where_nobody_shifts_it() -> None:
    small = make_edge_node("edge-1", allocatable={"cpu": "2"})
    choice = choice_of(gated("p", cpu="3"), nodes=(small, CLOUD))
    assert isinstance(choice, Open)


def test_pods_go_to_the_client_sites_that_lack_replicas() -> None:
    near_a = make_edge_node("edge-a", client_site_latency_milliseconds={"plant-a": 1, "plant-b": 90})
    near_b = make_edge_node("edge-b", client_site_latency_milliseconds={"plant-a": 90, "plant-b": 1})
    placement = {
        "clients": [{"site": "plant-a", "weight": 2}, {"site": "plant-b", "weight": 1}],
        "latency": {"targetMilliseconds": 5},
    }
    choices, _ = decide_on(
        *(gated(name) for name in ("p", "q", "r")),
        nodes=(near_a, near_b),
        replicas=3,
        variants=EDGE_ONLY,
        placement=placement,
    )
    found = sorted(
        (one.place.client_site, one.place.node, one.place.latency_milliseconds)
        for one in choices
        if isinstance(one, Pin)
    )
    assert found == [("plant-a", "edge-a", 1), ("plant-a", "edge-a", 1), ("plant-b", "edge-b", 1)]


def test_a_burst_fills_a_node_and_goes_on_with_the_next() -> None:
    nodes = tuple(make_edge_node(f"edge-{number}", allocatable={"cpu": "2"}) for number in (1, 2))
    pods = [gated(f"p{number}") for number in range(5)]
    choices, _ = decide_on(*pods, nodes=nodes, replicas=5, variants=EDGE_ONLY)
    assert [node for _, node in pins(choices)] == ["edge-1", "edge-1", "edge-2", "edge-2"]
    assert isinstance(choices[4], Open)


def test_a_pod_without_room_does_not_keep_a_smaller_one_behind_it_from_its_node() -> None:
    choices, _ = decide_on(
        gated("big", cpu="8"), gated("small"), nodes=(EDGE,), replicas=2, variants=EDGE_ONLY
    )
    assert isinstance(choices[0], Open)
    assert pins(choices) == [("small", "edge-1")]


def test_a_burst_keeps_to_the_spread() -> None:
    nodes = (make_edge_node("edge-1"), make_edge_node("edge-2"))
    choices, _ = decide_on(
        *(gated(f"p{number}") for number in range(3)),
        nodes=nodes,
        replicas=3,
        variants=EDGE_ONLY,
        placement={"spread": {"maxPerNode": 1}},
    )
    assert sorted(node for _, node in pins(choices)) == ["edge-1", "edge-2"]
    assert isinstance(choices[2], Wait)


@given(
    st.lists(st.sampled_from(["100m", "500m", "1", "3"]), max_size=12),
    st.lists(st.sampled_from(["0", "1", "2500m", "4"]), min_size=1, max_size=4),
)
def test_no_burst_ever_gives_a_node_more_than_it_has(wanted: list[str], rooms: list[str]) -> None:
    nodes = tuple(
        make_edge_node(f"edge-{number}", allocatable={"cpu": room}) for number, room in enumerate(rooms)
    )
    pods = [gated(f"p{number}", cpu=cpu) for number, cpu in enumerate(wanted)]
    choices, usage = decide_on(*pods, nodes=nodes, replicas=len(pods), variants=EDGE_ONLY)
    assert [choice.replica for choice in choices] == pods
    for node in nodes:
        given_away = [pod.requests for pod in pods if (pod.name, node.name) in pins(choices)]
        used = sum(requests["cpu"] for requests in given_away)
        assert used <= node.allocatable["cpu"]
        assert usage.free_on(node, "cpu") == node.allocatable["cpu"] - used


def test_two_models_in_one_burst_do_not_get_the_same_room() -> None:
    node = make_edge_node("edge-1", allocatable={"cpu": "1"})
    usage = Usage(Snapshot((node,), ()))
    models: list[ModelDeployment] = [stored(make_model(name, variants=EDGE_ONLY)) for name in ("a", "b")]
    first, second = (choose(model, [gated(model.metadata.name)], Progress(), usage, NOW) for model in models)
    assert pins(first) == [("a", "edge-1")]
    assert isinstance(second[0], Open)


def refused_too_often(**spec: Any) -> Choice:
    model = stored(make_model(**spec))
    (choice,) = choose(model, [gated("p")], Progress(), Usage(Snapshot((CLOUD, EDGE), ())), NOW, refused=True)
    return choice


def test_kube_scheduler_chooses_when_it_refused_our_choices_too_often() -> None:
    assert refused_too_often() == Open(gated("p"), None)


@pytest.mark.parametrize(
    "placement", [{"onNoFit": "Wait"}, {"latency": {"maxMilliseconds": 50}}], ids=["Wait", "latency"]
)
def test_it_does_not_where_the_model_does_not_allow_it(placement: dict[str, Any]) -> None:
    assert isinstance(refused_too_often(placement=placement), Pin)
