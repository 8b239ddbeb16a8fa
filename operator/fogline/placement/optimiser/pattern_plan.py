"""A plan for replicas that are big against a node: what goes together on one node is decided as a whole.

The relaxed problem fills nodes to the last core, which nothing does when two or three replicas fill a node.
Here a linear program chooses how many nodes get which pattern; patterns that lower its cost are made by a
knapsack at its prices, round after round.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from fogline.placement.limits import PatternWork
from fogline.placement.optimiser.insertion import insert_missing, sizes
from fogline.placement.optimiser.knapsack import kinds_of
from fogline.placement.optimiser.lots import FEW_NODES
from fogline.placement.optimiser.pattern_master import PatternMaster, Values
from fogline.placement.optimiser.patterns import Pattern, patterns_of, worthiest
from fogline.placement.optimiser.problem import Floats, Ints, Problem
from fogline.placement.optimiser.relaxation import Relaxation
from fogline.placement.optimiser.state import State

_BIG = 0.2
"""Share of a middling node that half of the replicas take at least where they are big."""
_ALIKE = 1.5
"""Nodes of a class, on average, from which on patterns are made: rounding loses part of a node of each."""
_MOST_WORK = 200_000
"""Work of one round of knapsacks up to which patterns are made."""
_TRUST = 0.8
"""Weight of what replicas are worth in the relaxed problem, against the last program: at first, falling from
round to round. The values of a program that knows few patterns leap about."""
_DEAREST = (1.2, 0.01)
"""What a replica left out counts for in the program at most: times its worth in the relaxed problem, and US
dollars per hour. With few patterns known, penalties would tell nothing of what a replica is worth."""


def plan_by_patterns(
    problem: Problem, relaxed: Relaxation, seeds: Iterable[State], work: PatternWork
) -> State | None:
    """Make a plan; None where replicas are small, nodes few or hardly alike, or kinds too many for it.

    Parameters
    ----------
    seeds
        Plans whose patterns are known from the start.
    """
    if not work.rounds or not _is_worthwhile(problem):
        return None
    kinds = kinds_of(problem, _used(problem, relaxed))
    if sum(kind.work for kind in kinds) > _MOST_WORK:
        return None
    start = np.clip(relaxed.worth, 0.0, problem.group_penalty)
    times, above = _DEAREST
    master = PatternMaster(problem, np.minimum(start * times + above, problem.group_penalty))
    for seed in seeds:
        master.add(patterns_of(seed))
    values = Values(start, np.zeros(problem.limits.per_tier.shape), np.zeros(problem.models))
    steps = work.simplex_steps
    for done in range(work.rounds):
        is_new = master.add(worthiest(problem, kinds, values.of_replicas(problem)))
        if steps <= 0 or (done and not is_new):
            break
        steps -= master.solve(steps)
        values = master.values()
        trust = _TRUST * (1 - done / work.rounds)
        values = replace(values, group=trust * start + (1 - trust) * values.group)
    return _placed(problem, relaxed, master.patterns, np.rint(master.amounts()).astype(np.int64))


def _is_worthwhile(problem: Problem) -> bool:
    """Tell whether half of the replicas are big against a node, on nodes that are many and often alike."""
    if problem.nodes <= FEW_NODES or problem.nodes < _ALIKE * len(problem.class_price):
        return False
    size = np.full(len(problem.group_replicas), np.inf)
    np.minimum.at(size, problem.option_group, sizes(problem))
    order = np.argsort(size, kind="stable")
    counted = np.cumsum(problem.group_replicas[order])
    return bool(size[order[np.searchsorted(counted, counted[-1] / 2)]] >= _BIG)


def _used(problem: Problem, relaxed: Relaxation) -> Floats:
    """Give classes x resources: how much of nodes the relaxed solution uses, in whole nodes."""
    used = np.zeros(problem.class_capacity.shape)
    taken = problem.requests[relaxed.options] / problem.whole_room[relaxed.classes]
    np.add.at(used, relaxed.classes, relaxed.amounts[:, None] * taken)
    return used


def _placed(problem: Problem, relaxed: Relaxation, patterns: list[Pattern], counts: Ints) -> State:
    """Give nodes their patterns, as far as replicas are wanted, and place what is missing by prices."""
    state = State(problem, in_place=False)
    waiting = [list[int]() for _ in problem.class_price]
    for node in _zones_in_turn(problem)[::-1].tolist():
        waiting[problem.node_class[node]].append(node)
    for number in np.flatnonzero(counts).tolist():
        kind, held = patterns[number]
        for _ in range(int(counts[number])):
            if waiting[kind]:
                _put(state, waiting[kind].pop(), held)
    insert_missing(state, relaxed.guide)
    insert_missing(state)
    return state


def _zones_in_turn(problem: Problem) -> Ints:
    """Order nodes so that each zone has its turn, which leaves room below limits per zone."""
    by_zone = np.argsort(problem.node_zone, kind="stable")
    zones = problem.node_zone[by_zone]
    turn = np.arange(problem.nodes) - np.searchsorted(zones, zones)
    return by_zone[np.lexsort((by_zone, turn))]


def _put(state: State, node: int, held: Iterable[tuple[int, int]]) -> None:
    """Put a pattern on a node, without what is not wanted any more; what has a cost limit comes last."""
    for option, count in sorted(held, key=lambda one: state.is_capped(one[0])):
        wanted = min(count, int(state.missing[state.problem.option_group[option]]))
        if not state.is_capped(option):
            state.add(option, node, min(wanted, state.most_on(option, node)))
            continue
        for _ in range(wanted):
            if state.takes(option, node):
                state.add(option, node)
