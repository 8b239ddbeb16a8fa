"""The two ways to decide: one model after the other, and all together. What each answers, in plain words."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product

import pytest

from fogline.conditions import Reason
from fogline.placement import Decision, Demand, Misplaced, Unplaceable, plan
from fogline.placement.optimised import OptimisedPlan
from fogline.placement.optimiser import optimise
from fogline.snapshot import Pod, Snapshot


@dataclass(frozen=True)
class Answer:
    """What becomes of the replicas of every model."""

    nodes: dict[str, list[str]] = field(default_factory=dict)
    """By model: where its replicas are in the end, one entry each, by name. Models without any are absent."""
    waiting: dict[str, int] = field(default_factory=dict)
    """By model: replicas without a node."""
    leaving: list[str] = field(default_factory=list)
    """Pods that should go, by name: too many, or on a node that they may not be on."""
    reasons: dict[str, set[Reason]] = field(default_factory=dict, compare=False)
    """By model with replicas that wait: why the nodes are refused."""


Engine = Callable[[Sequence[Demand], Snapshot], Answer]


def in_turn(demands: Sequence[Demand], snapshot: Snapshot) -> Answer:
    """Decide as the operator does for replicas that wait: in turn, and nothing moves to save money."""
    decisions = plan(demands, snapshot).decisions
    unplaceable = [answer for one in decisions for answer in one.unplaceable]
    return Answer(
        nodes=_by_model((one.model.name, node) for one in decisions for node in _nodes(one)),
        waiting=_waiting(unplaceable),
        leaving=sorted(pod.name for one in decisions for pod in (*one.surplus, *_pods(one.misplaced))),
        reasons=_reasons(unplaceable),
    )


def together(demands: Sequence[Demand], snapshot: Snapshot) -> Answer:
    """Decide with the optimiser."""
    found: OptimisedPlan = optimise(demands, snapshot)
    return Answer(
        nodes=_by_model((one.model.name, one.node) for one in found.placed),
        waiting=_waiting(found.unplaceable),
        leaving=sorted(pod.name for pod in (*found.surplus, *_pods(found.misplaced))),
        reasons=_reasons(found.unplaceable),
    )


ENGINES: dict[str, Engine] = {"in turn": in_turn, "together": together}


def with_each_engine(names: Iterable[str]) -> pytest.MarkDecorator:
    """Run a test that takes ``name`` and ``engine`` with both ways to decide."""
    return pytest.mark.parametrize(("name", "engine"), list(product(names, ENGINES)))


def _nodes(decision: Decision) -> list[str]:
    return [pod.node for pod in decision.kept] + [one.node for one in decision.assignments]


def _by_model(places: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for model, node in sorted(places):
        found[model].append(node)
    return dict(found)


def _pods(misplaced: Iterable[Misplaced]) -> list[Pod]:
    return [one.pod for one in misplaced]


def _waiting(answers: Iterable[Unplaceable]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for one in answers:
        found[one.model.name] += one.replicas
    return dict(found)


def _reasons(answers: Iterable[Unplaceable]) -> dict[str, set[Reason]]:
    found: defaultdict[str, set[Reason]] = defaultdict(set)
    for one in answers:
        found[one.model.name] |= {refused.reason for refused in one.refused}
    return dict(found)
