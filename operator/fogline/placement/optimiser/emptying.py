"""Local search over nodes: one is emptied when others take its replicas for less than it costs."""

from collections import Counter

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
        replicas = [one for one, count in state.on_node[node].items() for _ in range(count)]
        replicas.sort(key=lambda option: (-self._size[option], option))
        if self._is_hopeful(node, replicas):
            changes = state.changes.copy()
            if self._move_all(node, replicas):
                return True
            state.changes = changes
        self._in_vain[node] = state.changes.clock
        return False

    def _is_hopeful(self, node: int, replicas: list[int]) -> bool:
        """Tell whether each replica alone finds a place, and one of them one that it had not last time."""
        state, problem = self._state, self._state.problem
        saved = sum(state.saving(option, node) for option in replicas)
        saved += float(problem.opening_price[problem.node_class[node]])
        since = self._in_vain.get(node, 0)
        if state.changes.touched[node] > since:
            since = 0
        model_of = problem.option_model.tolist()
        alone = Counter(model_of[option] for option in replicas)
        options = [
            one for one in dict.fromkeys(replicas) if alone[model_of[one]] == 1 and not state.is_capped(one)
        ]
        are_all = len(options) == len(set(replicas))
        if since and are_all and not any(self._goes(one, node, saved, since) for one in options):
            return False
        return all(self._goes(one, node, saved, 0) for one in options)

    def _goes(self, option: int, node: int, below: float, since: int) -> bool:
        members = self._members[self._group_of[option]]
        return cheapest(self._state, members, leaving=node, below=below, since=since) is not None

    def _move_all(self, node: int, replicas: list[int]) -> bool:
        """Empty a node if the others take its replicas for less than it saves; else change nothing."""
        state, saved = self._state, 0.0
        moved: list[tuple[int, int]] = []
        for position, option in enumerate(replicas):
            if not state.may_remove(option, node):
                self._undo(node, replicas[:position], moved)
                return False
            saved += state.saving(option, node)
            state.remove(option, node)
        for option in replicas:
            members = self._members[self._group_of[option]]
            found = cheapest(state, members, but=node, below=saved - self._margin)
            if found is None:
                self._undo(node, replicas, moved)
                return False
            saved -= found[2]
            state.add(found[0], found[1])
            moved.append((found[0], found[1]))
        if saved <= self._margin:
            self._undo(node, replicas, moved)
            return False
        return True

    def _undo(self, node: int, replicas: list[int], moved: list[tuple[int, int]]) -> None:
        for option, other in reversed(moved):
            self._state.remove(option, other)
        for option in replicas:
            self._state.add(option, node)
