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
    if guide is not None:
        _insert_by(guide, state, group, options)
        return
    while state.missing[group] > 0:
        found = cheapest(state, options)
        if found is None:
            return
        _fill(state, group, found[0], found[1])


def _insert_by(guide: Floats, state: State, group: int, options: list[int]) -> None:
    """Place what is missing of one group where a guide says that it is cheapest."""
    if not state.missing[group]:
        return
    orders = {option: state.problem.candidates.by(guide, option) for option in options}
    places = dict.fromkeys(options, 0)
    while state.missing[group] > 0:
        offers = []
        for option, order in orders.items():
            # What took none before takes none now, but for a share of its price that others took over.
            places[option] = state.first(option, order, 0 if state.is_capped(option) else places[option])
            if places[option] < len(order.nodes):
                place = places[option]
                offers.append((float(order.keys[place]), int(order.nodes[place]), option))
        if not offers:
            return
        _, node, option = min(offers)
        _fill(state, group, option, node)


def _fill(state: State, group: int, option: int, node: int) -> None:
    """Put as many of the missing replicas on a node as cost no more than the first."""
    count = 1
    if not state.is_capped(option):
        count = min(int(state.missing[group]), state.most_on(option, node))
    state.add(option, node, count)


def cheapest(
    state: State,
    options: list[int],
    *,
    but: int = -1,
    leaving: int = -1,
    below: float = np.inf,
    since: int = 0,
) -> tuple[int, int, float] | None:
    """Choose among the options of a group: option, node and added cost in US dollars per hour.

    Parameters
    ----------
    but, leaving, below, since
        As for `State.find`.
    """
    best = None
    for option in options:
        found = state.find(option, but=but, leaving=leaving, below=below, since=since)
        if found and (best is None or found[1] < best[2]):
            best = option, *found
            below = found[1]
    return best


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
