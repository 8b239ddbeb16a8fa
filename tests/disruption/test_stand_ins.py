"""Extra replicas elsewhere while the link to an edge node is cut."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.builders import make_demand, make_edge_node, make_model, make_node
from tests.support.live import NOW, pod_document, replica_of, serving, stored

from fogline.api import DataSensitivity
from fogline.disruption import Link, StandIns, release, stand_ins
from fogline.disruption.stand_ins import present
from fogline.placement import Usage
from fogline.snapshot import Node, Pod, Replica, ReplicaOf, Snapshot

LINK = Link(after_seconds=300, cooldown_seconds=600)
CLOUD = make_node("cloud-1")


def edge(
    name: str = "edge-1", *, lost_for: int | None = None, back_for: int | None = None, **more: Any
) -> Node:
    since = NOW - timedelta(seconds=lost_for or back_for or 0)
    return make_edge_node(name, ready=lost_for is None, readiness_since=since, **more)


def replica(
    name: str, node: str, *, ready: bool = True, site: str | None = None, stands_in_for: str | None = None
) -> Replica:
    variant = "edge" if node.startswith("edge") else "cloud"
    found = replica_of(serving(pod_document(stored(make_model()), name, variant), node))
    return replace(found, ready=ready, client_site=site, stands_in_for=stands_in_for)


def cut_off(name: str = "a", node: str = "edge-1", site: str | None = None) -> Replica:
    return replica(name, node, ready=False, site=site)


def standing_in(
    name: str = "s", node: str = "cloud-1", *, original: str = "a", ready: bool = True
) -> Replica:
    return replica(name, node, ready=ready, stands_in_for=f"uid-of-{original}")


def pods(replicas: Iterable[Replica]) -> tuple[Pod, ...]:
    return tuple(
        Pod(
            one.namespace,
            one.name,
            one.node or "",
            one.requests,
            None if one.terminating else ReplicaOf(one.model, one.variant, one.client_site),
        )
        for one in replicas
    )


def look(there: tuple[Replica, ...], *nodes: Node, link: Link = LINK, **spec: Any) -> StandIns:
    usage = Usage(Snapshot(tuple(sorted(nodes, key=lambda node: node.name)), pods(there)))
    here = present(there)
    release(here, usage)
    demand = make_demand(**{"replicas": len(there) - len(here), **spec})
    return stand_ins(demand, there, usage, link, NOW)


def places(found: StandIns) -> list[tuple[str, str]]:
    return [(one.original.name, one.answer.node) for one in found.wanted]


def test_a_replica_gets_a_stand_in_elsewhere_once_its_node_is_cut_off_for_long_enough() -> None:
    assert places(look((cut_off(),), edge(lost_for=300), CLOUD)) == [("a", "cloud-1")]


def test_before_that_nothing_happens_and_the_time_is_known() -> None:
    found = look((cut_off(),), edge(lost_for=290), CLOUD)
    assert found == StandIns(due_seconds=10)


def test_a_node_that_was_away_for_a_moment_is_of_no_concern() -> None:
    assert look((replica("a", "edge-1"),), edge(back_for=1), CLOUD) == StandIns()


@pytest.mark.parametrize(
    "spec",
    [
        {"placement": {"dataSensitivity": "Restricted"}},
        {"placement": {"latency": {"maxMilliseconds": 10}}},
        {"placement": {"cloud": {"maxReplicas": 0}}},
        {"placement": {"cost": {"maxPerHour": "0.5"}}},
    ],
    ids=["clearance", "latency", "tier maximum", "cost"],
)
def test_there_is_no_stand_in_where_a_rule_or_a_limit_is_against_it(spec: Any) -> None:
    cloud = replace(CLOUD, clearance=DataSensitivity.INTERNAL)
    assert places(look((cut_off(),), edge(lost_for=900), cloud, **spec)) == []


def test_clients_at_the_site_of_the_node_need_no_stand_in() -> None:
    sites: dict[str, Any] = {"placement": {"clients": [{"site": "plant-a"}, {"site": "plant-b"}]}}
    own, others = cut_off("own", site="plant-a"), cut_off("others", site="plant-b")
    found = look((own, others), edge(lost_for=900, zone="plant-a"), CLOUD, **sites)
    assert places(found) == [("others", "cloud-1")]
    assert found.wanted[0].answer.client_site == "plant-b"


def test_a_lost_cloud_node_is_left_to_kubernetes() -> None:
    lost = make_node("cloud-2", ready=False, readiness_since=NOW - timedelta(hours=1))
    assert look((cut_off("a", "cloud-2"),), lost, CLOUD) == StandIns()


def test_who_wants_replicas_replaced_gets_no_stand_ins() -> None:
    replaced = replace(LINK, after_seconds=None)
    assert look((cut_off(),), edge(lost_for=900), CLOUD, link=replaced) == StandIns()


def test_replicas_that_the_model_lacks_come_before_stand_ins() -> None:
    assert places(look((cut_off(),), edge(lost_for=900), CLOUD, replicas=2)) == []


def test_every_replica_gets_one_as_far_as_there_is_room() -> None:
    small = make_node("cloud-1", allocatable={"cpu": "1"})
    both = (cut_off("a"), cut_off("b"))
    assert places(look(both, edge(lost_for=900), CLOUD)) == [("a", "cloud-1"), ("b", "cloud-1")]
    assert places(look(both, edge(lost_for=900), small)) == [("a", "cloud-1")]


def test_the_room_of_a_stand_in_that_is_to_come_is_taken_but_it_does_not_count_for_the_model() -> None:
    original = cut_off()
    usage = Usage(Snapshot((CLOUD, edge(lost_for=900)), pods([original])))
    before = usage.free_on(CLOUD, "cpu")
    (claimed,) = stand_ins(make_demand(), [original], usage, LINK, NOW).claimed
    assert claimed.node == "cloud-1"
    assert usage.free_on(CLOUD, "cpu") == before - 1000
    assert usage.of(make_demand().model).per_tier.total() == 1


def test_a_stand_in_is_enough_and_stays_while_the_link_is_cut() -> None:
    stand_in = standing_in()
    found = look((cut_off(), stand_in), edge(lost_for=90_000), CLOUD)
    assert found == StandIns(standing=(stand_in,))


def test_a_stand_in_stays_until_the_cool_down_is_over_and_no_longer() -> None:
    both = (replica("a", "edge-1"), standing_in())
    assert look(both, edge(back_for=590), CLOUD) == StandIns(standing=both[1:], due_seconds=10)
    assert look(both, edge(back_for=600), CLOUD) == StandIns(over=both[1:])


def test_a_stand_in_stays_as_long_as_its_original_is_not_ready() -> None:
    both = (cut_off(), standing_in())
    assert look(both, edge(back_for=90_000), CLOUD) == StandIns(standing=both[1:])


def test_a_link_that_breaks_again_within_the_cool_down_changes_nothing() -> None:
    both = (cut_off(), standing_in())
    assert look(both, edge(lost_for=1), CLOUD).standing == both[1:]


def test_the_stand_in_of_a_replica_that_has_gone_is_an_ordinary_replica() -> None:
    left = replace(cut_off(), terminating=True)
    assert present([left, standing_in()]) == ()
    assert look((standing_in(),), CLOUD) == StandIns()


def test_a_stand_in_on_a_node_that_must_be_left_stays_until_a_better_one_serves() -> None:
    drained, other = replace(CLOUD, cordoned=True), make_node("cloud-2")
    three = (cut_off(), standing_in("old"), standing_in("new", "cloud-2"))
    first = look(three[:2], edge(lost_for=900), drained, other)
    assert (first.standing, places(first)) == (three[1:2], [("a", "cloud-2")])
    assert look(three, edge(lost_for=900), drained, other) == StandIns(standing=three[2:], over=three[1:2])


def test_a_stand_in_on_a_node_that_may_not_hold_the_data_goes_at_once() -> None:
    both = (cut_off(), standing_in())
    unclear = replace(CLOUD, clearance=DataSensitivity.PUBLIC)
    secret: dict[str, Any] = {"placement": {"dataSensitivity": "Internal"}}
    assert look(both, edge(lost_for=900), unclear, **secret) == StandIns(over=both[1:])


def test_a_stand_in_beyond_a_cut_link_is_replaced_but_has_no_stand_in_of_its_own() -> None:
    both = (cut_off(), replace(standing_in("s", "edge-2"), ready=False))
    nodes = edge(lost_for=900), edge("edge-2", lost_for=900), CLOUD
    assert places(look(both, *nodes)) == [("a", "cloud-1")]
