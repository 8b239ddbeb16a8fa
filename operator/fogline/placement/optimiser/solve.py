"""The best plan that can be found for the arrays of a problem, and what no plan can beat."""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from fogline.placement.limits import Limits
from fogline.placement.optimiser.everything import decide_all
from fogline.placement.optimiser.insertion import insert_missing
from fogline.placement.optimiser.lots import FEW_NODES, is_small, lots_of
from fogline.placement.optimiser.packing import pack
from fogline.placement.optimiser.pattern_plan import plan_by_patterns
from fogline.placement.optimiser.problem import Problem
from fogline.placement.optimiser.refine import refine
from fogline.placement.optimiser.relaxation import Relaxation, relax
from fogline.placement.optimiser.rounding import round_down
from fogline.placement.optimiser.search import improve
from fogline.placement.optimiser.settle import settle
from fogline.placement.optimiser.state import State

_CENT_OF_A_CENT = 1e-4
"""US dollars per hour above the bound that are not worth more work."""
_ROUNDING = 1e-7
"""What the solver may be off by, as a share of a bound."""
_FEW_PAIRS = 10_000
"""Pairs of option and class up to which the relaxed problem is also solved with tighter rules."""
_MANY_PAIRS = 150_000
"""Pairs from which on a good plan that keeps what is in place is enough."""
_WORTHWHILE = 5e-4
"""Share of the cost without rejections that a new plan has to save where not all is tried, so that luck moves
nothing."""
_REFINABLE = 1.2
"""How many times the gap that is good enough a plan may have for neighbourhoods alone to get it there."""
_GOOD = 0.06
"""Share of the cost without rejections that a good plan is above the bound at most."""


@dataclass(frozen=True, slots=True)
class Solution:
    """Replicas per node, and what they are worth."""

    on_node: tuple[Counter[int], ...]
    """Replicas of each option that may move, by node."""
    missing: tuple[int, ...]
    """Per group: replicas that are rejected."""
    objective: float
    """US dollars per hour, penalties of rejections included, without what moves cost."""
    rejection_penalty: float
    """US dollars per hour: the part of it for rejections."""
    lower_bound: float
    """Of the objective."""


def solve(problem: Problem, limits: Limits) -> Solution:
    """Make a plan for all from the prices of the relaxed problem, and one that keeps what is in place.

    The second only changes what saves more than moves cost, and it is preferred among equals. The first does
    not depend on what is in place, so that nothing moves the next time, unless the problem is large: there it
    is not made where the second is good.
    """
    fresh, is_standing = State(problem, in_place=False), bool(len(problem.standing.movable))
    if not problem.requests.size or not problem.nodes:
        return _solution(problem, fresh, fresh.rejection_penalty())
    kept = keep(problem) if is_standing else fresh
    is_large = np.count_nonzero(problem.fit) >= _MANY_PAIRS
    greedy = kept if is_large else fresh
    insert_missing(greedy)
    seed = _pairs(greedy)
    relaxed = relax(problem, seed, limits.relaxation)
    bound = relaxed.lower_bound
    if np.count_nonzero(problem.fit) <= _FEW_PAIRS:
        bound = max(bound, relax(problem, seed, limits.relaxation, linked=True).lower_bound)
    finds = limits.finds_per_replica * int(problem.group_replicas.sum())
    if is_standing:
        improve(kept, finds)
        if _is_enough(problem, kept, bound):
            return _solution(problem, kept, bound)
    rounded = round_down(problem, relaxed)
    by_patterns = None
    if not is_small(problem):
        by_patterns = plan_by_patterns(problem, relaxed, (greedy, rounded), limits.patterns)
    rounded = by_patterns or rounded
    improve(rounded, finds)
    begun = _Begun(rounded, kept, is_by_patterns=by_patterns is not None)
    made, bound = _decide(problem, relaxed, begun, bound, limits)
    if is_standing:
        settle(made)
    elif _worth(problem, fresh) <= _worth(problem, made):
        improve(fresh, finds)
    least = 0.0 if is_small(problem) or not is_standing else _WORTHWHILE * (bound - made.rejection_penalty())
    is_better = round(_worth(problem, kept) - _worth(problem, made), 6) > max(least, 0.0)
    return _solution(problem, made if is_better else kept, bound)


def _is_enough(problem: Problem, kept: State, bound: float) -> bool:
    """Tell whether deciding a large cluster anew would gain too little for the moves that it takes."""
    could_run = np.zeros(len(kept.missing), dtype=bool)
    could_run[problem.option_group[(problem.fit > 0).any(axis=1)]] = True
    if np.count_nonzero(problem.fit) < _MANY_PAIRS or (kept.missing[could_run] > 0).any():
        return False
    return _gap(problem, kept, bound) <= _GOOD


def _gap(problem: Problem, state: State, bound: float) -> float:
    """Give how far a plan is above the bound at most, as a share of the bound without rejections."""
    operating = bound - state.rejection_penalty()
    above = objective(problem, state) - bound
    return above / operating if operating > 0 else math.inf


