"""Free a few nodes, decide in whole numbers what goes there, and keep it if it is better."""

from collections import Counter

import numpy as np

from fogline.placement.optimiser.problem import Bools, Ints
from fogline.placement.optimiser.state import State
from fogline.placement.optimiser.whole import Effort, Lots, Task, solve_whole

_MARGIN = 1e-7
"""US dollars per hour that a change has to save."""
_SINKS = 2
"""Other used nodes with room that each replica may go to, the cheapest ones."""
_SAVES_NOTHING = 1e-6
"""US dollars per hour between plan and bound at which a neighbourhood is done."""


def decide_anew(
    state: State, freed: Ints, also: Ints, *, beside: bool = False, pairs: Bools | None = None
) -> bool:
    """Decide what goes on some nodes, everything else fixed; change nothing unless that is better.

    Parameters
    ----------
    also
        Options of which missing replicas are placed too.
    beside
        Whether replicas may also go to room that is left on other used nodes.
    pairs
        Options x classes: what is looked at beside what is in place; absent: all.
    """
    problem = state.problem
    nodes = [node for node in freed.tolist() if not state.is_sharing_capped(node)]
    groups = {int(problem.option_group[option]) for option in also.tolist()}
    worth = _cost(state, nodes) + state.rejection_penalty()
    before = _take_all(state, nodes)
    groups |= {int(problem.option_group[option]) for held in before for option in held}
    options = np.flatnonzero(np.isin(problem.option_group, sorted(groups)))
    options = options[[not state.is_capped(option) for option in options.tolist()]]
    sinks = _sinks(state, options, nodes) if beside else []
    worth += _cost(state, sinks)
    nodes += sinks
    before += [Counter() for _ in sinks]
    start = np.zeros((len(problem.option_group), len(nodes)), dtype=np.int64)
    for place, held in enumerate(before):
        for option, count in held.items():
            start[option, place] = count
    task = _task(state, options, nodes)
    if pairs is not None:
        looked_at = pairs[:, problem.node_class[nodes]] | (start > 0)
        looked_at[:, len(nodes) - len(sinks) :] = True
        task.per_node[~looked_at] = 0
    found = solve_whole(problem, task, Effort(close_enough=_SAVES_NOTHING), start)
    after = [Counter[int]() for _ in nodes]
    if found:
        placed = zip(found.options.tolist(), found.lots.tolist(), found.counts.tolist(), strict=True)
        for option, place, count in placed:
            fits = min(count, state.most_on(option, nodes[place]))
            state.add(option, nodes[place], fits)
            after[place][option] += fits
        if _cost(state, nodes) + state.rejection_penalty() < worth - _MARGIN:
            return True
    _put(state, nodes, after, -1)
    _put(state, nodes, before, 1)
    return False


def _task(state: State, options: Ints, nodes: list[int]) -> Task:
    """Describe what is free now: each node is a lot of its own."""
    problem, places = state.problem, np.array(nodes, dtype=np.int64)
    kinds = problem.node_class[places]
    wanted = np.zeros_like(state.missing)
    groups = problem.option_group[options]
    wanted[groups] = state.missing[groups]
    per_node = np.zeros((len(problem.option_group), len(nodes)), dtype=np.int64)
    for option in options[wanted[groups] > 0].tolist():
        per_node[option] = state.most_on_each(option, places)
    lots = Lots(
        kind=kinds,
        size=np.ones(len(nodes), dtype=np.int64),
        room=np.array([state.room(node) for node in nodes]),
        price=np.where(state.ours[places] > 0, 0.0, problem.opening_price[kinds]),
        zone=problem.node_zone[places],
    )
    per_zone, per_tier = state.left()
    in_place = np.zeros_like(per_node)
    for option in options.tolist():
        in_place[option] = [state.in_place(option, node) for node in nodes]
    return Task(lots, wanted, per_node, per_zone, per_tier, np.full(problem.models, np.inf), in_place)


def _sinks(state: State, options: Ints, nodes: list[int]) -> list[int]:
    """Choose used nodes that are not freed and have room, the cheapest for each option."""
    found: set[int] = set()
    for option in options.tolist():
        if state.missing[state.problem.option_group[option]]:
            with_room, costs = state.used_with_room(option)
            outside = ~np.isin(with_room, nodes)
            order = np.argsort(costs[outside], kind="stable")[:_SINKS]
            found.update(with_room[outside][order].tolist())
    return sorted(found)


def _take_all(state: State, nodes: list[int]) -> list[Counter[int]]:
    """Take off what may be decided anew, and give it."""
    taken = [
        Counter({one: count for one, count in state.on_node[node].items() if not state.is_capped(one)})
        for node in nodes
    ]
    _put(state, nodes, taken, -1)
    return taken


def _put(state: State, nodes: list[int], held: list[Counter[int]], sign: int) -> None:
    for node, options in zip(nodes, held, strict=True):
        for option, count in options.items():
            state.add(option, node, sign * count)


def _cost(state: State, nodes: list[int]) -> float:
    """Give what some nodes cost in US dollars per hour, less what replicas that stay there save."""
    problem, total = state.problem, 0.0
    for node in nodes:
        kind = problem.node_class[node]
        total += sum(float(problem.cost[one, kind]) * count for one, count in state.on_node[node].items())
        total += float(problem.class_price[kind]) if state.ours[node] else 0.0
        staying = sum(min(count, state.in_place(one, node)) for one, count in state.on_node[node].items())
        total -= staying * problem.standing.move_cost
    return total
