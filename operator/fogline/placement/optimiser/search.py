"""Local search: small changes that make a plan cheaper, one at a time, until none is left."""

import numpy as np

from fogline.placement.optimiser.ejection import Kind, make_room
from fogline.placement.optimiser.emptying import Emptying
from fogline.placement.optimiser.insertion import cheapest, insert_missing
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
    relocation, emptying = _Relocation(state, members), Emptying(state, members, MARGIN)
    in_vain: set[Kind] = set()  # tried once only: it takes long, and little changes
    is_better = True
    while is_better and state.finds < last:
        is_better = make_room(state, members, last, in_vain)
        is_better |= emptying.helps(last)
        is_better |= relocation.helps(last)
    insert_missing(state)


def options_of_groups(state: State) -> list[list[int]]:
    """Give the options of each group."""
    members: list[list[int]] = [[] for _ in state.problem.group_replicas]
    for option, group in enumerate(state.problem.option_group.tolist()):
        members[group].append(option)
    return members


class _Relocation:
    """Moves single replicas to cheaper places. What failed is tried again only where something got better."""

    def __init__(self, state: State, members: list[list[int]]) -> None:
        self._state, self._members = state, members
        self._group_of, candidates = state.problem.option_group.tolist(), state.problem.candidates
        lowest = [candidates.by_cost(one).keys[:1].min(initial=np.inf) for one in range(len(self._group_of))]
        move_cost = state.problem.standing.move_cost if state.moves_cost else 0.0
        self._least = [min(float(lowest[option]) for option in group) - move_cost for group in members]
        self._floors = [(0, -np.inf)] * len(members)
        """By group: a time, and what no node took one more replica for less than at that time."""
        self._in_vain: dict[tuple[int, int], tuple[int, float]] = {}
        """By option and node, where floors say nothing: when no place was found, and for less than what."""

    def helps(self, last: int) -> bool:
        """Move what can be moved; tell whether that was anything."""
        state, is_better = self._state, False
        for node in range(state.problem.nodes):
            for option in sorted(state.on_node[node]):
                while state.on_node[node][option] and state.finds < last and self._move(option, node):
                    is_better = True
        return is_better

    def _move(self, option: int, node: int) -> bool:
        state, group = self._state, self._group_of[option]
        below = state.saving(option, node) - MARGIN
        if below <= self._least[group] or not state.may_remove(option, node):
            return False
        if self._is_free(option, node):
            found = self._anywhere(option, node, below)
        else:
            found = self._within_limits(option, node, below)
        if found is None:
            return False
        state.remove(option, node)
        state.add(found[0], found[1])
        return True

    def _is_free(self, option: int, node: int) -> bool:
        """Tell whether other replicas of its group find the same places as one that leaves a node."""
        state = self._state
        kind = state.problem.node_class[node]
        return not state.is_limited(option) and bool(state.problem.is_only_way[option, kind])

    def _floor(self, group: int) -> float:
        """Give what no node takes one more replica for less than, in US dollars per hour."""
        state, (since, floor) = self._state, self._floors[group]
        if since < state.changes.latest:
            found = cheapest(state, self._members[group], below=floor, since=since)
            floor = found[2] if found else floor
            self._floors[group] = state.changes.clock, floor
        return floor

    def _anywhere(self, option: int, node: int, below: float) -> tuple[int, int, float] | None:
        """Find another place for a replica that is free to go: option, node and added cost."""
        state, group = self._state, self._group_of[option]
        if below <= self._floor(group):
            return None
        found = cheapest(state, self._members[group])
        self._floors[group] = state.changes.clock, found[2] if found else np.inf
        if found and found[1] == node:
            found = self._without(option, node, below)
        return found if found and found[2] < below else None

    def _within_limits(self, option: int, node: int, below: float) -> tuple[int, int, float] | None:
        """Find another place where it counts what the replica leaves: option, node and added cost."""
        state, members = self._state, self._members[self._group_of[option]]
        since, tried = self._in_vain.get((option, node), (0, 0.0))
        if state.problem.is_only_way[option, state.problem.node_class[node]] and not state.is_capped(option):
            found = cheapest(state, members, leaving=node, below=below, since=since if below <= tried else 0)
        else:
            found = self._without(option, node, below)
        if found is None:
            self._in_vain[option, node] = state.changes.clock, below
        return found

    def _without(self, option: int, node: int, below: float) -> tuple[int, int, float] | None:
        """Find a place, the same node included, as if the replica had left."""
        state = self._state
        changes = state.changes.copy()
        state.remove(option, node)
        found = cheapest(state, self._members[self._group_of[option]], below=below)
        state.add(option, node)
        state.changes = changes
        return found
