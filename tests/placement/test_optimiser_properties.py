"""The optimiser on random clusters: what holds whatever the cluster looks like."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.random_worlds import models, nodes, pods

from fogline.api import Billing
from fogline.names import ModelKey
from fogline.placement import Demand, Usage, demand_of, plan, turn
from fogline.placement.limits import Limits
from fogline.placement.objective import latency_penalty
from fogline.placement.optimised import OptimisedPlan
from fogline.placement.optimiser import MOVE_COST, optimise
from fogline.placement.optimiser.build import build
from fogline.placement.optimiser.masks import allowed
from fogline.placement.optimiser.solve import solve
from fogline.placement.optimiser.survey import survey
from fogline.placement.requirements import POLICY, STATE, Option, artifact, refusals
from fogline.placement.sites import split_by_site
from fogline.snapshot import Pod, ReplicaOf, Snapshot


@dataclass(frozen=True)
class Crowd:
    """Two models on the nodes of one cluster."""

    demands: tuple[Demand, ...]
    snapshot: Snapshot


@st.composite
def crowds(draw: st.DrawFn, *, most_nodes: int = 5, most: int = 5, in_place: bool = True) -> Crowd:
    names = [f"n{number}" for number in range(draw(st.integers(1, most_nodes)))]
    both = [draw(models("digits", most=most)), draw(models("other", most=most))]
    found = [demand_of(model) for model in both]
    demands = (replace(found[0], priority=draw(st.sampled_from([0, 0, 10]))), found[1])
    there = draw(pods(names, max(len(one.variants) for one in found))) if in_place else []
    return Crowd(demands, Snapshot(tuple(draw(nodes(name)) for name in names), tuple(there)))


def after(crowd: Crowd, found: OptimisedPlan) -> Snapshot:
    """Carry a plan out: moved replicas are at their target, those that leave are gone."""
    gone = {id(one.pod) for one in found.misplaced} | {id(pod) for pod in found.surplus}
    gone |= {id(one.pod) for one in found.moves}
    by_model = {demand.model: demand for demand in as_seen(crowd)}
    new = []
    for number, one in enumerate(found.placed):
        if one.pod is None or one.is_move:
            variant = by_model[one.model].variant(one.variant)
            assert variant
            replica = ReplicaOf(one.model, one.variant, one.client_site)
            new.append(Pod(one.model.namespace, f"new-{number}", one.node, variant.requests, replica))
    return Snapshot(
        crowd.snapshot.nodes, (*(pod for pod in crowd.snapshot.pods if id(pod) not in gone), *new)
    )


def as_seen(crowd: Crowd) -> Sequence[Demand]:
    """Give the demands with what pods in place show that a replica takes."""
    return survey(sorted(crowd.demands, key=turn), crowd.snapshot).demands


@settings(deadline=None, max_examples=300)
@given(crowds())
def test_no_plan_breaks_a_requirement(crowd: Crowd) -> None:
    found = optimise(crowd.demands, crowd.snapshot)
    final = after(crowd, found)
    held = {id(pod) for pod in survey(sorted(crowd.demands, key=turn), crowd.snapshot).held}
    by_model = {demand.model: demand for demand in crowd.demands}
    for pod in final.pods:
        if pod.replica is None:
            continue
        demand, node = by_model[pod.replica.model], final.by_name[pod.node]
        usage = Usage(Snapshot(final.nodes, tuple(one for one in final.pods if one is not pod)))
        variant = demand.variant(pod.replica.variant)
        assert variant
        option = Option(demand, variant, pod.replica.client_site, node)
        if id(pod) in held:
            assert refusals(option, usage, POLICY) == ()  # all else says where nothing new goes
        else:
            assert refusals(option, usage) == ()


@settings(deadline=None, max_examples=60)
@given(crowds(most_nodes=3, most=2, in_place=False))
def test_the_bound_is_below_the_best_plan_of_all_and_the_plan_is_not(crowd: Crowd) -> None:
    built = build(crowd.demands, crowd.snapshot, MOVE_COST)
    solution = solve(built.problem, Limits())
    penalty = {
        built.demands[model].model: Decimal(value)
        for model, value in zip(
            built.problem.group_model.tolist(), built.problem.group_penalty.tolist(), strict=True
        )
    }
    best = min(
        objective(crowd, pods) + sum(penalty[model] * count for model, count in rejected.items())
        for pods, rejected in every_plan(crowd)
    )
    scale = Decimal("1e-9") * max(best, Decimal(1))
    assert Decimal(solution.lower_bound) <= best + scale
    assert best <= Decimal(solution.objective) + scale


def every_plan(crowd: Crowd) -> Iterator[tuple[tuple[Pod, ...], Counter[ModelKey]]]:
    """Go through all plans that break no requirement, with what each rejects."""
    wanted = [
        (demand, site)
        for demand in crowd.demands
        for site, count in split_by_site(demand).items()
        for _ in range(count)
    ]
    usage = Usage(crowd.snapshot)
    ways: list[list[Pod | None]] = [[None, *_ways(crowd, usage, demand, site)] for demand, site in wanted]
    for choice in product(*ways):
        chosen = [replace(pod, name=f"{number}") for number, pod in enumerate(choice) if pod]
        if holds(crowd, chosen):
            missing = (demand.model for (demand, _), pod in zip(wanted, choice, strict=True) if not pod)
            yield tuple(chosen), Counter(missing)


def _ways(crowd: Crowd, usage: Usage, demand: Demand, site: str | None) -> list[Pod]:
    return [
        Pod("default", "", node.name, variant.requests, ReplicaOf(demand.model, variant.name, site))
        for node in crowd.snapshot.nodes
        for variant in demand.variants
        if variant.tier is node.tier
        and not refusals(Option(demand, variant, site, node), usage, (artifact, *POLICY, *STATE))
    ]


def holds(crowd: Crowd, chosen: Sequence[Pod]) -> bool:
    """Tell whether each replica may be where it is, given all others."""
    by_model = {demand.model: demand for demand in crowd.demands}
    for pod in chosen:
        assert pod.replica
        demand = by_model[pod.replica.model]
        variant = demand.variant(pod.replica.variant)
        assert variant
        node = crowd.snapshot.by_name[pod.node]
        usage = Usage(Snapshot(crowd.snapshot.nodes, tuple(one for one in chosen if one is not pod)))
        if refusals(Option(demand, variant, pod.replica.client_site, node), usage):
            return False
    return True


def objective(crowd: Crowd, pods: Sequence[Pod]) -> Decimal:
    """Add up the bill and the latency penalties."""
    by_model = {demand.model: demand for demand in crowd.demands}
    usage, total = Usage(Snapshot(crowd.snapshot.nodes, tuple(pods))), Decimal(0)
    for pod in pods:
        assert pod.replica
        demand = by_model[pod.replica.model]
        variant = demand.variant(pod.replica.variant)
        assert variant
        node = crowd.snapshot.by_name[pod.node]
        total += latency_penalty(Option(demand, variant, pod.replica.client_site, node), usage)
        total += usage.replica_cost(pod) if node.billing is Billing.SHARE else 0
    used = {pod.node for pod in pods}
    return total + sum(
        node.cost_per_hour for node in usage.nodes if node.name in used and node.billing is Billing.NODE
    )


@settings(deadline=None)
@given(crowds(in_place=False))
def test_the_cost_of_a_plan_is_what_its_replicas_cost_together(crowd: Crowd) -> None:
    found = optimise(crowd.demands, crowd.snapshot)
    final = after(crowd, found)
    assert abs(found.counted_cost_per_hour - objective(crowd, final.pods)) < Decimal("1e-9")
    assert found.lower_bound_cost_per_hour <= found.counted_cost_per_hour + Decimal("1e-6")


@settings(deadline=None, max_examples=200)
@given(crowds())
def test_deciding_again_on_a_plan_moves_nothing(crowd: Crowd) -> None:
    first = optimise(crowd.demands, crowd.snapshot)
    second = optimise(as_seen(crowd), after(crowd, first))  # what is injected will be injected again
    assert (second.moves, second.misplaced, second.surplus) == ((), (), ())
    assert where(second) == where(first)


@settings(deadline=None)
@given(crowds(), st.randoms())
def test_the_order_of_models_nodes_and_pods_never_changes_the_plan(crowd: Crowd, random: Any) -> None:
    shuffled = [list(crowd.demands), list(crowd.snapshot.nodes), list(crowd.snapshot.pods)]
    for part in shuffled:
        random.shuffle(part)
    demands, some_nodes, some_pods = shuffled
    again = optimise(demands, Snapshot(tuple(some_nodes), tuple(some_pods)))  # type: ignore[arg-type]
    assert again == optimise(crowd.demands, crowd.snapshot)


@settings(deadline=None)
@given(crowds(in_place=False))
def test_a_plan_counts_no_more_rejections_than_placing_one_after_the_other(crowd: Crowd) -> None:
    built = build(crowd.demands, crowd.snapshot, MOVE_COST)
    penalty = dict(
        zip(
            [built.demands[model].model for model in built.problem.group_model.tolist()],
            built.problem.group_penalty.tolist(),
            strict=True,
        )
    )
    optimised = optimise(crowd.demands, crowd.snapshot)
    in_turn = plan(crowd.demands, crowd.snapshot)
    left_out = sum(penalty[one.model] * one.replicas for one in optimised.unplaceable)
    assert left_out <= sum(penalty[one.model] * one.waiting for one in in_turn.decisions) * (1 + 1e-9)


@settings(deadline=None, max_examples=200)
@given(crowds(in_place=False))
def test_masks_say_what_the_requirements_say(crowd: Crowd) -> None:
    choices = [
        (demand, variant, client.site)
        for demand in crowd.demands
        for client in demand.clients
        for variant in demand.variants
    ]
    usage = Usage(crowd.snapshot)
    mask = allowed(choices, crowd.snapshot.nodes)
    for row, (demand, variant, site) in enumerate(choices):
        for column, node in enumerate(crowd.snapshot.nodes):
            broken = refusals(Option(demand, variant, site, node), usage, (artifact, *POLICY, *STATE))
            assert mask[row, column] == (variant.tier is node.tier and not broken)


def where(found: OptimisedPlan) -> Counter[tuple[Any, ...]]:
    """Give the replicas by all that a plan says of them, whichever pods they are."""
    return Counter((one.model, one.variant, one.client_site, one.node) for one in found.placed)
