"""Local search over nodes: one is emptied when others take its replicas for less than it costs."""

import numpy as np

from fogline.placement.optimiser.insertion import cheapest, sizes
from fogline.placement.optimiser.state import State


class Emptying:
    """Empties nodes. Where it failed it is tried again only when something got better for what is there."""

    def __init__(self, state: State, members: list[list[int]], margin: float) -> None:
        """Prepare.

        Parameters
        ----------
        members
            Options of each group.
        margin
            US dollars per hour that emptying a node has to save.
        """
        self._state, self._members, self._margin = state, members, margin
        self._size: list[float] = sizes(state.problem).tolist()
        self._group_of: list[int] = state.problem.option_group.tolist()
        self._in_vain: dict[int, int] = {}
        """By node: when it could not be emptied."""
        self._costs: dict[tuple[int, int], float] = {}
        """Answers of `_cost_of_better`, as long as nothing changes."""
        self._asked_at = 0

    def helps(self, last: int) -> bool:
        """Empty nodes whose price that saves, the emptiest first; tell whether that were any."""
        state, problem, size = self._state, self._state.problem, self._size
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
            is_better |= self._empties(node)
        return is_better

    def _empties(self, node: int) -> bool:
        state = self._state
        if state.ours[node] != sum(state.on_node[node].values()):
            return False
        held = dict(sorted(state.on_node[node].items(), key=lambda one: (-self._size[one[0]], one[0])))
        if self._got_no_better(node, held):
            return False
        changes = state.changes.copy()
        if self._move_all(node, held):
            return True
        state.changes = changes
        self._in_vain[node] = state.changes.clock
        return False

    def _got_no_better(self, node: int, held: dict[int, int]) -> bool:
        """Tell whether it failed before, and no node has become a place for a replica since then."""
        state, since = self._state, self._in_vain.get(node)
        if since is None or state.changes.touched[node] > since:
            return False
        saved = self._saved(node, held)
        return all(self._cost_of_better(self._group_of[option], since) >= saved for option in held)

    def _cost_of_better(self, group: int, since: int) -> float:
        """Give what a replica of a group costs at least on a node that got better after a time."""
        state = self._state
        if self._asked_at != state.changes.clock:
            self._costs.clear()
            self._asked_at = state.changes.clock
        if (group, since) not in self._costs:
            found = cheapest(state, self._members[group], since=since)
            self._costs[group, since] = found[2] if found else np.inf
        return self._costs[group, since]

    def _saved(self, node: int, held: dict[int, int]) -> float:
        """Give what a node saves without its replicas, in US dollars per hour."""
        state, problem = self._state, self._state.problem
        saved = float(problem.opening_price[problem.node_class[node]])
        for option, count in held.items():
            moves = min(count, state.in_place(option, node))
            saved += count * state.cost_on(option, node) - moves * problem.standing.move_cost
        return saved

    def _move_all(self, node: int, held: dict[int, int]) -> bool:
        """Empty a node if the others take its replicas for less than it saves; else change nothing."""
        state, left = self._state, self._saved(node, held) - self._margin
        for option, count in held.items():
            state.remove(option, node, count)
        moved: list[tuple[int, int, int]] = []
        for option, count in held.items():
            members, waiting = self._members[self._group_of[option]], count
            while waiting and (found := cheapest(state, members, but=node, below=left)):
                other, place, cost = found
                number = self._number(other, place, waiting)
                state.add(other, place, number)
                moved.append((other, place, number))
                left -= cost + (number - 1) * state.cost_on(other, place)
                waiting -= number
            if waiting or left <= 0:
                self._undo(node, held, moved)
                return False
        return True

    def _number(self, option: int, node: int, most: int) -> int:
        """Tell how many replicas find the same node the cheapest, one after the other."""
        state = self._state
        if state.is_capped(option) or state.in_place(option, node):
            return 1
        return min(most, state.most_on(option, node))

    def _undo(self, node: int, held: dict[int, int], moved: list[tuple[int, int, int]]) -> None:
        for option, other, count in reversed(moved):
            self._state.remove(option, other, count)
        for option, count in held.items():
            self._state.add(option, node, count)
