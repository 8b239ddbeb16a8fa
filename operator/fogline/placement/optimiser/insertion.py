"""Put replicas that have no node on the cheapest one, group by group."""

import numpy as np

from fogline.placement.optimiser.problem import Floats, Ints, Problem
from fogline.placement.optimiser.state import State


def insert_missing(state: State, guide: Floats | None = None) -> None:
    """Place what is missing: the higher priority first, then the replicas that are large for a node.

    Parameters
    ----------
    guide
        Options x classes: what to go by instead of the cost.
    """
    for group in order_of_groups(state.problem).tolist():
        insert(state, group, guide)


def insert(state: State, group: int, guide: Floats | None = None) -> None:
    """Place what is missing of one group."""
    problem = state.problem
    options = np.flatnonzero(problem.option_group == group).tolist()
    while state.missing[group] > 0:
        found = cheapest(state, options, guide)
        if found is None:
            return
        option, node, _ = found
        count = 1
        if not state.is_capped(option):
            count = min(int(state.missing[group]), state.most_on(option, node))  # the next ones cost no more
        state.add(option, node, count)


def cheapest(
    state: State, options: list[int], guide: Floats | None = None, *, but: int = -1
) -> tuple[int, int, float] | None:
    """Choose among the options of a group: option, node and added cost in US dollars per hour."""
    offers = []
    for option in options:
        found = state.find(option, but=but, guide=guide)
        if found:
            node, cost = found
            key = cost if guide is None else float(guide[option, state.problem.node_class[node]])
            offers.append((key, node, option, cost))
    if not offers:
        return None
    _, node, option, cost = min(offers)
    return option, node, cost


def order_of_groups(problem: Problem) -> Ints:
    """Order groups: by penalty, then by the largest share of a middling node that a replica takes."""
    size = sizes(problem)
    largest = np.zeros(len(problem.group_penalty))
    np.maximum.at(largest, problem.option_group, size)
    return np.lexsort((-largest, -problem.group_penalty)).astype(np.int64)


def sizes(problem: Problem) -> Floats:
    """Give how large a replica of each option is: its largest share of the mean capacity of a resource."""
    if not len(problem.class_capacity):
        return np.zeros(len(problem.requests))
    mean = problem.class_capacity[problem.node_class].mean(axis=0)
    shares: Floats = problem.requests / np.where(mean > 0, mean, 1)
    largest: Floats = shares.max(axis=1, initial=0)
    return largest
