"""Room on nodes while a baseline places one replica after the other. The requirements are the real ones."""

import numpy as np

from fogline.placement.optimiser.problem import Bools, Floats, Ints, Problem


class Room:
    """What is free and what is used. It starts with the replicas in place that still fit."""

    def __init__(self, problem: Problem) -> None:
        standing = problem.standing
        zones, tiers = int(problem.node_zone.max(initial=-1)) + 1, problem.limits.per_tier.shape[1]
        self.problem = problem
        self.free: Floats = np.ascontiguousarray(problem.class_capacity[problem.node_class].T)
        """Resources x nodes."""
        self.missing = problem.group_replicas.copy()
        """Per group: replicas without a node."""
        self.is_used: Bools = standing.others + standing.replicas.sum(axis=0) > 0
        """Per node: whether its price is paid already."""
        self._held = np.zeros((len(problem.option_group), problem.nodes), dtype=np.int32)
        self._node_tier = problem.class_tier[problem.node_class]
        self._per_node = np.zeros((problem.models, problem.nodes), dtype=np.int64)
        self._per_zone = np.zeros((problem.models, zones), dtype=np.int64)
        self._per_tier = np.zeros((problem.models, tiers), dtype=np.int64)
        for model, node in zip(*np.nonzero(standing.replicas), strict=True):
            self._count(model, node, int(standing.replicas[model, node]))
        for option, node, count in standing.movable.tolist():
            for _ in range(count):
                if self.missing[problem.option_group[option]] and self.fits(option)[node]:
                    self.put(option, node)

    def fits(self, option: int) -> Bools:
        """Tell which nodes take one more replica."""
        problem, limits = self.problem, self.problem.limits
        model = problem.option_model[option]
        fits: Bools = problem.feasible[option][problem.node_class]
        for resource in np.flatnonzero(problem.requests[option]):
            fits &= self.free[resource] >= problem.requests[option, resource]
        fits &= self._per_node[model] < limits.per_node[model]
        fits &= (self._per_zone[model] < limits.per_zone[model])[problem.node_zone]
        fits &= (self._per_tier[model] < limits.per_tier[model])[self._node_tier]
        return fits

    def put(self, option: int, node: int) -> None:
        """Put one replica on a node that takes it."""
        problem = self.problem
        self.missing[problem.option_group[option]] -= 1
        self.free[:, node] -= problem.requests[option]
        self._held[option, node] += 1
        self._count(int(problem.option_model[option]), node, 1)

    def rows(self) -> Ints:
        """Give the plan: option, node, replicas."""
        options, nodes = np.nonzero(self._held)
        return np.stack([options, nodes, self._held[options, nodes]], axis=1).astype(np.int64)

    def _count(self, model: int, node: int, count: int) -> None:
        self.is_used[node] = True
        self._per_node[model, node] += count
        self._per_zone[model, self.problem.node_zone[node]] += count
        self._per_tier[model, self._node_tier[node]] += count
