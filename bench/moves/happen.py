"""Lets the things of a trace happen to a cluster in memory."""

from collections.abc import Callable
from typing import TypeAlias

from tests.support.memory_cluster import MemoryCluster

from bench.moves.account import Account
from bench.moves.trace import Cut, Failure, Happening, Maintenance, Prices, Scale
from fogline.names import COST_LABEL, ModelKey

DRAIN_LIMIT_SECONDS = 3600.0
"""After this long a node is started anew, whatever is still on it."""
_LOOK_SECONDS = 30.0
_RESTART_SECONDS = 300.0

SetReplicas: TypeAlias = Callable[[ModelKey, int], None]


class Fate:
    """Carries a trace out.

    Parameters
    ----------
    set_replicas
        Tells the way that is measured that a model wants another number of replicas.
    priced
        Called when prices have changed.
    """

    def __init__(
        self,
        cluster: MemoryCluster,
        account: Account,
        set_replicas: SetReplicas,
        priced: Callable[[], None],
    ) -> None:
        self._cluster = cluster
        self._account = account
        self._set_replicas = set_replicas
        self._priced = priced
        self._troubles: dict[str, int] = {}
        """Reasons why a node is away, counted, so that the first that is over does not bring it back."""

    def happen(self, what: Happening) -> None:
        """Let one thing happen now."""
        match what:
            case Failure(node, seconds):
                self._fail(node, seconds)
            case Cut(nodes, seconds):
                for node in nodes:
                    self._cluster.kubelets.cut(node)
                    self._away(node, seconds)
            case Maintenance(node):
                self._cluster.drain(node, DRAIN_LIMIT_SECONDS)
                self._repair(node, self._cluster.timeline.seconds + DRAIN_LIMIT_SECONDS)
            case Prices(by_node):
                for node, price in by_node.items():
                    self._cluster.label(node, {COST_LABEL: f"{price:f}"})
                self._priced()
            case Scale(replicas):
                for model, number in replicas.items():
                    self._account.want(model, number)
                    self._set_replicas(model, number)

    def _fail(self, node: str, seconds: float) -> None:
        self._cluster.kubelets.fail(node)
        self._account.look_at(node)
        self._away(node, seconds)

    def _away(self, node: str, seconds: float) -> None:
        self._troubles[node] = self._troubles.get(node, 0) + 1
        self._cluster.timeline.later(seconds, lambda: self._back(node))

    def _back(self, node: str) -> None:
        self._troubles[node] -= 1
        if not self._troubles[node]:
            self._cluster.kubelets.restore(node)

    def _repair(self, node: str, latest: float) -> None:
        """Start a node anew once it is empty, or when that takes too long."""
        timeline = self._cluster.timeline
        if self._cluster.kubelets.pods_on(node) and timeline.seconds < latest:
            timeline.later(_LOOK_SECONDS, lambda: self._repair(node, latest))
            return
        self._fail(node, _RESTART_SECONDS)
        timeline.later(_RESTART_SECONDS, lambda: self._cluster.cordon(node, unschedulable=False))
