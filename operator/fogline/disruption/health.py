"""What the state of nodes says about moves."""

from collections.abc import Collection

from fogline.conditions import Reason
from fogline.snapshot import Node

TOO_MANY_PERCENT = 20
"""Beyond this share of nodes that are not Ready, rather the network or the control plane is out of order than
each of them. It is also half of what kube-controller-manager takes for a partial outage of a zone (55 %)."""
FEW = 1
"""So many lost nodes are no such outage, however small the cluster is."""

_PRESSURES = frozenset(
    f"node.kubernetes.io/{what}-pressure" for what in ("memory", "disk", "pid")
)  # kubernetes.io, "Taints and Tolerations": taint nodes by condition
_GOING = frozenset({"ToBeDeletedByClusterAutoscaler", "karpenter.sh/disrupted"})
"""Taints by which cluster-autoscaler and Karpenter say, without a cordon, that they are about to drain a node
(kubernetes/autoscaler: cluster-autoscaler/utils/taints; karpenter.sh: Disruption)."""


def is_outage(nodes: Collection[Node]) -> bool:
    """Tell whether so many nodes are not Ready that nothing should be concluded from any of them."""
    lost = sum(not node.ready for node in nodes)
    return lost > FEW and lost * 100 > TOO_MANY_PERCENT * len(nodes)


def why_leave(node: Node) -> Reason | None:
    """Say why what runs on a node should leave it, going by its state alone; None when it may stay.

    Other taints only keep new pods away. One with the effect NoExecute ends pods at once, so there is no
    time for a move.
    """
    keys = {taint.key for taint in node.taints}
    if keys & _PRESSURES:
        return Reason.NODE_UNDER_PRESSURE
    if node.cordoned:
        return Reason.NODE_CORDONED
    return Reason.NODE_LEAVING if keys & _GOING else None
