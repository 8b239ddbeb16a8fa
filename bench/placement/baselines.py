"""What one would do without an optimiser: place one replica after the other by a simple rule.

Replicas in place that still fit stay; the rules see the rest. Every rule refuses nodes by the real
requirements and may choose the tier, which kube-scheduler cannot: to it, cloud and edge are two Deployments.
"""

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from bench.placement.room import Room
from fogline.placement.optimiser.problem import Floats, Ints, Problem

Rule = Callable[[Room, int], Floats]
"""Gives each node a value for one replica of an option; the lowest wins, the first of equals."""

_CPU_AND_MEMORY = slice(0, 2)
"""What kube-scheduler scores by default; they stand first in every problem."""
_NOTHING = 1e-12
_AFFINITY_WEIGHT = 2.0
"""Default weight of the plugin NodeAffinity; NodeResourcesFit and NodeResourcesBalancedAllocation have 1
(kubernetes/kubernetes, pkg/scheduler/apis/config/v1/default_plugins.go)."""


def first_fit_decreasing(problem: Problem) -> Ints:
    """Place large replicas first, each on the first node with room, nodes with cheap processors first."""
    by_price = np.argsort(_core_price(problem)[problem.node_class], kind="stable")
    position = np.empty(problem.nodes)
    position[by_price] = np.arange(problem.nodes)
    return _place(problem, _largest_first(problem), lambda _room, _option: position)


def greedy(problem: Problem) -> Ints:
    """Place the replicas first that the fewest nodes can run, each where it adds least cost."""
    opening = problem.class_price[problem.node_class]

    def added(room: Room, option: int) -> Floats:
        cost: Floats = problem.cost[option][problem.node_class] + np.where(room.is_used, 0.0, opening)
        return cost

    return _place(problem, _hardest_first(problem), added)


def kube_like(problem: Problem, *, packs: bool, sees_price: bool) -> Ints:
    """Place as kube-scheduler would: by priority, then in the order in which the models came.

    Parameters
    ----------
    packs
        Score by MostAllocated, else by LeastAllocated.
    sees_price
        Whether the user has given cheap machines a preference too, as node affinity of the same weight.
    """
    size = problem.class_capacity[problem.node_class][:, _CPU_AND_MEMORY].T
    price = _core_price(problem)
    cheapness = 1 - (price / max(price.max(), _NOTHING))[problem.node_class]

    def score(room: Room, option: int) -> Floats:
        after = room.free[_CPU_AND_MEMORY] - problem.requests[option][_CPU_AND_MEMORY, None]
        allocated = 1 - after / np.maximum(size, 1)
        fit = allocated.mean(axis=0) if packs else 1 - allocated.mean(axis=0)
        balanced = 1 - allocated.std(axis=0)
        is_near = problem.latency_cost[option][problem.node_class] == 0
        wishes = is_near + (cheapness if sees_price else 0.0)
        value: Floats = -(fit + balanced + _AFFINITY_WEIGHT * wishes)
        return value

    order = np.argsort(-problem.group_penalty, kind="stable")
    return _place(problem, order.tolist(), score)


BASELINES: Mapping[str, Callable[[Problem], Ints]] = {
    "first-fit-decreasing": first_fit_decreasing,
    "kube-like, LeastAllocated": lambda problem: kube_like(problem, packs=False, sees_price=False),
    "kube-like, MostAllocated": lambda problem: kube_like(problem, packs=True, sees_price=False),
    "kube-like, MostAllocated and price": lambda problem: kube_like(problem, packs=True, sees_price=True),
    "greedy": greedy,
}


def _place(problem: Problem, groups: Iterable[int], rule: Rule) -> Ints:
    room = Room(problem)
    for group in groups:
        options: list[int] = np.flatnonzero(problem.option_group == group).tolist()
        while room.missing[group]:
            values = [np.where(room.fits(option), rule(room, option), np.inf) for option in options]
            best = min(range(len(values)), key=lambda number: values[number].min())
            node = int(values[best].argmin())
            if values[best][node] == np.inf:
                break
            room.put(options[best], node)
    return room.rows()


def _core_price(problem: Problem) -> Floats:
    """Give the US dollars per hour for a thousandth of a core of each class, however it is billed."""
    needs = problem.requests[:, :1]
    by_share = np.where(problem.feasible & (needs > 0), problem.share_cost / np.maximum(needs, 1), np.inf)
    shared = by_share.min(axis=0, initial=np.inf)
    whole = problem.class_price / np.maximum(problem.class_capacity[:, 0], 1)
    price: Floats = whole + np.where(np.isfinite(shared), shared, 0.0)
    return price


def _largest_first(problem: Problem) -> list[int]:
    """Order groups by the largest share that a replica takes of any resource of the whole cluster."""
    total = problem.class_capacity.T @ problem.class_size
    shares = (problem.requests / np.maximum(total, 1)).max(axis=1)
    largest = np.zeros(len(problem.group_replicas))
    np.maximum.at(largest, problem.option_group, shares)
    order: list[int] = np.argsort(-largest, kind="stable").tolist()
    return order


def _hardest_first(problem: Problem) -> list[int]:
    """Order groups by the number of nodes that could run a replica if they were empty."""
    nodes = np.zeros(len(problem.group_replicas), dtype=np.int64)
    np.add.at(nodes, problem.option_group, (problem.fit > 0) @ problem.class_size)
    order: list[int] = np.argsort(nodes, kind="stable").tolist()
    return order