@dataclass(frozen=True, slots=True)
class _Begun:
    """Plans that are there before anything is decided in whole numbers."""

    rounded: State
    """On a small problem it does not depend on what is in place."""
    kept: State
    is_by_patterns: bool
    """Whether the first is decided by patterns: then no whole numbers on classes make it better."""


def _decide(
    problem: Problem, relaxed: Relaxation, begun: _Begun, bound: float, limits: Limits
) -> tuple[State, float]:
    """Decide everything in whole numbers, pack it, and refine it; give also the best bound known."""
    best, small = begun.rounded, is_small(problem)
    stays = bool(len(problem.standing.movable)) and not small
    if stays:
        best = min(begun.kept, best, key=lambda state: round(_worth(problem, state), 6))
    if objective(problem, best) <= bound + _CENT_OF_A_CENT:
        return best, bound
    finds = limits.finds_per_replica * int(problem.group_replicas.sum())
    good = limits.good_enough if problem.nodes > FEW_NODES else 0.0
    is_near = best is begun.rounded and _gap(problem, best, bound) <= _REFINABLE * good
    if is_near and refine(best, relaxed, limits.neighbourhoods):
        improve(best, finds)

    def is_done() -> bool:
        is_good = _gap(problem, best, bound) <= good and not _rejects_more(problem, relaxed, best)
        return is_good or objective(problem, best) <= bound + _CENT_OF_A_CENT

    if is_done():
        return best, bound
    lots, node_lot = lots_of(problem)
    found = None
    if not begun.is_by_patterns:
        found = decide_all(problem, relaxed, best, lots, node_lot, stays=stays)
    if found and small:  # it has looked at all pairs
        bound = max(bound, found.lower_bound - _ROUNDING * max(abs(found.lower_bound), 1.0))
    if found:
        packed = State(problem, in_place=stays)
        pack(packed, lots, node_lot, found, relaxed.guide, limits.packing_columns)
        improve(packed, finds)
        best = min(packed, best, key=lambda state: round(_worth(problem, state), 6))
    is_kept = stays and best is begun.kept  # the best already without more moves
    if not small and not is_kept and not is_done() and refine(best, relaxed, limits.neighbourhoods):
        improve(best, finds)
    return best, bound


def _rejects_more(problem: Problem, relaxed: Relaxation, state: State) -> bool:
    """Tell whether a plan rejects at least one replica more than the relaxed problem, by their penalties."""
    groups = problem.option_group[relaxed.options]
    placed = np.bincount(groups, relaxed.amounts, minlength=len(problem.group_replicas))
    least = float((problem.group_replicas - placed) @ problem.group_penalty)
    one: float = problem.group_penalty.min(initial=math.inf)
    return state.rejection_penalty() - least >= (1 - _ROUNDING) * one


def keep(problem: Problem) -> State:
    """Leave everything in place that may stay, and place what is missing."""
    state = State(problem, in_place=True)
    for option, node, count in problem.standing.movable.tolist():
        wanted = int(state.missing[problem.option_group[option]])
        state.add(option, node, max(min(count, wanted, state.most_on(option, node)), 0))
    for model in state.over_cost_limit():
        _lower_cost(state, model)
    insert_missing(state)
    return state


def _lower_cost(state: State, model: int) -> None:
    """Take replicas off their nodes, the dearest first, until a model costs no more than it may."""
    option_model = state.problem.option_model
    held = [
        (-state.saving(option, node), node, option)
        for node, options in enumerate(state.on_node)
        for option, count in options.items()
        if option_model[option] == model
        for _ in range(count)
    ]
    for _, node, option in sorted(held):
        if model not in state.over_cost_limit():
            return
        if state.may_remove(option, node):
            state.remove(option, node)


def _pairs(state: State) -> list[tuple[int, int]]:
    kinds = state.problem.node_class.tolist()
    return sorted({(option, kinds[node]) for node, held in enumerate(state.on_node) for option in held})


def objective(problem: Problem, state: State) -> float:
    """Give what a plan costs with its rejections, in US dollars per hour, without what moves cost."""
    kinds = problem.node_class
    total = state.rejection_penalty()
    for node, held in enumerate(state.on_node):
        total += sum(float(problem.cost[option, kinds[node]]) * count for option, count in held.items())
    newly_used = [node for node, held in enumerate(state.on_node) if held]
    return total + float(problem.opening_price[kinds[newly_used]].sum())


def _worth(problem: Problem, state: State) -> float:
    """Give the objective with what moves cost."""
    left: int = sum(
        max(int(count) - state.on_node[node][option], 0)
        for option, node, count in problem.standing.movable.tolist()
    )
    return objective(problem, state) + left * problem.standing.move_cost


def _solution(problem: Problem, state: State, lower_bound: float) -> Solution:
    value = objective(problem, state)
    return Solution(
        on_node=tuple(state.on_node),
        missing=tuple(state.missing.tolist()),
        objective=value,
        rejection_penalty=state.rejection_penalty(),
        lower_bound=min(lower_bound, value),
    )
