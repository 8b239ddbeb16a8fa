"""What the rows of the relaxed problem are worth: prices, the guide that they give, and the bound."""

from dataclasses import dataclass

import numpy as np

from fogline.placement.optimiser.problem import NO_LIMIT, Floats, Problem


@dataclass(frozen=True, slots=True)
class Prices:
    """What one more unit costs, all 0 or above."""

    capacity: Floats
    """Classes x resources: of one whole node's worth of the resource."""
    tier: Floats
    cost: Floats
    link: Floats
    """Options x classes: of one more replica that open nodes could take."""


def guide_of(problem: Problem, prices: Prices) -> Floats:
    """Give what one replica costs per option and class, what it takes of a node valued at its price."""
    guide = problem.cost + prices.link + problem.requests @ (prices.capacity / problem.whole_room).T
    guide += prices.tier[problem.option_model][:, problem.class_tier]
    return guide + prices.cost[problem.option_model][:, None] * problem.share_cost


def lower_bound(problem: Problem, prices: Prices, guide: Floats) -> float:
    """Give the Lagrangian bound: whatever the prices are, no plan costs less.

    Each group takes its cheapest places at these prices, as many replicas as each class can take, and rejects
    when that is cheaper; each class opens when its price is below what its room is worth.
    """
    sizes = problem.class_size.astype(np.float64)
    worth = prices.capacity.sum(axis=1) + (prices.link * problem.per_open_node).sum(axis=0)
    priced = problem.opening_price > 0
    rooms = np.where(priced, np.minimum(problem.opening_price - worth, 0.0), -worth) * sizes
    limited = problem.limits.per_tier < NO_LIMIT
    capped = np.isfinite(problem.limits.cost_per_hour)
    total = float(rooms.sum())
    total -= float((prices.tier * np.where(limited, problem.tier_left, 0)).sum())
    total -= float((prices.cost[capped] * problem.cost_left[capped]).sum())
    return total + _cheapest_places(problem, guide)


def _cheapest_places(problem: Problem, guide: Floats) -> float:
    total = 0.0
    starts = np.searchsorted(problem.option_group, np.arange(len(problem.group_replicas) + 1))
    for group, wanted in enumerate(problem.group_replicas):
        costs = guide[starts[group] : starts[group + 1]].ravel()
        room = problem.most[starts[group] : starts[group + 1]].ravel()
        penalty = problem.group_penalty[group]
        worthy = np.flatnonzero((room > 0) & (costs < penalty))
        order = worthy[np.argsort(costs[worthy], kind="stable")]
        before = np.concatenate([[0.0], np.cumsum(room[order])])
        taken = np.clip(wanted - before[:-1], 0.0, room[order])
        total += float(costs[order] @ taken) + float(penalty * (wanted - taken.sum()))
    return total
