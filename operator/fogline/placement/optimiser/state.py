"""A plan while it is made: whole replicas on whole nodes, and the room between them."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from fogline.placement.optimiser.candidates import Order
from fogline.placement.optimiser.changes import Changes
from fogline.placement.optimiser.problem import NO_LIMIT, Bools, Floats, Ints, Problem

_ROUNDING = 1e-10
"""US dollars per hour: above what sums of doubles are off by, below what the plain requirement lets pass."""
_FIRST_LOOK = 512
"""Nodes that a search looks at first; then come four times as many, and so on."""


class State:
    """Where replicas are. Only `add` and `remove` change it, and both keep every requirement."""

    def __init__(self, problem: Problem, *, in_place: bool) -> None:
        """Start without a replica that may move.

        Parameters
        ----------
        in_place
            Whether leaving a node that a replica is on at present costs something.
        """
        self.problem = problem
        self.moves_cost = in_place
        standing = problem.standing
        self.on_node: list[Counter[int]] = [Counter() for _ in range(problem.nodes)]
        """Replicas of each option that may move, by node."""
        self.missing = problem.group_replicas.copy()
        """Per group: replicas without a node."""
        self.finds = 0
        """How often a node was searched: the measure of work."""
        self.changes = Changes.none(problem.nodes, problem.models)
        self.ours = standing.others + standing.replicas.sum(axis=0)
        self._room = np.ascontiguousarray(problem.class_capacity[problem.node_class].T)
        self._per_node = standing.replicas.copy()
        self._node_tier = problem.class_tier[problem.node_class]
        self._per_tier = _sum_by(self._node_tier, standing.replicas, problem.limits.per_tier.shape[1])
        zones = int(problem.node_zone.max(initial=-1)) + 1
        self._per_zone = _sum_by(problem.node_zone, standing.replicas, zones)
        self._share_costs = standing.share_cost_per_hour.copy()
        self._price = problem.class_price[problem.node_class]
        self._opening = np.where(self.ours == 0, self._price, 0.0)
        """Per node: US dollars per hour that the first replica adds, as long as there is none."""
        self._is_spread: list[bool] = (problem.limits.per_node < NO_LIMIT).tolist()
        self._is_zoned: list[bool] = (problem.limits.per_zone < NO_LIMIT).tolist()
        self._is_tiered = [bool((row < NO_LIMIT).any()) for row in problem.limits.per_tier]
        self._capped: list[int] = np.flatnonzero(np.isfinite(problem.limits.cost_per_hour)).tolist()
        self._is_capped: list[bool] = np.isfinite(problem.limits.cost_per_hour).tolist()
        self._model_of: list[int] = problem.option_model.tolist()
        self._needs = [_scarcest_first(row, problem.class_capacity.sum(axis=0)) for row in problem.requests]
        self._in_place: dict[int, dict[int, int]] = {}
        self._left_by: dict[int, set[int]] = {}
        """Per option: nodes with fewer replicas than are in place there, if moves cost anything."""
        for option, node, count in standing.movable.tolist() if in_place else ():
            self._in_place.setdefault(option, {})[node] = count
            self._left_by.setdefault(option, set()).add(node)
        self._costs = list(problem.cost)

    def rejection_penalty(self) -> float:
        """Give what the replicas without a node count for, in US dollars per hour."""
        return float(self.missing @ self.problem.group_penalty)

    def room(self, node: int) -> Floats:
        """Give what is free on a node, by resource."""
        free: Floats = self._room[:, node]
        return free

    def find(
        self, option: int, *, but: int = -1, leaving: int = -1, below: float = np.inf, since: int = 0
    ) -> tuple[int, float] | None:
        """Find the cheapest node for one more replica; None when no node takes it.

        Parameters
        ----------
        but
            A node that is out of the question.
        leaving
            A node that a replica of the model would leave for it; it is out of the question too.
        below
            US dollars per hour that it has to add less than.
        since
            Look only at nodes that got better after this time of `changes`.

        Returns
        -------
        tuple
            Node and what the replica adds there, in US dollars per hour. Equal costs go to where it is in
            place, then to the node that costs less once it is in use, then to the first one.
        """
        self.finds += 1
        model = self._model_of[option]
        if since and self.is_limited(option):
            since = since if self.changes.left[model] <= since else 0
        best, lowest = self._left_before(option, max(but, leaving), below, since)
        order = self.problem.candidates.by_cost(option)
        end = len(order.keys) if lowest == np.inf else int(order.keys.searchsorted(lowest))
        start, stop = 0, min(_FIRST_LOOK, end)
        while start < end and order.keys[start] < lowest:
            nodes = order.nodes[start:stop]
            if since:
                nodes = nodes[self.changes.better.take(nodes) > since]
            nodes = self._with_room(option, nodes, leaving)
            if but >= 0:
                nodes = nodes[nodes != but]
            if len(nodes):
                costs = self._costs[option].take(self.problem.node_class.take(nodes))
                costs += self._opening.take(nodes)
                first = int(costs.argmin())
                if costs[first] < lowest:
                    best, lowest = int(nodes[first]), float(costs[first])
            start, stop = stop, min(4 * stop, end)
        return None if best < 0 else (best, lowest)

    def first(self, option: int, order: Order, start: int = 0) -> int:
        """Find the first place in an order, from a start on, whose node takes one more replica.

        Returns
        -------
        int
            The length of the order when no node does.
        """
        self.finds += 1
        end, stop = len(order.nodes), start + _FIRST_LOOK
        while start < end:
            there = self._with_room(option, order.nodes[start:stop])
            if len(there):
                return start + int(np.flatnonzero(order.nodes[start:stop] == there[0])[0])
            start, stop = stop, 4 * stop
        return end

    def _left_before(self, option: int, but: int, below: float, since: int) -> tuple[int, float]:
        """Find the cheapest node that the option is on at present and not in the plan; -1 for none."""
        best, lowest = -1, below
        for node in sorted(self._left_by.get(option, ())):
            cost = float(self._costs[option][self.problem.node_class[node]] + self._opening[node])
            cost -= self.problem.standing.move_cost
            is_new = self.changes.better[node] > since
            if is_new and cost < lowest and node != but and self.takes(option, node):
                best, lowest = node, cost
        return best, lowest

    def takes(self, option: int, node: int) -> bool:
        """Tell whether a node takes one more replica, by all requirements."""
        if not self.most_on(option, node):
            return False
        return not self.is_capped(option) or bool(self._within_cost_limit(option, np.array([node]))[0])

    def most_on(self, option: int, node: int) -> int:
        """Tell how many more replicas a node takes, its cost limit aside."""
        problem, model = self.problem, self._model_of[option]
        if not problem.fit[option, problem.node_class[node]]:
            return 0
        limits, tier, zone = problem.limits, self._node_tier[node], problem.node_zone[node]
        counts = [int(self._room[resource, node] // amount) for resource, amount in self._needs[option]]
        counts.append(int(limits.per_node[model] - self._per_node[model, node]))
        counts.append(int(limits.per_zone[model] - self._per_zone[model, zone]))
        counts.append(int(limits.per_tier[model, tier] - self._per_tier[model, tier]))
        return max(min(counts), 0)

    def in_place(self, option: int, node: int) -> int:
        """Tell how many replicas are on a node at present that would have to move; 0 when moves are free."""
        there = self._in_place.get(option)
        return there.get(node, 0) if there else 0

    def most_on_each(self, option: int, nodes: Ints) -> Ints:
        """Tell for each of some nodes what `most_on` tells for one."""
        problem, model = self.problem, self._model_of[option]
        limits = problem.limits
        zones, tiers = problem.node_zone[nodes], self._node_tier[nodes]
        most = limits.per_node[model] - self._per_node[model, nodes]
        most = np.minimum(most, limits.per_zone[model] - self._per_zone[model, zones])
        most = np.minimum(most, limits.per_tier[model, tiers] - self._per_tier[model, tiers])
        for resource, amount in self._needs[option]:
            most = np.minimum(most, (self._room[resource, nodes] // amount).astype(np.int64))
        fits = problem.fit[option, problem.node_class[nodes]] > 0
        found: Ints = np.where(fits, np.maximum(most, 0), 0)
        return found

    def used_with_room(self, option: int) -> tuple[Ints, Floats]:
        """Give the used nodes that take one more replica, cost limits aside, and what it costs there."""
        nodes = self._with_room(option, self.problem.candidates.by_cost(option).nodes)
        nodes = np.sort(nodes[self.ours[nodes] > 0])
        return nodes, self._costs[option][self.problem.node_class[nodes]]

    def left(self) -> tuple[Ints, Ints]:
        """Give how many more replicas of each model each zone and each tier may hold."""
        limits = self.problem.limits
        return limits.per_zone[:, None] - self._per_zone, limits.per_tier - self._per_tier

    def cost_on(self, option: int, node: int) -> float:
        """Give what one replica costs on a node that is in use, in US dollars per hour."""
        return float(self._costs[option][self.problem.node_class[node]])

    def saving(self, option: int, node: int) -> float:
        """Give what one replica less on a node saves, in US dollars per hour."""
        saved = self.cost_on(option, node)
        if self.ours[node] == 1:
            saved += float(self._price[node])
        if self.on_node[node][option] <= self.in_place(option, node):
            saved -= self.problem.standing.move_cost
        return saved

    def shortage(self, option: int, node: int) -> list[float]:
        """Tell what a node lacks of each resource for one more replica; 0 or below where there is enough."""
        needs: Floats = self.problem.requests[option]
        return [float(one) for one in np.where(needs > 0, needs - self._room[:, node], 0)]

    def closest(self, option: int) -> Ints:
        """Give the busy nodes that an option may run on, those that lack least for it first."""
        order = self.problem.candidates.by_cost(option)
        nodes, costs = order.nodes, order.keys
        lacks = np.zeros(len(nodes))
        for resource, amount in self._needs[option]:
            lacks += np.maximum(amount - self._room[resource, nodes], 0) / amount
        busy = self.ours[nodes] > 0
        first = np.lexsort((nodes[busy], costs[busy], lacks[busy]))
        found: Ints = nodes[busy][first]
        return found

    def is_limited(self, option: int) -> bool:
        """Tell whether more than the nodes themselves limits where the replicas of a model may be."""
        model = self._model_of[option]
        return self._is_zoned[model] or self._is_tiered[model] or self._is_capped[model]

    def is_capped(self, option: int) -> bool:
        """Tell whether the model of an option has a cost limit."""
        return self._is_capped[self._model_of[option]]

    def is_sharing_capped(self, node: int) -> bool:
        """Tell whether a model with a cost limit pays part of the price of a node."""
        return bool(self._price[node]) and any(self._per_node[model, node] for model in self._capped)

    def may_remove(self, option: int, node: int) -> bool:
        """Tell whether those that share the price of a node with a replica can pay without it."""
        if not self._capped or self._price[node] == 0:
            return True
        model = self._model_of[option]
        sharing = [one for one in self._capped if one != model and self._per_node[one, node]]
        more = float(self._price[node]) * (1 / max(self.ours[node] - 1, 1) - 1 / self.ours[node])
        limits = self.problem.limits.cost_per_hour
        return all(
            self.cost_of(one) + more * self._per_node[one, node] <= limits[one] + _ROUNDING for one in sharing
        )

    def cost_of(self, model: int) -> float:
        """Give what a model costs, in US dollars per hour, its part of shared nodes included."""
        own = self._per_node[model]
        nodes = np.flatnonzero(own)
        return float(self._share_costs[model] + (self._price[nodes] * own[nodes] / self.ours[nodes]).sum())

    def over_cost_limit(self) -> Iterable[int]:
        """Give the models that cost more than they may."""
        limits = self.problem.limits.cost_per_hour
        return [one for one in self._capped if self.cost_of(one) > limits[one] + _ROUNDING]

    def add(self, option: int, node: int, count: int = 1) -> None:
        """Put replicas on a node that takes them."""
        self._change(option, node, count)

    def remove(self, option: int, node: int, count: int = 1) -> None:
        """Take replicas off a node."""
        self._change(option, node, -count)

    def _change(self, option: int, node: int, count: int) -> None:
        if not count:
            return
        problem, model = self.problem, self._model_of[option]
        self.changes.note(node, model, leaves=count < 0, opens=not self.ours[node])
        held = self.on_node[node]
        held[option] += count
        if not held[option]:
            del held[option]
        self.missing[problem.option_group[option]] -= count
        self.ours[node] += count
        self._opening[node] = 0.0 if self.ours[node] else self._price[node]
        if option in self._in_place and node in self._in_place[option]:
            if held[option] < self._in_place[option][node]:
                self._left_by[option].add(node)
            else:
                self._left_by[option].discard(node)
        self._room[:, node] -= count * problem.requests[option]
        self._per_node[model, node] += count
        self._per_zone[model, problem.node_zone[node]] += count
        self._per_tier[model, self._node_tier[node]] += count
        self._share_costs[model] += count * problem.share_cost[option, problem.node_class[node]]

    def _with_room(self, option: int, nodes: Ints, leaving: int = -1) -> Ints:
        """Give those of some nodes that take one more replica, in their order.

        The scarcest resource comes first, so that the rest looks at few nodes.
        """
        problem, model = self.problem, self._model_of[option]
        for resource, amount in self._needs[option]:
            nodes = nodes[self._room[resource].take(nodes) >= amount]
            if not len(nodes):
                return nodes
        if leaving >= 0:
            nodes = nodes[nodes != leaving]
        if self._is_spread[model]:
            nodes = nodes[self._per_node[model].take(nodes) < problem.limits.per_node[model]]
        if self._is_zoned[model]:
            zones = problem.node_zone.take(nodes)
            in_zone = self._per_zone[model].take(zones)
            if leaving >= 0:
                in_zone -= zones == problem.node_zone[leaving]
            nodes = nodes[in_zone < problem.limits.per_zone[model]]
        if self._is_tiered[model]:
            in_tier = self._per_tier[model].copy()
            if leaving >= 0:
                in_tier[self._node_tier[leaving]] -= 1
            is_open = in_tier < problem.limits.per_tier[model]
            nodes = nodes[is_open.take(self._node_tier.take(nodes))]
        if self._is_capped[model]:
            nodes = nodes[self._within_cost_limit(option, nodes)]
        return nodes

    def _within_cost_limit(self, option: int, nodes: Ints) -> Bools:
        if not self.is_capped(option):
            return np.ones(len(nodes), dtype=bool)
        problem, model = self.problem, self._model_of[option]
        own, ours = self._per_node[model, nodes], self.ours[nodes]
        share = problem.share_cost[option, problem.node_class[nodes]]
        part = self._price[nodes] * ((own + 1) / (ours + 1) - own / np.maximum(ours, 1))
        would_be: Floats = self.cost_of(model) + share + part
        within: Bools = would_be <= problem.limits.cost_per_hour[model] + _ROUNDING
        return within


def _scarcest_first(requests: Floats, capacity: Floats) -> list[tuple[int, float]]:
    """Give what one replica needs of each resource, its largest share of all there is first."""
    shares = requests / np.where(capacity > 0, capacity, 1)
    order = np.argsort(-shares, kind="stable").tolist()
    return [(resource, float(requests[resource])) for resource in order if requests[resource] > 0]


def _sum_by(codes: Ints, values: Ints, total: int) -> Ints:
    """Sum the columns of each code."""
    sums = np.zeros((len(values), total), dtype=np.int64)
    for code in range(total):
        sums[:, code] = values[:, codes == code].sum(axis=1)
    return sums
