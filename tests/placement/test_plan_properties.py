"""Plans for several models on random clusters, checked step by step against trying everything."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import oracle
from tests.support.oracle import World
from tests.support.random_worlds import models, nodes, pods

from fogline.api import ModelDeployment
from fogline.names import ModelKey
from fogline.placement import Assignment, Decision, Demand, Plan, Unplaceable, demand_of, plan, turn
from fogline.snapshot import Node, Pod, ReplicaOf, Snapshot


@dataclass(frozen=True)
class Crowd:
    """Models that compete for the nodes of one cluster."""

    models: tuple[ModelDeployment, ...]
    priorities: tuple[int, ...]
    nodes: tuple[Node, ...]
    pods: tuple[Pod, ...]

    def demands(self) -> list[Demand]:
        """Read what the models ask for."""
        return [
            replace(demand_of(model), priority=priority)
            for model, priority in zip(self.models, self.priorities, strict=True)
        ]

    def model(self, key: ModelKey) -> ModelDeployment:
        """Find a model."""
        return next(one for one in self.models if one.metadata.name == key.name)

    def planned(self) -> Plan:
        """Decide for all models in turn."""
        return plan(self.demands(), Snapshot(self.nodes, self.pods))


@st.composite
def crowds(draw: st.DrawFn) -> Crowd:
    names = [f"n{number}" for number in range(draw(st.integers(1, 5)))]
    found = tuple(draw(models(name)) for name in ("digits", "other", "third"))
    ways = max(len(model.spec.variants) for model in found)
    return Crowd(
        models=found,
        priorities=tuple(draw(st.sampled_from([0, 0, 10])) for _ in found),
        nodes=tuple(draw(nodes(name)) for name in names),
        pods=tuple(draw(pods(names, ways))),
    )


@dataclass(frozen=True)
class Step:
    """An answer of a plan and the world in which it was given."""

    world: World
    answer: Assignment | Unplaceable


def steps(crowd: Crowd, found: Plan) -> Iterator[Step]:
    """Go through the answers as if each were carried out at once. What leaves holds its room until then."""
    there, gone = list(crowd.pods), list[Pod]()
    for decision in found.decisions:
        model = crowd.model(decision.model)
        gone += leaving(decision)
        there = [pod for pod in there if pod not in gone]
        for one in decision.assignments:
            yield Step(World(model, crowd.nodes, tuple(there), tuple(gone)), one)
            there.append(carried_out(model, one, len(there) + len(gone)))
        for left_out in decision.unplaceable:
            yield Step(World(model, crowd.nodes, tuple(there), tuple(gone)), left_out)


def leaving(decision: Decision) -> list[Pod]:
    return [*decision.surplus, *(one.pod for one in decision.misplaced)]


def carried_out(model: ModelDeployment, one: Assignment, number: int) -> Pod:
    variant = next(way for way in model.spec.variants if way.name == one.variant)
    replica = ReplicaOf(one.model, one.variant, one.client_site)
    return Pod("default", f"new-{number}", one.node, oracle.requests(variant), replica)


def after(crowd: Crowd, found: Plan) -> Crowd:
    """Carry a plan out: what leaves is gone, what is assigned is there."""
    gone = {pod.name for decision in found.decisions for pod in leaving(decision)}
    new: list[Pod] = []
    for decision in found.decisions:
        model = crowd.model(decision.model)
        new += [carried_out(model, one, len(new) + number) for number, one in enumerate(decision.assignments)]
    return replace(crowd, pods=(*(pod for pod in crowd.pods if pod.name not in gone), *new))


@settings(deadline=None, max_examples=300)
@given(crowds())
def test_every_replica_goes_where_trying_everything_would_put_it_at_that_moment(crowd: Crowd) -> None:
    for step in steps(crowd, crowd.planned()):
        if isinstance(step.answer, Assignment):
            found = step.answer.node, step.answer.variant
            assert found == oracle.best(step.world, step.answer.client_site)


@settings(deadline=None, max_examples=300)
@given(crowds())
def test_nothing_waits_that_has_a_place(crowd: Crowd) -> None:
    for step in steps(crowd, crowd.planned()):
        if isinstance(step.answer, Unplaceable):
            assert oracle.best(step.world, step.answer.client_site) is None


@settings(deadline=None, max_examples=200)
@given(crowds())
def test_planning_again_on_the_result_moves_nothing(crowd: Crowd) -> None:
    first = crowd.planned()
    second = after(crowd, first).planned()
    for before, now in zip(first.decisions, second.decisions, strict=True):
        assert (now.misplaced, now.surplus) == ((), ())
        assert len(now.kept) == len(before.kept) + len(before.assignments)
        assert len(now.assignments) <= before.waiting  # what left has made room


@settings(deadline=None)
@given(crowds(), st.randoms())
def test_the_order_of_models_nodes_and_pods_never_changes_a_plan(crowd: Crowd, random: Any) -> None:
    def shuffled(things: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(random.sample(list(things), len(things)))

    snapshot = Snapshot(shuffled(crowd.nodes), shuffled(crowd.pods))
    assert plan(shuffled(crowd.demands()), snapshot) == crowd.planned()


@settings(deadline=None)
@given(crowds())
def test_those_who_come_later_never_change_what_is_decided_for_those_before_them(crowd: Crowd) -> None:
    first, *_ = sorted(crowd.demands(), key=turn)
    alone = plan([first], Snapshot(crowd.nodes, crowd.pods))
    assert alone.decisions == crowd.planned().decisions[:1]
