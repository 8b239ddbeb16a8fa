"""Placement on random clusters: what holds whatever the cluster looks like."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import oracle, plain_place
from tests.support.builders import make_pod
from tests.support.oracle import World
from tests.support.random_worlds import worlds

from fogline.api import DataSensitivity
from fogline.placement import Assignment, Unplaceable, Usage, assume, decide, demand_of, place
from fogline.snapshot import Node, Snapshot, Taint


def usage_of(world: World) -> Usage:
    return Usage(Snapshot(world.nodes, world.pods))


def first_site(world: World) -> str | None:
    return demand_of(world.model).clients[0].site


@settings(deadline=None, max_examples=400)
@given(worlds())
def test_one_replica_goes_where_trying_everything_would_put_it(world: World) -> None:
    site = first_site(world)
    answer = place(demand_of(world.model), usage_of(world), site)
    found = (answer.node, answer.variant) if isinstance(answer, Assignment) else None
    assert found == oracle.best(world, site)


@settings(deadline=None, max_examples=300)
@given(worlds())
def test_no_assignment_ever_breaks_a_requirement(world: World) -> None:
    demand = demand_of(world.model)
    decision = decide(demand, usage_of(world))
    gone = (*decision.surplus, *(one.pod for one in decision.misplaced))
    pods = [pod for pod in world.pods if pod not in gone]
    for number, one in enumerate(decision.assignments):
        now = World(world.model, world.nodes, tuple(pods), gone)
        variant = next(way for way in world.model.spec.variants if way.name == one.variant)
        assert oracle.broken(now, variant, now.node(one.node), one.client_site) == set()
        new = make_pod(f"new-{number}", one.node, model="digits", variant=one.variant, site=one.client_site)
        pods.append(replace(new, requests=oracle.requests(variant)))


@settings(deadline=None)
@given(worlds())
def test_a_refused_node_breaks_a_requirement_and_a_node_that_is_not_refused_breaks_none(world: World) -> None:
    site = first_site(world)
    answer = place(demand_of(world.model), usage_of(world), site)
    possible = {
        node.name
        for node in world.nodes
        if any(not oracle.broken(world, way, node, site) for way in world.model.spec.variants)
    }
    assert sum(one.nodes for one in answer.refused) == len(world.nodes) - len(possible)
    assert possible.isdisjoint(one.example.node for one in answer.refused)
    assert (answer.feasible if isinstance(answer, Assignment) else 0) == len(possible)


@settings(deadline=None, max_examples=400)
@given(worlds())
def test_all_nodes_at_once_say_what_each_node_says_alone(world: World) -> None:
    demand, usage, site = demand_of(world.model), usage_of(world), first_site(world)
    answer = place(demand, usage, site)
    found = plain_place.verdicts(demand, usage, site)
    ranked = plain_place.ranking(found)
    assert [(one.nodes, one.example) for one in answer.refused] == plain_place.refused(demand, usage, found)
    if not ranked:
        assert isinstance(answer, Unplaceable)
        return
    assert isinstance(answer, Assignment)
    position = [one.name for one in demand.variants].index(answer.variant)
    others = [one for one in ranked if one.node != ranked[0].node]
    second = answer.runner_up
    assert (answer.node, position, answer.offer.price) == (
        ranked[0].node,
        ranked[0].position,
        ranked[0].price,
    )
    assert (second and (second.node, second.price)) == ((others[0].node, others[0].price) if others else None)


@settings(deadline=None, max_examples=300)
@given(worlds())
def test_the_node_that_would_be_chosen_breaks_one_requirement_and_is_cheaper(world: World) -> None:
    demand, usage, site = demand_of(world.model), usage_of(world), first_site(world)
    answer = place(demand, usage, site)
    found = plain_place.verdicts(demand, usage, site)
    near = [one for own in found.values() for one in own if len(one.broken) == 1]
    closest = answer.counterfactual
    if closest is None:
        assert isinstance(answer, Assignment) or not near
        return
    assert closest.lacks[0] in {one.broken[0] for one in near if one.node == closest.node}
    if isinstance(answer, Assignment):
        assert closest.saving is not None
        assert closest.saving > 0


@settings(deadline=None)
@given(worlds())
def test_every_wanted_replica_is_kept_assigned_or_waiting(world: World) -> None:
    decision = decide(demand_of(world.model), usage_of(world))
    counted = len(decision.kept) + len(decision.assignments) + decision.waiting
    assert counted == world.model.spec.replicas == sum(decision.desired_by_variant().values())


@settings(deadline=None)
@given(worlds())
def test_deciding_again_on_the_result_moves_nothing(world: World) -> None:
    demand = demand_of(world.model)
    usage = usage_of(world)
    first = decide(demand, usage)
    second = decide(demand, usage)
    assert (second.assignments, second.misplaced, second.surplus) == ((), (), ())
    assert len(second.kept) == len(first.kept) + len(first.assignments)
    assert second.waiting == first.waiting


@settings(deadline=None)
@given(worlds(), st.randoms())
def test_the_order_of_nodes_and_pods_never_changes_the_answer(world: World, random: Any) -> None:
    demand = demand_of(world.model)
    shuffled_nodes, shuffled_pods = list(world.nodes), list(world.pods)
    random.shuffle(shuffled_nodes)
    random.shuffle(shuffled_pods)
    shuffled = World(world.model, tuple(shuffled_nodes), tuple(shuffled_pods))
    assert decide(demand, usage_of(shuffled)) == decide(demand, usage_of(world))


def _dearer(node: Node) -> Node:
    return replace(node, cost_per_hour=node.cost_per_hour + 1)


def _farther(node: Node) -> Node:
    known = node.latency_milliseconds
    sites = {site: value + 30 for site, value in node.client_site_latency_milliseconds.items()}
    return replace(
        node,
        latency_milliseconds=None if known is None else known + 30,
        client_site_latency_milliseconds=sites,
    )


def _smaller(node: Node) -> Node:
    return replace(node, allocatable={name: amount // 2 for name, amount in node.allocatable.items()})


def _less_trusted(node: Node) -> Node:
    return replace(node, clearance=DataSensitivity.PUBLIC)


@settings(deadline=None, max_examples=300)
@given(worlds(without="cost"), st.data())
def test_a_node_that_gets_worse_is_never_newly_chosen(world: World, data: st.DataObject) -> None:
    # Without a cost limit: when a node gets dearer where the model runs already, the limit leaves less for
    # others, and staying together there can be all that it still allows.
    worsen = data.draw(
        st.sampled_from(
            [
                _dearer,
                _farther,
                _smaller,
                _less_trusted,
                lambda node: replace(node, ready=False),
                lambda node: replace(node, cordoned=True),
                lambda node: replace(node, taints=(Taint("team", "", "NoSchedule"),)),
                lambda node: replace(node, region=None),
                lambda node: replace(node, labels={}),
                lambda node: replace(node, accelerator_type=None),
                lambda node: replace(node, capacity_share=node.capacity_share / 2),
            ]
        )
    )
    victim = data.draw(st.sampled_from(world.nodes))
    worse = World(
        world.model, tuple(worsen(node) if node is victim else node for node in world.nodes), world.pods
    )
    demand, site = demand_of(world.model), first_site(world)
    before, after = place(demand, usage_of(world), site), place(demand, usage_of(worse), site)
    if isinstance(after, Assignment) and after.node == victim.name:
        assert isinstance(before, Assignment)
        assert before.node == victim.name


@settings(deadline=None)
@given(worlds())
def test_placing_only_reads_and_assuming_takes_exactly_the_room_that_was_offered(world: World) -> None:
    demand, usage, site = demand_of(world.model), usage_of(world), first_site(world)
    answer = place(demand, usage, site)
    assert place(demand, usage, site) == answer
    if isinstance(answer, Assignment):
        variant = demand.variant(answer.variant)
        assert variant
        node = usage.node(answer.node)
        before = {resource: usage.free_on(node, resource) for resource in variant.requests}
        cost = usage.cost_with(demand.model, node, variant.requests)
        assume(answer, demand, usage)
        for resource, amount in variant.requests.items():
            assert usage.free_on(node, resource) == before[resource] - amount >= 0
        assert abs(usage.cost_of(demand.model) - cost) < Decimal("1e-20")
        assert abs(sum(usage.cost_by_tier(demand.model).values()) - cost) < Decimal("1e-20")
