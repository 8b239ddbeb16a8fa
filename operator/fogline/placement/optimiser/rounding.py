"""From the relaxed solution to whole replicas on whole nodes."""

import numpy as np

from fogline.placement.optimiser.insertion import insert_missing
from fogline.placement.optimiser.problem import Ints, Problem
from fogline.placement.optimiser.relaxation import Relaxation
from fogline.placement.optimiser.state import State

_NEARLY = 1e-5


def round_down(problem: Problem, relaxed: Relaxation, *, balanced: bool) -> State:
    """Pack the whole part of the relaxed solution class by class, and place the rest by its prices.

    Parameters
    ----------
    balanced
        How to fill a node. Balanced: next comes what fills most of what is left, each resource counting by
        how much of it is left, so that no accelerator is stranded without processors. Else: the largest.
    """
    state = State(problem, in_place=False)
    whole = np.floor(relaxed.amounts + _NEARLY).astype(np.int64)
    for kind in range(len(problem.class_price)):
        chosen = np.flatnonzero((relaxed.classes == kind) & (whole > 0))
        _pack(state, kind, relaxed.options[chosen], whole[chosen], balanced=balanced)
    insert_missing(state, relaxed.guide)
    insert_missing(state)
    return state


def _pack(state: State, kind: int, options: Ints, counts: Ints, *, balanced: bool) -> None:
    """Fill the nodes of a class one after the other."""
    problem = state.problem
    capacity = np.where(problem.class_capacity[kind] > 0, problem.class_capacity[kind], 1)
    shares = problem.requests[options] / capacity
    left, largest = counts.copy(), shares.max(axis=1, initial=0)
    for node in np.flatnonzero(problem.node_class == kind).tolist():
        fits = left > 0
        if not fits.any():
            return
        while True:
            room = state.room(node) / capacity
            fits &= (left > 0) & (shares <= room + 1e-12).all(axis=1)
            if not fits.any():
                break
            best = int(np.argmax(np.where(fits, shares @ room if balanced else largest, -1.0)))
            if state.takes(int(options[best]), node):
                state.add(int(options[best]), node)
                left[best] -= 1
            else:
                fits[best] = False
