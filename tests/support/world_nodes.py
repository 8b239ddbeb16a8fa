"""What a user does with the nodes of a world, which only its models choose."""

from collections.abc import Mapping

from dev.cluster import simulated_node
from tests.support.wait import wait_for
from tests.support.world_writes import WorldWrites

from fogline.cluster.kinds import NODES
from fogline.names import CLEARANCE_LABEL, TIER_LABEL

TEST_LABEL = "example.com/test"
"""On the nodes of a test: the namespace that they are for."""

NOT_READY_TAINT = "node.kubernetes.io/not-ready"

UNMANAGED = {"kwok.x-k8s.io/status": "custom"}
"""Annotation of nodes and pods whose status kwok leaves alone."""
UNMANAGED_SELECTOR = ",".join(map("=".join, UNMANAGED.items()))
"""The same as kwok is told of it."""


class WorldNodes(WorldWrites):
    """Adds nodes and changes them."""

    def node_name(self, short: str) -> str:
        """Give the name that a node of this test has in the cluster."""
        return f"{self.namespace}-{short}"

    async def add_node(
        self,
        short: str = "a",
        tier: str = "Cloud",
        *,
        cpu: str = "4",
        clearance: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> str:
        """Add a Ready node that only models of this test choose; returns its name in the cluster."""
        name, own = self.node_name(short), {TEST_LABEL: self.namespace, TIER_LABEL: tier}
        if clearance:
            own[CLEARANCE_LABEL] = clearance
        await self.client.create(simulated_node(name, {**own, **(labels or {})}, cpu=cpu))
        await wait_for(
            lambda: self._is_ready(name),
            f"node {name} is Ready",
            every_seconds=0.05,
            seen=lambda: self.client.get(NODES, None, name),
        )
        return name

    async def cordon(self, *nodes: str) -> None:
        """Let nodes take no new pods."""
        for node in nodes:
            await self.patch(NODES, node, {"spec": {"unschedulable": True}})

    async def uncordon(self, node: str) -> None:
        """Let a node take pods again."""
        await self.patch(NODES, node, {"spec": {"unschedulable": None}})

    async def taint(self, node: str, key: str, value: str, effect: str = "NoSchedule") -> None:
        """Add a taint to a node."""
        await self.patch(NODES, node, {"spec": {"taints": [{"key": key, "value": value, "effect": effect}]}})

    async def set_not_ready(self, node: str) -> None:
        """Let a node be NotReady, and stay so."""
        await self.annotate(NODES, node, UNMANAGED)
        lost = {"status": {"conditions": [{"type": "Ready", "status": "False", "reason": "Lost"}]}}
        await self.patch(NODES, node, lost, subresource="status")

    async def _is_ready(self, node: str) -> bool:
        """Tell whether pods may go there: the taint of a new node outlives its being NotReady for a while."""
        live = await self.client.get(NODES, None, node)
        conditions, taints = live["status"].get("conditions", ()), live["spec"].get("taints", ())
        is_ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
        return is_ready and not any(one["key"] == NOT_READY_TAINT for one in taints)
