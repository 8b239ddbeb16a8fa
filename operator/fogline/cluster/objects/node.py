"""Nodes."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from fogline.cluster.objects.metadata import Condition, ObjectMeta, Slim


class Taint(Slim, frozen=True):
    """Keeps pods away that do not tolerate it."""

    key: str
    effect: str
    """``NoSchedule``, ``PreferNoSchedule`` or ``NoExecute``."""
    value: str = ""
    time_added: datetime | None = None
    """Known of the taints that the node controller sets."""


class NodeSpec(Slim, frozen=True):
    """What was asked of a node."""

    unschedulable: bool = False
    """True on a cordoned node."""
    taints: tuple[Taint, ...] = ()


class NodeStatus(Slim, frozen=True):
    """What the kubelet and the node controller report."""

    allocatable: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Quantities that pods may use."""
    capacity: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Quantities of the machine."""
    conditions: tuple[Condition, ...] = ()


class Node(Slim, frozen=True):
    """A machine."""

    metadata: ObjectMeta
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()
