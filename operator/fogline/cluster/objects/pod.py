"""Pods."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from fogline.cluster.objects.metadata import Condition, ObjectMeta, Slim


class SchedulingGate(Slim, frozen=True):
    """The scheduler leaves a pod alone while it has one."""

    name: str


class Toleration(Slim, frozen=True):
    """Lets a pod onto a node with a taint."""

    key: str = ""
    """Empty matches every taint."""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""
    """Empty matches every effect."""
    toleration_seconds: int | None = None
    """None: without limit."""


class NodeSelectorRequirement(Slim, frozen=True):
    """One expression over labels or fields of a node."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


class NodeSelectorTerm(Slim, frozen=True):
    """All of its expressions must hold."""

    match_expressions: tuple[NodeSelectorRequirement, ...] = ()
    match_fields: tuple[NodeSelectorRequirement, ...] = ()

    @property
    def pinned_node(self) -> str | None:
        """The only node that this term allows by name; None when it names none."""
        for field in self.match_fields:
            if field.key == "metadata.name" and field.operator == "In" and len(field.values) == 1:
                return field.values[0]
        return None


class NodeSelector(Slim, frozen=True):
    """One of its terms must hold."""

    node_selector_terms: tuple[NodeSelectorTerm, ...] = ()


class NodeAffinity(Slim, frozen=True):
    """Which nodes a pod may run on."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = None


class Affinity(Slim, frozen=True):
    """Where a pod may run."""

    node_affinity: NodeAffinity | None = None


class ResourceRequirements(Slim, frozen=True):
    """Quantities that are set aside, and that may be used."""

    requests: Mapping[str, str] = msgspec.field(default_factory=dict)
    limits: Mapping[str, str] = msgspec.field(default_factory=dict)


class Container(Slim, frozen=True):
    """A container as asked for."""

    name: str
    resources: ResourceRequirements = ResourceRequirements()
    restart_policy: str | None = None
    """``Always`` on an init container makes it a sidecar."""


class ContainerStateDetail(Slim, frozen=True):
    """Why a container waits or has ended."""

    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    """Only of an ended container."""
    finished_at: datetime | None = None
    """Only of an ended container."""


class ContainerState(Slim, frozen=True):
    """At most one of the two; neither while it runs."""

    waiting: ContainerStateDetail | None = None
    terminated: ContainerStateDetail | None = None


class ContainerStatus(Slim, frozen=True):
    """A container as the kubelet reports it."""

    name: str
    ready: bool = False
    restart_count: int = 0
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()
    """How the run before the last restart ended."""
    resources: ResourceRequirements | None = None
    """What it really has, which differs from the request during a resize in place."""
    allocated_resources: Mapping[str, str] | None = None
    """What the kubelet has granted."""


class PodSpec(Slim, frozen=True):
    """What was asked of a pod."""

    node_name: str = ""
    """Empty until it is bound."""
    scheduling_gates: tuple[SchedulingGate, ...] = ()
    node_selector: Mapping[str, str] = msgspec.field(default_factory=dict)
    affinity: Affinity | None = None
    tolerations: tuple[Toleration, ...] = ()
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    resources: ResourceRequirements | None = None
    """For the pod as a whole; beats the sum of its containers."""
    overhead: Mapping[str, str] = msgspec.field(default_factory=dict)
    """What the pod costs beside its containers."""
    priority: int = 0
    scheduler_name: str = ""


class PodStatus(Slim, frozen=True):
    """What the kubelet and the scheduler report."""

    phase: str = ""
    conditions: tuple[Condition, ...] = ()
    reason: str = ""
    """Such as ``OutOfcpu`` or ``NodeAffinity`` on a Failed pod."""
    message: str = ""
    pod_ip: str = msgspec.field(default="", name="podIP")
    start_time: datetime | None = None
    container_statuses: tuple[ContainerStatus, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()


class Pod(Slim, frozen=True):
    """A pod."""

    metadata: ObjectMeta
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    @property
    def node_selector_terms(self) -> tuple[NodeSelectorTerm, ...]:
        """The terms of its required node affinity; they are alternatives."""
        affinity = self.spec.affinity and self.spec.affinity.node_affinity
        required = affinity and affinity.required_during_scheduling_ignored_during_execution
        return required.node_selector_terms if required else ()

    @property
    def pinned_node(self) -> str | None:
        """The node that every term names; None for a pod without a pin."""
        nodes = {term.pinned_node for term in self.node_selector_terms}
        return nodes.pop() if len(nodes) == 1 else None
