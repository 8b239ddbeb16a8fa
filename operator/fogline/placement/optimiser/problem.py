"""The placement problem as arrays of numbers: what the solver and the search work on."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fogline.placement.optimiser.candidates import Candidates

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NO_LIMIT = 1 << 40
"""More replicas than anybody runs."""


@dataclass(frozen=True, slots=True)
class Limited:
    """What the replicas of each model may do together, one row per model."""

    per_node: Ints
    """Replicas on one node; `NO_LIMIT` for any number."""
    per_zone: Ints
    """Replicas in one zone."""
    per_tier: Ints
    """Models x tiers: replicas on one tier, what the minimum of another tier leaves over included."""
    cost_per_hour: Floats
    """US dollars of all replicas together; infinite without a limit."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What stays whatever is decided, and what may stay."""

    replicas: Ints
    """Models x nodes: replicas of these models that nothing moves."""
    others: Ints
    """Per node: replicas of other models."""
    share_cost_per_hour: Floats
    """Per model: US dollars for the replicas that nothing moves, on nodes billed by Share."""
    movable: Ints
    """Rows of option, node, count: replicas in place that may stay or move."""
    move_cost: float
    """US dollars per hour that a move has to save."""


@dataclass(frozen=True)
class Problem:
    """Nodes, demand groups and what each way to place a replica costs.

    A demand group is a model and a client site. An option is a group and the variant that serves it. Nodes
    that do not differ for any option form a class; zones are looked at per node.
    """

    option_group: Ints
    group_model: Ints
    group_replicas: Ints
    """Replicas that are wanted, without those that nothing moves."""
    group_penalty: Floats
    """US dollars per hour that a replica left out counts for: more than any place costs."""
    requests: Floats
    """Options x resources. Whole numbers in the unit of the resource, as capacities are."""
    feasible: Bools
    """Options x classes: an empty node of the class would take a replica."""
    share_cost: Floats
    """Options x classes: US dollars per hour for the share of a node that is billed by Share."""
    latency_cost: Floats
    """Options x classes: US dollars per hour for the latency above the target."""
    class_capacity: Floats
    """Classes x resources: what is free when all replicas that may move are gone; never below 0."""
    class_price: Floats
    """US dollars per hour of one node in use; 0 for one billed by Share."""
    class_is_paid: Bools
    """Something that stays is on each node of the class, so that its price is paid already."""
    class_tier: Ints
    node_class: Ints
    node_zone: Ints
    limits: Limited
    standing: Standing

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return len(self.node_class)

    @property
    def models(self) -> int:
        """Number of models."""
        return len(self.limits.per_node)

    @cached_property
    def class_size(self) -> Ints:
        """Nodes of each class."""
        return np.bincount(self.node_class, minlength=len(self.class_price)).astype(np.int64)

    @cached_property
    def option_model(self) -> Ints:
        """Model of each option."""
        return self.group_model[self.option_group]

    @cached_property
    def cost(self) -> Floats:
        """Options x classes: US dollars per hour for one replica, without the price of opening a node."""
        return self.share_cost + self.latency_cost

    @cached_property
    def opening_price(self) -> Floats:
        """Per class: US dollars per hour that the first replica on a node adds."""
        return np.where(self.class_is_paid, 0.0, self.class_price)

    @cached_property
    def fit(self) -> Ints:
        """Options x classes: replicas that an empty node takes at most; 0 where none may run."""
        most = np.full(self.feasible.shape, NO_LIMIT, np.int64)
        for resource in range(self.requests.shape[1]):
            needs, has = self.requests[:, resource], self.class_capacity[:, resource]
            whole = np.floor(has[None, :] / np.where(needs > 0, needs, 1)[:, None]).astype(np.int64)
            most = np.where(needs[:, None] > 0, np.minimum(most, whole), most)
        most = np.minimum(most, self.limits.per_node[self.option_model][:, None])
        return np.where(self.feasible, most, 0)

    @cached_property
    def candidates(self) -> Candidates:
        """The nodes that each option may ever run on."""
        return Candidates(self.fit, self.cost, self.node_class)

    @cached_property
    def is_only_way(self) -> Bools:
        """Options x classes: no other option of the group fits there."""
        ways = np.zeros((len(self.group_model), len(self.class_price)), dtype=np.int64)
        np.add.at(ways, self.option_group, (self.fit > 0).astype(np.int64))
        only: Bools = ways[self.option_group] == 1
        return only

    @cached_property
    def whole_room(self) -> Floats:
        """Classes x resources: the capacity that shares are taken of; 1 where there is none."""
        return np.where(self.class_capacity > 0, self.class_capacity, 1.0)

    @cached_property
    def per_open_node(self) -> Ints:
        """Options x classes: replicas that an open node takes at most of those that are wanted."""
        least: Ints = np.minimum(self.fit, self.group_replicas[self.option_group][:, None])
        return least

    @cached_property
    def most(self) -> Ints:
        """Options x classes: replicas that all nodes of the class take at most of those that are wanted."""
        wanted = self.group_replicas[self.option_group][:, None]
        least: Ints = np.minimum(self.per_open_node * self.class_size[None, :], wanted)
        return least

    @cached_property
    def tier_left(self) -> Ints:
        """Models x tiers: what the replicas that nothing moves leave of the limits per tier."""
        node_tier = self.class_tier[self.node_class]
        held = [
            self.standing.replicas[:, node_tier == tier].sum(axis=1)
            for tier in range(self.limits.per_tier.shape[1])
        ]
        left: Ints = np.maximum(self.limits.per_tier - np.stack(held, axis=1), 0)
        return left

    @cached_property
    def cost_left(self) -> Floats:
        """Per model: US dollars per hour that the replicas that nothing moves leave of the cost limit.

        What they pay for nodes billed by Node is left out.
        """
        return np.maximum(self.limits.cost_per_hour - self.standing.share_cost_per_hour, 0.0)
