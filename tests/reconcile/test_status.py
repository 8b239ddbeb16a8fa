"""The status: what is so, in a form that changes only when something happens."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.builders import make_edge_node, make_model, make_node
from tests.support.live import NOW, bound, pinned, pod_document, serving, stored, with_status
from tests.support.scenes import Scene

from fogline.api import DataSensitivity, ModelDeploymentStatus
from fogline.conditions import ConditionType
from fogline.errors import BadInputError
from fogline.names import GATE
from fogline.reconcile.status import MAX_PLACEMENTS, unreadable_status

CLOUD = make_node("cloud-1", cost="1")
EDGE = make_edge_node("edge-1", cost="0.4")
LATER = NOW + timedelta(hours=1)
STAGES: dict[str, Callable[[dict[str, Any], str], dict[str, Any]]] = {
    "gated": lambda document, _node: document,
    "pinned": pinned,
    "bound": bound,
    "serving": serving,
    "failed": lambda document, node: {
        **serving(document, node),
        "status": {"phase": "Failed", "reason": "OutOfcpu", "message": "no room"},
    },
}


def scene(pods: tuple[dict[str, Any], ...] = (), **spec: Any) -> Scene:
    return Scene(stored(make_model(**spec)), (CLOUD, EDGE), pods)


def pod(name: str, stage: str = "serving", node: str = "cloud-1", variant: str = "cloud") -> dict[str, Any]:
    return STAGES[stage](pod_document(stored(make_model()), name, variant), node)


def again(found: Scene, status: ModelDeploymentStatus, now: datetime = LATER) -> ModelDeploymentStatus:
    """Make the next pass, after the status went to the API server and came back."""
    return replace(found, model=with_status(found.model, status)).pass_at(now).status


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """Draw a model with replicas in any stages of life and rules that hold, are broken or mean nothing."""
    rules: dict[str, st.SearchStrategy[Any]] = {
        "dataSensitivity": st.sampled_from(["Public", "Restricted"]),
        "latency": st.sampled_from([{"targetMilliseconds": 20}, {"maxMilliseconds": 1}]),
        "cost": st.sampled_from([{"maxPerHour": "0.1"}, {"maxPerHour": "9"}]),
        "clients": st.just([{"site": "plant-a"}, {"site": "plant-b"}]),
    }
    spots = st.tuples(
        st.sampled_from(sorted(STAGES)),
        st.sampled_from([("cloud-1", "cloud"), ("edge-1", "edge"), ("gone", "edge")]),
    )
    pods = tuple(
        pod(f"p{number}", stage, *spot)
        for number, (stage, spot) in enumerate(draw(st.lists(spots, max_size=4)))
    )
    nodes = draw(
        st.sampled_from([(CLOUD, EDGE), (EDGE,), (replace(CLOUD, clearance=DataSensitivity.PUBLIC),), ()])
    )
    spec: dict[str, Any] = {
        "replicas": draw(st.integers(0, 4)),
        "suspend": draw(st.booleans()),
        "placement": draw(st.fixed_dictionaries({}, optional=rules)),
    }
    return Scene(stored(make_model(**spec)), nodes, pods)


@given(scenes())
def test_while_nothing_happens_the_status_does_not_change(found: Scene) -> None:
    first = found.pass_at(NOW).status
    assert again(found, first) == first


@given(scenes())
def test_what_is_written_is_what_the_api_allows(found: Scene) -> None:
    status = found.pass_at(NOW).status
    assert with_status(found.model, status).status == status


def test_the_transition_time_of_a_condition_moves_only_with_its_status() -> None:
    before = scene((pod("p", "bound"),), replicas=2)
    first = before.pass_at(NOW).status
    after = replace(before, pods=(pod("p"), pod("q")))
    second = again(after, first)
    times = {one.type: one.last_transition_time for one in second.conditions}
    changed = {kind for kind, time in times.items() if time == LATER}
    assert changed == {ConditionType.PLACED, ConditionType.ARTIFACT_READY, ConditionType.READY}
    assert set(times.values()) == {NOW, LATER}


def test_a_new_reason_alone_does_not_move_the_transition_time() -> None:
    first = replace(scene(), nodes=()).pass_at(NOW).status
    second = again(scene(), first)
    placed = [next(one for one in status.conditions if one.type == "Placed") for status in (first, second)]
    assert [one.reason for one in placed] == ["NoFit", "Placing"]
    assert [one.last_transition_time for one in placed] == [NOW, NOW]


def test_replicas_are_counted_by_what_they_are() -> None:
    pods = (
        pod("serving"),
        pod("bound", "bound"),
        pod("pinned", "pinned"),
        pod("gated", "gated"),
        pod("failed", "failed"),
    )
    status = scene(pods, replicas=4).pass_at().status
    assert (status.replicas, status.ready_replicas, status.available_replicas) == (4, 1, 1)
    assert status.gated_replicas == 1
    assert (status.selector, status.url) == (
        "fogline.dev/model=digits",
        "http://digits.default.svc:8501",
    )


def test_tiers_say_what_is_wanted_and_what_is_ready() -> None:
    status = scene((pod("p"), pod("q", "bound", "edge-1", "edge")), replicas=2).pass_at().status
    assert status.tiers is not None
    assert status.tiers.cloud is not None
    assert status.tiers.edge is not None
    assert (status.tiers.cloud.desired, status.tiers.cloud.ready) == (1, 1)
    assert (status.tiers.edge.desired, status.tiers.edge.ready) == (1, 0)


def test_a_replica_that_waits_is_desired_in_no_tier() -> None:
    limits = {"cloud": {"maxReplicas": 1}, "edge": {"maxReplicas": 1}}
    found = scene((pod("p"), pod("q", "bound", "edge-1", "edge")), replicas=3, placement=limits)
    status = found.pass_at().status
    assert status.tiers is not None
    assert status.tiers.cloud is not None
    assert status.tiers.edge is not None
    assert (status.tiers.cloud.desired, status.tiers.edge.desired) == (1, 1)
    placed = next(one for one in status.conditions if one.type == "Placed")
    assert "1 of 3 replicas find no node" in placed.message


def test_placements_say_where_each_replica_is_and_what_it_costs_there_now() -> None:
    found = scene((pod("p"), pod("q", "serving", "edge-1", "edge")), replicas=2)
    cloud, edge = found.pass_at().status.placements
    assert (cloud.node, cloud.tier, cloud.variant, cloud.ready) == ("cloud-1", "Cloud", "cloud", True)
    assert (cloud.cost_per_hour, cloud.latency_milliseconds) == ("1", 40)
    assert (edge.node, edge.cost_per_hour, edge.latency_milliseconds) == ("edge-1", "0.1", 5)
    assert cloud.since == NOW


def test_placements_say_what_the_latency_above_the_target_counts_for() -> None:
    latency = {"targetMilliseconds": 10}
    (one,) = scene((pod("p"),), placement={"latency": latency}).pass_at().status.placements
    assert (one.cost_per_hour, one.latency_milliseconds, one.latency_penalty_per_hour) == ("1", 40, "0.06")


def test_an_absurd_latency_penalty_still_fits_into_the_status() -> None:
    absurd = {"latency": {"targetMilliseconds": 1}, "latencyPenaltyPerMillisecond": "999999999"}
    status = scene((pod("p"),), placement=absurd).pass_at().status
    assert status.placements[0].latency_penalty_per_hour == "999999999"


def test_the_cost_is_that_of_all_replicas_together() -> None:
    found = scene((pod("p"), pod("q", "serving", "edge-1", "edge")), replicas=2)
    assert found.pass_at().status.cost_per_hour == "1.1"


def test_a_replica_on_a_node_that_is_gone_is_listed_without_facts_of_the_node() -> None:
    (one,) = scene((pod("p", node="gone"),)).pass_at().status.placements
    assert (one.node, one.tier, one.cost_per_hour, one.latency_milliseconds) == ("gone", None, None, None)


def test_only_the_first_placements_are_listed_but_all_are_counted() -> None:
    pods = tuple(pod(f"p{number}") for number in range(MAX_PLACEMENTS + 1))
    status = scene(pods, replicas=MAX_PLACEMENTS + 1).pass_at().status
    assert (len(status.placements), status.replicas) == (MAX_PLACEMENTS, MAX_PLACEMENTS + 1)


def test_the_last_decision_stays_until_another_one_says_something_else() -> None:
    nowhere = scene(placement={"nodeSelector": {"disk": "ssd"}})
    first = nowhere.pass_at(NOW).status
    assert first.last_decision is not None
    assert first.last_decision.time == NOW
    (rejection,) = first.last_decision.rejections
    assert (rejection.reason, rejection.nodes) == ("NodeSelectorMismatch", 2)
    assert first.last_decision.counterfactual == "edge-1 would be chosen with label disk=ssd"
    settled = scene((pod("p"),))
    assert again(settled, first).last_decision == first.last_decision
    crowded = replace(nowhere, nodes=(CLOUD,))
    told = again(crowded, first).last_decision
    assert told is not None
    assert (told.time, told.rejections[0].nodes) == (LATER, 1)


def test_what_a_foreign_gate_holds_is_counted_as_gated() -> None:
    document = pod_document(stored(make_model()), "p")
    document["spec"]["schedulingGates"] = [{"name": GATE}, {"name": "other"}]
    assert scene((pinned(document, "cloud-1"),)).pass_at().status.gated_replicas == 1


@pytest.mark.parametrize("field", ["spec.replicas", ""])
def test_an_object_that_cannot_be_read_says_so_and_that_nothing_is_stopped(field: str) -> None:
    status = unreadable_status(BadInputError("must be a number", field), NOW)
    found = {one.type: (one.status.value, one.reason) for one in status.conditions}
    told = {"Accepted": ("False", "Invalid"), "Ready": ("False", "Invalid")}
    assert found == {kind.value: told.get(kind.value, ("Unknown", "Invalid")) for kind in ConditionType}
    texts = {one.message for one in status.conditions if one.type in told}
    assert texts == {f"{field + ': ' if field else ''}must be a number; what runs goes on unchanged"}
    assert with_status(stored(make_model()), status).status == status
