"""Local search: small changes that make a plan cheaper, one at a time, until none is left."""

import numpy as np

from fogline.placement.optimiser.ejection import make_room
from fogline.placement.optimiser.insertion import cheapest, insert_missing, sizes
from fogline.placement.optimiser.state import State

MARGIN = 1e-7
"""US dollars per hour that a change has to save, so that rounding is no saving."""


def improve(state: State, finds: int) -> None:
    """Change the plan while that helps: fewer rejections first, then less cost.

    Parameters
    ----------
    finds
        How often a node may be searched. It is looked at between changes.
    """
    last, members = state.finds + finds, options_of_groups(state)
    size = sizes(state.problem)
    in_vain: set[int] = set()  # tried once only: it takes long, and little changes
    is_better = True
    while is_better and state.finds < last:
        is_better = make_room(state, members, last, in_vain)
        is_better |= _empty_nodes(state, members, size.tolist(), last)
        is_better |= _relocate(state, members, last)
    insert_missing(state)


def options_of_groups(state: State) -> list[list[int]]:
    """Give the options of each group."""
    members: list[list[int]] = [[] for _ in state.problem.group_replicas]
    for option, group in enumerate(state.problem.option_group.tolist()):
        members[group].append(option)
    return members


def _relocate(state: State, members: list[list[int]], last: int) -> bool:
    """Move single replicas to cheaper places."""
    group_of = state.problem.option_group.tolist()
    least = [min(state.candidates(one)[1].min(initial=np.inf) for one in group) for group in members]
    is_better = False
    for node in range(state.problem.nodes):
        for option in sorted(state.on_node[node]):
            group = group_of[option]
            while state.on_node[node][option] and state.finds < last:
                saved = state.saving(option, node)
                lowest = least[group] - state.problem.standing.move_cost
                if saved <= lowest + MARGIN or not state.may_remove(option, node):
                    break
                state.remove(option, node)
                found = cheapest(state, members[group])
                if found is None or found[2] >= saved - MARGIN:
                    state.add(option, node)
                    break
                state.add(found[0], found[1])
                is_better = True
    return is_better


def _empty_nodes(state: State, members: list[list[int]], size: list[float], last: int) -> bool:
    """Move all replicas off nodes whose price that saves, the emptiest first."""
    problem = state.problem
    price = problem.opening_price[problem.node_class]
    used = [node for node in np.flatnonzero(price > 0).tolist() if state.on_node[node]]
    load = {
        node: sum(size[option] * count for option, count in state.on_node[node].items()) / price[node]
        for node in used
    }
    is_better = False
    for node in sorted(used, key=lambda node: (load[node], node)):
        if state.finds >= last:
            break
        is_better |= _empty(state, node, members, size)
    return is_better


def _empty(state: State, node: int, members: list[list[int]], size: list[float]) -> bool:
    """Empty one node if the others take its replicas for less than it saves; else change nothing."""
    group_of = state.problem.option_group
    if state.ours[node] != sum(state.on_node[node].values()):
        return False
    replicas = [one for one, count in state.on_node[node].items() for _ in range(count)]
    replicas.sort(key=lambda option: (-size[option], option))
    saved = 0.0
    moved: list[tuple[int, int]] = []
    for position, option in enumerate(replicas):
        if not state.may_remove(option, node):
            _undo(state, node, replicas[:position], moved)
            return False
        saved += state.saving(option, node)
        state.remove(option, node)
    for option in replicas:
        found = cheapest(state, members[group_of[option]], but=node)
        if found is None or found[2] >= saved - MARGIN:
            _undo(state, node, replicas, moved)
            return False
        saved -= found[2]
        state.add(found[0], found[1])
        moved.append((found[0], found[1]))
    if saved <= MARGIN:
        _undo(state, node, replicas, moved)
        return False
    return True


def _undo(state: State, node: int, replicas: list[int], moved: list[tuple[int, int]]) -> None:
    for option, other in reversed(moved):
        state.remove(option, other)
    for option in replicas:
        state.add(option, node)
