"""What is kept of pods, nodes and models: a few hundred bytes each."""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from sys import intern

import msgspec

from fogline import names
from fogline.api import RolloutState, Tier
from fogline.cluster.objects import AnyObject, ResourceRequirements
from fogline.cluster.objects.metadata import Condition, ObjectMeta, Slim
from fogline.errors import BadInputError
from fogline.names import ModelKey
from fogline.units import parse_usd, resource_amount, sum_amounts

_TRIED = (RolloutState.CANARY, RolloutState.PROMOTING)
_VERSION_ARGUMENT = "--version="
"""What the init container is told which version it brings (`fogline.objects.delivery`)."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which object it is, and as of when."""

    namespace: str
    name: str
    uid: str
    resource_version: str

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.namespace, self.name


class LiveContainer(Slim, frozen=True):
    """A container as asked for."""

    args: tuple[str, ...] = ()
    resources: ResourceRequirements = ResourceRequirements()


class LivePodSpec(Slim, frozen=True):
    """What was asked of a pod."""

    node_name: str = ""
    containers: tuple[LiveContainer, ...] = ()
    init_containers: tuple[LiveContainer, ...] = ()


class LivePodStatus(Slim, frozen=True):
    """What the kubelet reports."""

    phase: str = ""
    pod_ip: str = msgspec.field(default="", name="podIP")
    conditions: tuple[Condition, ...] = ()


class LivePod(Slim, frozen=True):
    """A pod."""

    metadata: ObjectMeta
    spec: LivePodSpec = LivePodSpec()
    status: LivePodStatus = LivePodStatus()


class LiveNodeStatus(Slim, frozen=True):
    """What the kubelet reports."""

    allocatable: Mapping[str, str] = msgspec.field(default_factory=dict)


class LiveNode(AnyObject, frozen=True):
    """A node."""

    status: LiveNodeStatus = LiveNodeStatus()


class LivePlacement(Slim, frozen=True):
    """One line of ``status.placements``."""

    node: str
    variant: str
    client_site: str | None = None
    cost_per_hour: str | None = None
    latency_milliseconds: int | None = None


class LiveRollout(Slim, frozen=True):
    """One line of ``status.rollouts``."""

    variant: str
    state: str
    template: str = ""


class LiveModelStatus(Slim, frozen=True):
    """What the operator reports."""

    placements: tuple[LivePlacement, ...] = ()
    rollouts: tuple[LiveRollout, ...] = ()


class LiveRules(Slim, frozen=True):
    """How new versions are tried."""

    samples: tuple[str, ...] = ()


class LiveWireName(Slim, frozen=True):
    """What clients call a model."""

    name: str = ""


class LiveModelSpec(Slim, frozen=True):
    """What a user asks for."""

    model: LiveWireName = LiveWireName()
    rollout: LiveRules = LiveRules()


class LiveModel(AnyObject, frozen=True):
    """A ModelDeployment."""

    spec: LiveModelSpec = LiveModelSpec()
    status: LiveModelStatus = LiveModelStatus()


@dataclass(frozen=True, slots=True)
class Replica:
    """A pod of a model that has a node."""

    metadata: Identity
    model: ModelKey
    variant: str
    tier: str
    """As its variant says; empty when it says nothing."""
    revision: str
    """Tells apart pods of one variant that were made from different templates."""
    version: str
    """Of the artifact; empty when it is not told."""
    client_site: str | None
    node: str
    ip: str
    """Empty while it has none, or has ended: then it is not asked."""
    ready: bool
    requested: Mapping[str, int]
    limits: Mapping[str, int]
    """As `fogline.units.Amounts`."""


@dataclass(frozen=True, slots=True)
class Device:
    """A node."""

    metadata: Identity
    zone: str | None
    allocatable: Mapping[str, int]

    @property
    def site(self) -> str:
        """Its zone; a node without the label is a site of its own."""
        return self.metadata.name if self.zone is None else self.zone


@dataclass(frozen=True, slots=True)
class Decided:
    """What the decision counts one replica for."""

    cost_per_hour: Decimal | None = None
    latency_milliseconds: int | None = None


Place = tuple[str, str, str | None]
"""Node, variant and client site."""


@dataclass(frozen=True, slots=True)
class Model:
    """What the operator reports of a ModelDeployment: at most 100 replicas of it."""

    metadata: Identity
    decided: Mapping[Place, Decided]
    wire_name: str
    tried: Mapping[str, str]
    """Variants that try a new version with samples, and the template that serves the old one."""
    samples: tuple[str, ...]
    """Kept only while something is tried: they are large."""


def to_replica(pod: LivePod) -> Replica:
    """Read a pod with the label of a model."""
    labels = pod.metadata.labels
    arguments = (one for container in pod.spec.init_containers for one in container.args)
    version = next((one for one in arguments if one.startswith(_VERSION_ARGUMENT)), _VERSION_ARGUMENT)
    resources = [container.resources for container in pod.spec.containers]
    return Replica(
        metadata=_identity(pod.metadata),
        model=ModelKey(intern(pod.metadata.namespace), intern(labels.get(names.MODEL_LABEL, ""))),
        variant=intern(labels.get(names.VARIANT_LABEL, "")),
        tier=next((tier.value for tier in Tier if tier.value == labels.get(names.TIER_LABEL)), ""),
        revision=intern(labels.get("pod-template-hash", "")),
        version=version.removeprefix(_VERSION_ARGUMENT),
        client_site=pod.metadata.annotations.get(names.CLIENT_SITE_ANNOTATION),
        node=intern(pod.spec.node_name),
        ip=_address(pod.status.pod_ip) if pod.status.phase == "Running" else "",
        ready=any(one.type == "Ready" and one.status == "True" for one in pod.status.conditions),
        requested=sum_amounts(map(_amounts, (one.requests for one in resources))),
        limits=sum_amounts(map(_amounts, (one.limits for one in resources))),
    )


def to_device(node: LiveNode) -> Device:
    """Read a node."""
    zone = node.metadata.labels.get(names.ZONE_LABEL)
    return Device(
        _identity(node.metadata), None if zone is None else intern(zone), _amounts(node.status.allocatable)
    )


def to_model(model: LiveModel) -> Model:
    """Read what is reported of a model."""
    samples = model.spec.rollout.samples
    tried = {
        one.variant: one.template
        for one in model.status.rollouts
        if samples and one.template and one.state in _TRIED
    }
    return Model(
        metadata=_identity(model.metadata),
        decided={
            (one.node, one.variant, one.client_site): Decided(
                _usd(one.cost_per_hour), one.latency_milliseconds
            )
            for one in model.status.placements
        },
        wire_name=model.spec.model.name or model.metadata.name,
        tried=tried,
        samples=samples if tried else (),
    )


def _identity(meta: ObjectMeta) -> Identity:
    return Identity(intern(meta.namespace), meta.name, meta.uid, meta.resource_version)


def _address(text: str) -> str:
    """Give an address of a pod; none for what stands for no single machine."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    return "" if address.is_unspecified or address.is_multicast else str(address)


def _amounts(quantities: Mapping[str, str]) -> dict[str, int]:
    """Read cpu and memory. What cannot be read counts as unknown."""
    return dict(_readable(quantities))


def _readable(quantities: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    for resource in ("cpu", "memory"):
        try:
            yield resource, resource_amount(resource, quantities[resource])
        except (KeyError, BadInputError):
            continue


def _usd(text: str | None) -> Decimal | None:
    try:
        return None if text is None else parse_usd(text)
    except BadInputError:
        return None
