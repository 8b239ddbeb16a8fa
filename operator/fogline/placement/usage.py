"""What the pods of a snapshot hold, indexed so that a burst of decisions need not scan them again."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from fogline.api import Billing, Tier
from fogline.names import ModelKey
from fogline.snapshot import Node, Pod, ReplicaOf, Snapshot
from fogline.units import Amounts


def share_cost(node: Node, requests: Amounts) -> Decimal:
    """Price of the share of a node that one replica uses: its largest share of any resource.

    Returns
    -------
    Decimal
        US dollars per hour; the whole price when the node no longer offers what the replica holds.
    """
    price = node.cost_per_hour
    shares = (
        price * amount / node.allocatable[resource] if node.allocatable.get(resource) else price
        for resource, amount in requests.items()
        if amount
    )
    return min(max(shares, default=Decimal(0)), price)


@dataclass(slots=True)
class ModelUsage:
    """Where the replicas of one model are."""

    replicas: dict[tuple[str, str], tuple[Pod, ReplicaOf]] = field(default_factory=dict)
    """By namespace and name."""
    per_node: Counter[str] = field(default_factory=Counter)
    per_zone: Counter[str] = field(default_factory=Counter)
    per_tier: Counter[Tier] = field(default_factory=Counter)
    per_client_site: Counter[str | None] = field(default_factory=Counter)
    share_costs: Decimal = Decimal(0)
    """US dollars per hour for what it uses of nodes that are billed by Share."""


class Usage:
    """Room and replicas of every node, kept up to date while a decision assumes one replica after another.

    Pods on nodes that the snapshot does not know hold nothing: such a node is gone, and its pods with it.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.nodes: tuple[Node, ...] = tuple(sorted(snapshot.nodes, key=lambda node: node.name))
        self.by_name = snapshot.by_name
        self._used: dict[str, Counter[str]] = {node.name: Counter() for node in self.nodes}
        self._used_by_ours: dict[str, Counter[str]] = {node.name: Counter() for node in self.nodes}
        self._replicas: Counter[str] = Counter()
        self._models: dict[ModelKey, ModelUsage] = {}
        self._costs: dict[ModelKey, Decimal] = {}
        self._worst_latency: dict[str | None, int | None] = {}
        self._assumed = 0
        for pod in snapshot.pods:
            self.add(pod)

    def add(self, pod: Pod) -> None:
        """Count a pod that is on its node, or that is assumed to get there."""
        if pod.node in self._used:
            self._used[pod.node].update(pod.requests)
            if pod.replica:
                self._used_by_ours[pod.node].update(pod.requests)
            if pod.replica:
                self._count(pod, pod.replica, 1)

    def assume(self, replica: ReplicaOf, node: str, requests: Amounts) -> None:
        """Count a replica on a node before any pod of it can be seen there."""
        self._assumed += 1
        name = f"{replica.model.name}-{replica.variant}/{self._assumed}"  # no name that a real pod can have
        self.add(Pod(replica.model.namespace, name, node, requests, replica))

    def release(self, pod: Pod) -> None:
        """Stop counting a replica for its model, while the pod still holds its room."""
        if pod.node in self._used and pod.replica:
            self._count(pod, pod.replica, -1)

    def of(self, model: ModelKey) -> ModelUsage:
        """Tell where the replicas of a model are."""
        held = self._models.get(model)
        if held is None:
            held = self._models[model] = ModelUsage()
        return held

    def replicas_of(self, model: ModelKey) -> tuple[tuple[Pod, ReplicaOf], ...]:
        """Give the replicas of a model by namespace and name, each with what it serves."""
        held = self.of(model).replicas
        return tuple(held[key] for key in sorted(held))

    def free(self, node: Node, resource: str) -> int:
        """Tell how much of a resource is left on a node; below 0 when it is over-committed."""
        return node.allocatable.get(resource, 0) - self._used[node.name][resource]

    def left_of_share(self, node: Node, resource: str) -> int:
        """Tell how much of the part of a node that our replicas may use is left; below 0 beyond it."""
        whole = int(node.capacity_share * node.allocatable.get(resource, 0))
        return whole - self._used_by_ours[node.name][resource]

    def is_unused(self, node: Node) -> bool:
        """Tell whether no replica of any model is on the node, so that the first one will cost its price."""
        return not self._replicas[node.name]

    def worst_latency(self, client_site: str | None) -> int | None:
        """Give the longest round trip known from a client site, in milliseconds; None when none is known."""
        if client_site not in self._worst_latency:
            known = (node.latency_from(client_site) for node in self.nodes)
            self._worst_latency[client_site] = max((one for one in known if one is not None), default=None)
        return self._worst_latency[client_site]

    def cost_of(self, model: ModelKey) -> Decimal:
        """Give what a model costs, in US dollars per hour.

        A node billed by Share costs what the replicas use of it. The price of one billed by Node is split
        evenly among the replicas of ours on it, so the costs of all models add up to the bill.
        """
        if model not in self._costs:
            held = self.of(model)
            parts = (self._part(name, count, 0) for name, count in held.per_node.items())
            self._costs[model] = held.share_costs + sum(parts, Decimal(0))
        return self._costs[model]

    def cost_with(self, model: ModelKey, node: Node, requests: Amounts) -> Decimal:
        """Give what a model would cost with one more replica on a node, in US dollars per hour."""
        now = self.cost_of(model)
        if node.billing is Billing.SHARE:
            return now + share_cost(node, requests)
        own = self.of(model).per_node[node.name]
        return now - self._part(node.name, own, 0) + self._part(node.name, own + 1, 1)

    def replica_cost(self, pod: Pod) -> Decimal:
        """Give what one replica costs where it is, in US dollars per hour, by the rules of `cost_of`."""
        node = self.by_name[pod.node]
        return (
            share_cost(node, pod.requests) if node.billing is Billing.SHARE else self._part(node.name, 1, 0)
        )

    def _part(self, name: str, own: int, more: int) -> Decimal:
        """Part of a node's price that ``own`` replicas pay when ``more`` replicas come."""
        node, all_of_ours = self.by_name[name], self._replicas[name] + more
        if node.billing is Billing.SHARE or not own:
            return Decimal(0)
        return node.cost_per_hour * own / all_of_ours

    def _count(self, pod: Pod, replica: ReplicaOf, step: int) -> None:
        node, held = self.by_name[pod.node], self.of(replica.model)
        if step > 0:
            held.replicas[pod.namespace, pod.name] = pod, replica
        else:
            del held.replicas[pod.namespace, pod.name]
        self._costs.clear()  # those of other models on the node change too
        self._replicas[node.name] += step
        held.per_node[node.name] += step
        held.per_zone[node.zone] += step
        held.per_tier[node.tier] += step
        held.per_client_site[replica.client_site] += step
        if node.billing is Billing.SHARE:
            held.share_costs += step * share_cost(node, pod.requests)
