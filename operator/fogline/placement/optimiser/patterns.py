"""Patterns: what stands on one node of a class. Those of a plan, and new ones that are worth most."""

from collections import Counter

import numpy as np

from fogline.placement.optimiser.knapsack import Kind, fill
from fogline.placement.optimiser.problem import Floats, Problem
from fogline.placement.optimiser.state import State

Pattern = tuple[int, tuple[tuple[int, int], ...]]
"""Class, and option and count of all that is on one node of it, in order."""

_NEARLY = 1e-9


def patterns_of(state: State) -> list[Pattern]:
    """Give the patterns of a plan, node by node."""
    kinds = state.problem.node_class.tolist()
    return [(kinds[node], tuple(sorted(held.items()))) for node, held in enumerate(state.on_node) if held]


def worthiest(problem: Problem, kinds: tuple[Kind, ...], worth: Floats) -> list[Pattern]:
    """Fill a node of each class so that it is worth about as much as it can be.

    Parameters
    ----------
    kinds
        Classes by their room.
    worth
        Options x classes: US dollars per hour that one replica is worth there.
    """
    patterns: list[Pattern] = []
    for kind in kinds:
        own = worth[:, kind.classes]
        taken = fill(problem, kind, own)
        for row, number in enumerate(kind.classes.tolist()):
            held = fitted(problem, number, own[:, row], taken[row])
            if held:
                patterns.append((number, tuple(sorted(held.items()))))
    return patterns


def fitted(problem: Problem, kind: int, worth: Floats, chosen: list[int]) -> Counter[int]:
    """Keep what fits an empty node, and fill up what room is left, always by worth for the room it takes."""
    weight = (problem.requests / problem.whole_room[kind]).max(axis=1)
    density = worth / np.maximum(weight, _NEARLY)
    left, held, on_node = problem.class_capacity[kind].copy(), Counter[int](), Counter[int]()

    def add(option: int) -> bool:
        model = int(problem.option_model[option])
        most = min(int(problem.limits.per_node[model]) - on_node[model], 1)
        most = min(int(problem.per_open_node[option, kind]) - held[option], most)
        if most < 1 or (problem.requests[option] > left).any():
            return False
        left[:] -= problem.requests[option]
        held[option] += 1
        on_node[model] += 1
        return True

    for option in sorted(chosen, key=lambda one: (-density[one], one)):
        add(option)
    small = np.flatnonzero((worth > 0) & (problem.requests <= left).all(axis=1))
    for option in small[np.argsort(-density[small], kind="stable")].tolist():
        while add(option):
            pass
    return +held
