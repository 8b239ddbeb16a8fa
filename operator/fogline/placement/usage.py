"""What the pods of a cluster hold, kept up to date so that a decision need not go through them again."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

import numpy as np

from fogline.api import Billing, Tier
from fogline.names import ModelKey
from fogline.placement.columns import Columns, Floats, Ints, moved_rows, rows_before, usable
from fogline.placement.holdings import Holdings
from fogline.snapshot import Node, Pod, ReplicaOf, Snapshot
from fogline.units import MOST, Amounts

_EMPTY = Snapshot(())
_NOTHING = Holdings()
"""Of all models without replicas; it is never counted in."""


def share_cost(node: Node, requests: Amounts) -> Decimal:
    """Price of the share of a node that one replica uses: its largest share of any resource.

    Returns
    -------
    Decimal
        US dollars per hour; the whole price when the node no longer offers what the replica holds.
    """
    price, most, of = node.cost_per_hour, 0, 1
    for resource, amount in requests.items():
        if amount:
            offered = node.allocatable.get(resource, 0)
            if amount >= offered:
                return price
            if amount * of > most * offered:
                most, of = amount, offered
    return price * most / of


def total_cost(parts: Iterable[Decimal]) -> Decimal:
    """Add up parts of prices, to the same last digit in whatever order they come."""
    return sum(sorted(parts), Decimal(0))


class Usage:
    """Room and replicas of every node, kept up to date while a decision assumes one replica after another.

    Pods on nodes that are not known hold nothing: such a node is gone, and its pods with it.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.columns = Columns(snapshot.nodes)
        self._used: dict[str, Ints] = {}
        self._used_by_ours: dict[str, Ints] = {}
        self._replicas: Ints = np.zeros(len(self.columns), dtype=np.int64)
        self._models: dict[ModelKey, Holdings] = {}
        self._own: set[ModelKey] = set()
        """Models whose `Holdings` no fork shares."""
        self._costs: dict[ModelKey, Decimal] = {}
        self._assumed = 0
        self._avoided: Mapping[ModelKey, frozenset[str]] = {}
        self._hold_all(snapshot.pods)
        for pod in snapshot.pods:
            if pod.replica and pod.node in self.columns.row_of:
                self._count(pod, pod.replica, self.columns.row_of[pod.node], 1)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes by name."""
        return self.columns.nodes

    def knows(self, name: str) -> bool:
        """Tell whether there is a node of this name."""
        return name in self.columns.row_of

    def node(self, name: str) -> Node:
        """Give the node of a name.

        Raises
        ------
        KeyError
            There is none.
        """
        return self.columns.nodes[self.columns.row_of[name]]

    def fork(self) -> "Usage":
        """Give one that changes on its own. What both share is copied when one of them changes it."""
        other = Usage(_EMPTY)
        other.columns = self.columns
        other._used = {resource: used.copy() for resource, used in self._used.items()}
        other._used_by_ours = {resource: used.copy() for resource, used in self._used_by_ours.items()}
        other._replicas = self._replicas.copy()
        other._models = self._models.copy()
        other._costs = self._costs.copy()
        other._assumed = self._assumed
        other._avoided = self._avoided
        self._own.clear()
        return other

    def change_nodes(self, changes: Mapping[str, Node | None]) -> None:
        """Take in nodes that came, changed or, where None is given, went.

        The pods on nodes that changed or went must have been removed before.
        """
        before = self.columns
        self.columns = before.changed(changes)
        if self.columns.row_of is not before.row_of:
            rows = rows_before(before, self.columns)
            self._replicas = moved_rows(self._replicas, rows)
            for used in (self._used, self._used_by_ours):
                used.update({resource: moved_rows(column, rows) for resource, column in used.items()})

    def add(self, pod: Pod) -> None:
        """Count a pod that is on its node, or that is assumed to get there."""
        row = self.columns.row_of.get(pod.node)
        if row is not None:
            self._hold(pod, row, 1)
            if pod.replica:
                self._count(pod, pod.replica, row, 1)

    def remove(self, pod: Pod) -> None:
        """Stop counting a pod that was added: its room is free."""
        row = self.columns.row_of.get(pod.node)
        if row is not None:
            self._hold(pod, row, -1)
            self.release(pod)

    def assume(self, replica: ReplicaOf, node: str, requests: Amounts) -> Pod:
        """Count a replica on a node before its pod can be seen there; give the pod that stands for it."""
        self._assumed += 1
        name = f"{replica.model.name}-{replica.variant}/{self._assumed}"  # no name that a real pod can have
        pod = Pod(replica.model.namespace, name, node, requests, replica)
        self.add(pod)
        return pod

    def release(self, pod: Pod) -> None:
        """Stop counting a replica for its model, while the pod still holds its room."""
        row = self.columns.row_of.get(pod.node)
        if (
            row is not None
            and pod.replica
            and (pod.namespace, pod.name) in self.of(pod.replica.model).replicas
        ):
            self._count(pod, pod.replica, row, -1)

    def avoid(self, nodes: Mapping[ModelKey, frozenset[str]]) -> None:
        """Let no more replicas of some models onto some nodes, by name."""
        self._avoided = nodes

    def avoided(self, model: ModelKey) -> frozenset[str]:
        """Give the names of the nodes that get no more replicas of a model."""
        return self._avoided.get(model, frozenset())

    def of(self, model: ModelKey) -> Holdings:
        """Tell where the replicas of a model are."""
        return self._models.get(model, _NOTHING)

    def replicas_of(self, model: ModelKey) -> tuple[tuple[Pod, ReplicaOf], ...]:
        """Give the replicas of a model by namespace and name, each with what it serves."""
        held = self.of(model).replicas
        return tuple([held[key] for key in sorted(held)])

    def free(self, resource: str) -> Ints:
        """Tell how much of a resource is left on each node; below 0 where it is over-committed."""
        has = self.columns.allocatable(resource)
        return has - self._used[resource] if resource in self._used else has

    def left_of_share(self, resource: str) -> Ints:
        """Tell how much of the part that our replicas may use is left on each node; below 0 beyond it."""
        has = self.columns.usable(resource)
        return has - self._used_by_ours[resource] if resource in self._used_by_ours else has

    def free_on(self, node: Node, resource: str) -> int:
        """Tell how much of a resource is left on one node."""
        has = min(node.allocatable.get(resource, 0), MOST)
        return has - self._amount(self._used, node, resource)

    def left_of_share_on(self, node: Node, resource: str) -> int:
        """Tell how much of the part that our replicas may use is left on one node."""
        return min(usable(node, resource), MOST) - self._amount(self._used_by_ours, node, resource)

    def is_unused(self, node: Node) -> bool:
        """Tell whether no replica of any model is on the node, so that the first one will cost its price."""
        return not self._replicas[self.columns.row_of[node.name]]

    def is_alone(self, node: Node) -> bool:
        """Tell whether one replica is on the node, so that its price is spared when that one goes."""
        return bool(self._replicas[self.columns.row_of[node.name]] == 1)

    def resources(self) -> tuple[str, ...]:
        """Name the resources that any pod requests."""
        return tuple(sorted(self._used))

    def is_over_committed(self, name: str) -> bool:
        """Tell whether more is requested of a node than it has; False for one that is not known."""
        return self.knows(name) and any(self.free_on(self.node(name), one) < 0 for one in self._used)

    def replicas(self) -> Ints:
        """Give the replicas of all models on each node."""
        return self._replicas

    def cost_of(self, model: ModelKey) -> Decimal:
        """Give what a model costs, in US dollars per hour.

        A node billed by Share costs what the replicas use of it. The price of one billed by Node is split
        evenly among the replicas of ours on it, so the costs of all models add up to the bill.
        """
        if model not in self._costs:
            held = self.of(model)
            parts = [self._part(name, count, 0) for name, count in held.per_node.items()]
            parts += [self._share(pod) for pod, _ in held.replicas.values()]
            self._costs[model] = total_cost(parts)
        return self._costs[model]

    def cost_by_tier(self, model: ModelKey) -> dict[Tier, Decimal]:
        """Give the same by the tier of the nodes, for the tiers with a replica of the model."""
        held = self.of(model)
        costs: defaultdict[Tier, Decimal] = defaultdict(Decimal)
        for name, count in held.per_node.items():
            costs[self.node(name).tier] += self._part(name, count, 0)
        for pod, _ in held.replicas.values():
            costs[self.node(pod.node).tier] += self._share(pod)
        return dict(costs)

    def cost_with(self, model: ModelKey, node: Node, requests: Amounts) -> Decimal:
        """Give what a model would cost with one more replica on a node, in US dollars per hour."""
        now = self.cost_of(model)
        if node.billing is Billing.SHARE:
            return now + share_cost(node, requests)
        own = self.of(model).per_node[node.name]
        return now - self._part(node.name, own, 0) + self._part(node.name, own + 1, 1)

    def costs_with(self, model: ModelKey, shares: Floats) -> Floats:
        """Give the same for each node at once, with a rounding error far below any price.

        Parameters
        ----------
        shares
            Per node: the price of the share that the replica would use. It counts where the node is billed by
            Share.
        """
        own, all_of_ours = self.of(model).by_row(self.columns), self._replicas
        part = (own + 1) / (all_of_ours + 1) - own / np.maximum(all_of_ours, 1)
        more: Floats = np.where(self.columns.is_by_share, shares, self.columns.price * part)
        return float(self.cost_of(model)) + more

    def replica_cost(self, pod: Pod) -> Decimal:
        """Give what one replica costs where it is, in US dollars per hour, by the rules of `cost_of`."""
        return self._share(pod) or self._part(pod.node, 1, 0)

    def _share(self, pod: Pod) -> Decimal:
        node = self.node(pod.node)
        return share_cost(node, pod.requests) if node.billing is Billing.SHARE else Decimal(0)

    def _part(self, name: str, own: int, more: int) -> Decimal:
        """Part of a node's price that ``own`` replicas pay when ``more`` replicas come."""
        row = self.columns.row_of[name]
        node = self.columns.nodes[row]
        if node.billing is Billing.SHARE or not own:
            return Decimal(0)
        return node.cost_per_hour * own / (int(self._replicas[row]) + more)

    def _amount(self, used: Mapping[str, Ints], node: Node, resource: str) -> int:
        return int(used[resource][self.columns.row_of[node.name]]) if resource in used else 0

    def _hold(self, pod: Pod, row: int, step: int) -> None:
        for used in (self._used, self._used_by_ours) if pod.replica else (self._used,):
            for resource, amount in pod.requests.items():
                if resource not in used:
                    used[resource] = np.zeros(len(self.columns), dtype=np.int64)
                used[resource][row] += step * min(amount, MOST)

    def _hold_all(self, pods: Iterable[Pod]) -> None:
        """Count what many pods hold at once."""
        row_of = self.columns.row_of
        held: dict[tuple[str, bool], tuple[list[int], list[int]]] = {}
        for pod in pods:
            row = row_of.get(pod.node, -1)
            for resource, amount in pod.requests.items() if row >= 0 else ():
                rows, amounts = held.setdefault((resource, bool(pod.replica)), ([], []))
                rows.append(row)
                amounts.append(min(amount, MOST))
        for (resource, is_ours), (rows, amounts) in held.items():
            for used in (self._used, self._used_by_ours) if is_ours else (self._used,):
                column = used.setdefault(resource, np.zeros(len(self.columns), dtype=np.int64))
                np.add.at(column, rows, amounts)

    def _count(self, pod: Pod, replica: ReplicaOf, row: int, step: int) -> None:
        if replica.model not in self._own:
            self._models[replica.model] = self.of(replica.model).copy()
            self._own.add(replica.model)
        held = self._models[replica.model]
        held.count(pod, replica, self.columns, row, step)
        if not held.replicas:
            del self._models[replica.model]
            self._own.remove(replica.model)
        self._replicas[row] += step
        self._costs.clear()  # those of other models on the node change too
