"""Make room for replicas without a node: others move away for them, and yet others for those."""

from collections.abc import Hashable

import numpy as np

from fogline.placement.optimiser.insertion import cheapest, insert
from fogline.placement.optimiser.problem import NO_LIMIT
from fogline.placement.optimiser.state import State

_NODES = (400, 12)
"""Nodes that are tried for one replica, those that lack least first: for one without a node, and for one that
has to move away for it."""
_FINDS = 1500
"""Searches for a node that one attempt may take."""
_MOST_IN_VAIN = 60
"""Kinds of replicas for which it fails before all room is taken for used up."""
_MARGIN = 1e-7

Kind = tuple[Hashable, ...]
"""What groups have in common that can take each other's place."""


def make_room(state: State, members: list[list[int]], last: int, in_vain: set[Kind]) -> bool:
    """Place what is missing by moving others, while that lowers penalties and costs together.

    Parameters
    ----------
    members
        Options of each group.
    last
        Number of `State.finds` to stop at.
    in_vain
        Kinds for which nobody moves, as that was tried; those for which it fails now are added.
    """
    problem, is_better = state.problem, False
    can_run = np.asarray((problem.fit > 0).any(axis=1))
    for group in np.lexsort((np.arange(len(state.missing)), -problem.group_penalty)).tolist():
        kind = kind_of(state, group, members[group]) if state.missing[group] else ()
        while can_run[members[group]].any() and state.missing[group] and state.finds < last:
            before = state.missing[group]
            insert(state, group)
            if state.missing[group] < before:
                is_better = True
                continue
            ends = min(last, state.finds + _FINDS)
            if kind in in_vain or len(in_vain) >= _MOST_IN_VAIN:
                break
            if not any(_Ejection(state, members, ends, depth).succeeds(group) for depth in (0, 1)):
                in_vain.add(kind)
                break
            is_better = True
    return is_better


def kind_of(state: State, group: int, options: list[int]) -> Kind:
    """Tell what group it is, and no more than its like where no limit sets it apart."""
    problem, model = state.problem, int(state.problem.group_model[group])
    limits = problem.limits
    is_limited = min(limits.per_node[model], limits.per_zone[model], limits.per_tier[model].min()) < NO_LIMIT
    if is_limited or np.isfinite(limits.cost_per_hour[model]):
        return (group,)
    rows = (problem.requests[options], problem.fit[options], problem.cost[options])
    return (float(problem.group_penalty[group]), *(row.tobytes() for row in rows))


class _Ejection:
    """One attempt. What does not pay off is undone."""

    def __init__(self, state: State, members: list[list[int]], last: int, depth: int) -> None:
        """Prepare an attempt.

        Parameters
        ----------
        depth
            How often a replica that moves away may in turn make others move.
        """
        self._state, self._members, self._last, self._depth = state, members, last, depth
        self._changes: list[tuple[int, int, int]] = []
        self._penalty = state.problem.group_penalty.tolist()
        self._group_of = state.problem.option_group.tolist()

    def succeeds(self, group: int) -> bool:
        """Place one replica of a group if that lowers the objective."""
        return self._displace_for(group, 0, self._penalty[group]) is not None

    def _displace_for(self, group: int, level: int, most: float) -> float | None:
        """Place a replica on the first node that can be cleared for less than `most`; give the cost."""
        state = self._state
        for option in self._members[group]:
            for node in state.closest(option)[: _NODES[level]].tolist():
                if state.finds >= self._last:
                    return None
                mark = len(self._changes)
                cost = self._displace(option, node, level, most)
                if cost is not None:
                    return cost
                self._undo(mark)
        return None

    def _displace(self, option: int, node: int, level: int, most: float) -> float | None:
        """Take replicas off a node until one of the option fits, and place them elsewhere.

        One that finds no other place may stay out if its penalty is so much lower.
        """
        state, problem = self._state, self._state.problem
        victims: list[int] = []
        cost = 0.0
        for victim in _victims(state, option, node):
            if state.may_remove(victim, node):
                cost -= state.saving(victim, node)
                self._change(victim, node, -1)
                victims.append(victim)
                if state.takes(option, node):
                    break
        if not victims or not state.takes(option, node):
            return None
        kind = problem.node_class[node]
        cost += float(problem.cost[option, kind])
        cost += 0 if state.ours[node] else float(problem.class_price[kind])
        self._change(option, node, 1)
        for victim in victims:
            if cost >= most - _MARGIN:
                return None
            cost += self._place(victim, node, level)
        return cost if cost < most - _MARGIN else None

    def _place(self, victim: int, node: int, level: int) -> float:
        """Place a replica that had to leave a node; give what that costs, its penalty if it stays out."""
        group = self._group_of[victim]
        found = cheapest(self._state, self._members[group], but=node)
        if found:
            self._change(found[0], found[1], 1)
            return found[2]
        penalty: float = self._penalty[group]
        if level < self._depth:
            cost = self._displace_for(group, level + 1, penalty)
            if cost is not None:
                return cost
        return penalty

    def _change(self, option: int, node: int, count: int) -> None:
        self._state.add(option, node, count)
        self._changes.append((option, node, count))

    def _undo(self, mark: int) -> None:
        while len(self._changes) > mark:
            option, node, count = self._changes.pop()
            self._state.add(option, node, -count)


def _victims(state: State, option: int, node: int) -> list[int]:
    """Order the replicas on a node: the lowest penalty first, then those that free most of what is short."""
    problem, lacks = state.problem, np.array(state.shortage(option, node))
    short = lacks > 0
    options = np.array(sorted(state.on_node[node]), dtype=np.int64)
    freed = np.minimum(problem.requests[options][:, short] / lacks[short], 1.0).sum(axis=1)
    useful = (freed > 0) | (problem.option_model[options] == problem.option_model[option])
    options, freed = options[useful], freed[useful]
    order = np.lexsort((options, -freed, problem.group_penalty[problem.option_group[options]]))
    return [one for one in options[order].tolist() for _ in range(state.on_node[node][one])]
