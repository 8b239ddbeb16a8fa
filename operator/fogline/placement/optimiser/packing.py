"""From whole replicas on lots to nodes: by a rule of thumb, and in whole numbers where that fails."""

from collections import defaultdict

import numpy as np

from fogline.placement.optimiser.insertion import insert_missing
from fogline.placement.optimiser.neighbourhood import decide_anew
from fogline.placement.optimiser.problem import Floats, Ints, Problem
from fogline.placement.optimiser.rounding import fill
from fogline.placement.optimiser.state import State
from fogline.placement.optimiser.whole import Lots, Whole

Present = dict[int, dict[int, int]]
"""Replicas in place that may stay: by node, then by option."""

_COLUMNS = 1500
"""Pairs of option and node that are packed exactly at once, at most."""


def pack(state: State, lots: Lots, node_lot: Ints, whole: Whole, guide: Floats, columns: int) -> None:
    """Put whole replicas on lots on their nodes, and those that cannot be packed where it is cheapest.

    Where moves cost, replicas that are where the plan wants them anyhow stay there.

    Parameters
    ----------
    guide
        Options x classes: what to go by for those that cannot be packed, when not all was tried.
    columns
        Pairs of option and node that may be packed exactly, all lots together.
    """
    problem = state.problem
    present = _present(problem) if state.moves_cost else {}
    leftovers: list[tuple[float, int, Ints, Ints]] = []
    for lot in range(len(lots.size)):
        chosen = whole.lots == lot
        options, counts = whole.options[chosen], whole.counts[chosen]
        nodes = _most_present_first(np.flatnonzero(node_lot == lot), options, present)[: whole.opened[lot]]
        left = fill(state, nodes, options, _leave(state, nodes, options, counts, present))
        if left.any() and len(nodes) > 1:
            penalty = float(left @ problem.group_penalty[problem.option_group[options]])
            leftovers.append((-penalty, lot, nodes, options))
    for _, _, nodes, options in sorted(leftovers, key=lambda one: one[:2]):
        emptiest = nodes[np.argsort(-_room(state, nodes), kind="stable")[: max(_COLUMNS // len(options), 2)]]
        columns -= len(emptiest) * len(options)
        if columns < 0:
            insert_missing(state, guide)
            break
        decide_anew(state, emptiest, options)
    insert_missing(state)


def _present(problem: Problem) -> Present:
    """Give what is in place and may stay, by node."""
    found: Present = defaultdict(dict)
    for option, node, count in problem.standing.movable.tolist():
        found[node][option] = count
    return found


def _most_present_first(nodes: Ints, options: Ints, present: Present) -> Ints:
    """Order nodes by how many replicas of some options are there."""
    if not present:
        return nodes
    wanted = set(options.tolist())
    there = [
        sum(count for option, count in present.get(node, {}).items() if option in wanted)
        for node in nodes.tolist()
    ]
    return nodes[np.argsort(-np.array(there, dtype=np.int64), kind="stable")]


def _leave(state: State, nodes: Ints, options: Ints, counts: Ints, present: Present) -> Ints:
    """Leave replicas in place that the plan wants on nodes of the lot; give what else it wants there."""
    left, place = counts.copy(), {option: row for row, option in enumerate(options.tolist())}
    for node in nodes.tolist() if present else ():
        for option, count in present.get(node, {}).items():
            if option in place:
                most = 0 if state.is_capped(option) else state.most_on(option, node)
                staying = min(count, int(left[place[option]]), most)
                state.add(option, node, staying)
                left[place[option]] -= staying
    return left


def _room(state: State, nodes: Ints) -> Ints:
    """Give how much of nodes of one class is free: the largest share of a resource."""
    capacity = state.problem.whole_room[state.problem.node_class[nodes[0]]]
    free: Ints = np.array([(state.room(node) / capacity).max() for node in nodes.tolist()])
    return free
