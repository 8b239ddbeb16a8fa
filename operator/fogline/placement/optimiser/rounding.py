"""From replicas on classes to replicas on nodes, by a rule of thumb."""

import numpy as np

from fogline.placement.optimiser.insertion import insert_missing
from fogline.placement.optimiser.problem import Ints, Problem
from fogline.placement.optimiser.relaxation import Relaxation
from fogline.placement.optimiser.state import State

_NEARLY = 1e-5


def round_down(problem: Problem, relaxed: Relaxation) -> State:
    """Pack the whole part of the relaxed solution class by class, and place the rest by its prices."""
    state = State(problem, in_place=False)
    whole = np.floor(relaxed.amounts + _NEARLY).astype(np.int64)
    for kind in range(len(problem.class_price)):
        chosen = np.flatnonzero((relaxed.classes == kind) & (whole > 0))
        nodes = np.flatnonzero(problem.node_class == kind)
        fill(state, nodes, relaxed.options[chosen], whole[chosen])
    insert_missing(state, relaxed.guide)
    insert_missing(state)
    return state


def fill(state: State, nodes: Ints, options: Ints, counts: Ints) -> Ints:
    """Fill nodes of a class one after the other; give what is left over.

    Next comes what fills most of what is left of a node, each resource counting by how much of it is left, so
    that no accelerator is stranded without processors.
    """
    left = counts.copy()
    if not len(nodes):
        return left
    capacity = state.problem.whole_room[state.problem.node_class[nodes[0]]]
    shares = state.problem.requests[options] / capacity
    for node in nodes.tolist():
        fits = left > 0
        if not fits.any():
            break
        while True:
            room = state.room(node) / capacity
            fits &= (left > 0) & (shares <= room + 1e-12).all(axis=1)
            if not fits.any():
                break
            best = int(np.argmax(np.where(fits, shares @ room, -1.0)))
            if state.takes(int(options[best]), node):
                state.add(int(options[best]), node)
                left[best] -= 1
            else:
                fits[best] = False
    return left
