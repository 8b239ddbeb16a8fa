"""What a way to run models comes to: money, missing replicas, replicas within their latency target, churn."""

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from functools import cache

from tests.support.changes import Change, ObjectKey
from tests.support.memory_cluster import MemoryCluster
from tests.support.memory_cluster.pods import is_alive

from bench.moves.world import World
from fogline.api import Billing
from fogline.cluster.documents import Document
from fogline.cluster.kinds import NODES, PODS
from fogline.names import CLIENT_SITE_ANNOTATION, COST_LABEL, MODEL_LABEL, ModelKey
from fogline.placement import Option, Usage
from fogline.placement.objective import latency_penalty
from fogline.snapshot import Node, Snapshot


@dataclass(slots=True)
class _Standing:
    """What one pod counts for at present."""

    model: ModelKey
    node: str
    share: float
    """Of its node, by what it requests most of."""
    serves: bool
    is_near: bool
    """Whether it serves within the latency target."""
    penalty: float
    """US dollars per hour that its latency above the target counts for while it serves."""


@dataclass(slots=True)
class Totals:
    """Sums over time."""

    us_dollars: float = 0.0
    penalty: float = 0.0
    """US dollars that latency above the target counts for; nobody is billed for it."""
    missing_seconds: float = 0.0
    """Replica-seconds that were wanted and not served."""
    serving_seconds: float = 0.0
    near_seconds: float = 0.0
    wanted_seconds: float = 0.0
    started: int = 0
    """Pods that got a node."""


class Account:
    """Keeps the sums in step with a cluster.

    Every change costs what it touches: rates are kept, and added up over the time in which they held.
    """

    def __init__(self, cluster: MemoryCluster, world: World) -> None:
        self._cluster = cluster
        self._nodes: dict[str, Node] = {node.name: node for node in world.nodes}
        self._prices = {node.name: float(node.cost_per_hour) for node in world.nodes}
        self._demands = world.demands
        self._usage = Usage(Snapshot(world.nodes))
        self._penalty_of = cache(self._penalty_per_hour)
        self.wanted: Counter[ModelKey] = Counter()
        self._serving: Counter[ModelKey] = Counter()
        self._standings: dict[str, _Standing] = {}
        self._on_node: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self._bills: dict[str, float] = {}
        self._bill = 0.0
        self._penalty = 0.0
        self._missing = 0
        self._serves = 0
        self._wants = 0
        self._near = 0
        self._since = cluster.timeline.seconds
        self.totals = Totals()
        cluster.store.watch(self._changed)

    def want(self, model: ModelKey, replicas: int) -> None:
        """Take note that a model wants so many replicas from now on."""
        self.settle()
        self._missing -= self._missing_of(model)
        self._wants += replicas - self.wanted[model]
        self.wanted[model] = replicas
        self._missing += self._missing_of(model)

    def look_at(self, node: str) -> None:
        """Look anew at the pods of a node of which the API server knows nothing yet."""
        for pod in self._cluster.kubelets.pods_on(node):
            self._stand(pod["metadata"]["uid"], self._standing_of(pod))

    def settle(self) -> None:
        """Add up until now."""
        seconds = self._cluster.timeline.seconds - self._since
        self._since = self._cluster.timeline.seconds
        totals = self.totals
        totals.us_dollars += self._bill * seconds / 3600
        totals.penalty += self._penalty * seconds / 3600
        totals.missing_seconds += self._missing * seconds
        totals.serving_seconds += self._serves * seconds
        totals.near_seconds += self._near * seconds
        totals.wanted_seconds += self._wants * seconds

    def so_far(self) -> Totals:
        """Give the sums as they are now."""
        self.settle()
        return replace(self.totals)

    def restart(self) -> None:
        """Forget the sums: what was before does not count."""
        self.settle()
        self.totals = Totals()

    def _changed(self, change: Change) -> None:
        if change.kind is NODES and change.after is not None:
            self._reprice(change.key, change.after)
        elif change.kind is PODS:
            pod = change.after or change.before or {}
            bound = pod["spec"].get("nodeName")
            was_bound = change.before is not None and change.before["spec"].get("nodeName")
            if bound and not was_bound:
                self.totals.started += 1
            has_ended = change.after is None or pod["status"]["phase"] == "Failed"
            self._stand(pod["metadata"]["uid"], None if has_ended or not bound else self._standing_of(pod))

    def _reprice(self, key: ObjectKey, node: Document) -> None:
        price = float(node["metadata"]["labels"].get(COST_LABEL, 0))
        if price != self._prices[key[1]]:
            self.settle()
            self._prices[key[1]] = price
            self._rebill(key[1])

    def _standing_of(self, pod: Document) -> _Standing:
        meta, name = pod["metadata"], pod["spec"]["nodeName"]
        node, model = self._nodes[name], ModelKey(meta["namespace"], meta["labels"][MODEL_LABEL])
        serves = is_alive(pod) and self._cluster.kubelets.is_serving(pod)
        demand, site = self._demands[model], meta.get("annotations", {}).get(CLIENT_SITE_ANNOTATION)
        latency, target = node.latency_from(site), demand.latency.target_milliseconds
        requests = self._cluster.room.requests_of(pod)
        share = max(requests[name] / node.allocatable[name] for name in ("cpu", "memory"))
        is_near = serves and (target is None or (latency is not None and latency <= target))
        penalty = self._penalty_of(model, site, name) if serves else 0.0
        return _Standing(model, name, share, serves, is_near, penalty)

    def _penalty_per_hour(self, model: ModelKey, client_site: str | None, node: str) -> float:
        demand = self._demands[model]
        option = Option(demand, demand.variants[0], client_site, self._nodes[node])
        return float(latency_penalty(option, self._usage))

    def _stand(self, uid: str, now: _Standing | None) -> None:
        before = self._standings.pop(uid, None)
        if now is not None:
            self._standings[uid] = now
        if before == now:
            return
        self.settle()
        for standing, step in ((before, -1), (now, 1)):
            if standing is None:
                continue
            if standing.serves:
                self._missing -= self._missing_of(standing.model)
                self._serving[standing.model] += step
                self._serves += step
                self._missing += self._missing_of(standing.model)
            self._near += step * standing.is_near
            self._penalty += step * standing.penalty
        if (before and before.node) != (now and now.node):
            for standing in filter(None, (before, now)):
                self._on_node[standing.node].pop(uid, None)
                if standing is now:
                    self._on_node[standing.node][uid] = standing.share
                self._rebill(standing.node)

    def _missing_of(self, model: ModelKey) -> int:
        return max(0, self.wanted[model] - self._serving[model])

    def _rebill(self, node: str) -> None:
        held, price = self._on_node[node], self._prices[node]
        by_node = self._nodes[node].billing is Billing.NODE
        bill = price * bool(held) if by_node else price * min(1.0, sum(held.values()))
        self._bill += bill - self._bills.get(node, 0.0)
        self._bills[node] = bill
