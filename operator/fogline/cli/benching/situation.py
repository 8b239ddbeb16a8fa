"""The model as it is when load begins: where its replicas are, and which of them a target leads to. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from fogline.api import ModelDeployment
from fogline.cli.inventory import Inventory
from fogline.cli.lookup import refuse_unknown
from fogline.cluster import objects
from fogline.errors import BadInputError
from fogline.names import VARIANT_LABEL
from fogline.observe import model_key
from fogline.placement import Usage, demand_of
from fogline.snapshot import Node

LOCAL = "local"
KINDS = ("node", "site", "tier")
"""Ways to name a place, as in ``site=plant-a``."""
SERVICE, TIER, SITE, POD = "service", "tier", "site", "pod"


@dataclass(frozen=True, slots=True)
class Serving:
    """A Ready replica."""

    pod: str
    address: str
    """Of its pod."""
    variant: str
    node: Node
    cost_per_hour: Decimal
    """US dollars."""


@dataclass(frozen=True, slots=True)
class Target:
    """What requests are sent to: all replicas of a model, or some of them directly."""

    by: str
    """`SERVICE`, `TIER`, `SITE` or `POD`."""
    name: str
    replicas: tuple[Serving, ...]

    @property
    def tiers(self) -> tuple[str, ...]:
        """Tiers of its replicas."""
        return tuple(sorted({one.node.tier.value for one in self.replicas}))

    @property
    def cost_per_hour(self) -> Decimal:
        """US dollars, of its replicas."""
        return sum((one.cost_per_hour for one in self.replicas), Decimal(0))


@dataclass(frozen=True, slots=True)
class Place:
    """Where requests come from."""

    asked: str
    """As the user named it."""
    node: Node | None
    """None for this machine."""


def serving(found: Inventory, model: ModelDeployment) -> tuple[Serving, ...]:
    """Find the Ready replicas of a model.

    Raises
    ------
    BadInputError
        There is none.
    """
    usage, key = Usage(found.snapshot), model_key(model)
    held = {pod.name: pod for pod, _ in usage.replicas_of(key)}
    ready = tuple(
        Serving(
            pod=pod.metadata.name,
            address=pod.status.pod_ip,
            variant=pod.metadata.labels.get(VARIANT_LABEL, ""),
            node=usage.node(pod.spec.node_name),
            cost_per_hour=usage.replica_cost(held[pod.metadata.name]),
        )
        for pod in sorted(found.pods, key=lambda one: one.metadata.name)
        if pod.metadata.namespace == key.namespace and pod.metadata.name in held and _is_ready(pod)
    )
    if not ready:
        raise BadInputError(
            f"no replica of {key} is Ready: fogline explain {key.name} -n {key.namespace} says why"
        )
    return ready


def targets(service: str, replicas: Iterable[Serving], by: Iterable[str]) -> Iterator[Target]:
    """Give what load is sent to: the Service, and replicas directly by what the user asks for."""
    known = tuple(replicas)
    yield Target(SERVICE, service, known)
    for kind in dict.fromkeys(by):
        parts: dict[str, list[Serving]] = {}
        for one in known:
            parts.setdefault(_part(kind, one), []).append(one)
        yield from (Target(kind, name, tuple(parts[name])) for name in sorted(parts))


def place(found: Inventory, model: ModelDeployment, asked: str) -> Place:
    """Choose the node that requests come from.

    It is Ready, takes pods that tolerate nothing, and may hold the model's data, since the inputs go there.
    Of several the first by name is taken.

    Raises
    ------
    BadInputError
        There is no such place, or none of its nodes will do.
    """
    if asked == LOCAL:
        return Place(asked, None)
    kind, separator, name = asked.partition("=")
    if kind not in KINDS or not separator or not name:
        raise BadInputError(f"a place is {LOCAL}, node=NAME, site=SITE or tier=TIER, not {asked}")
    known: dict[str, list[Node]] = {}
    for node in found.snapshot.nodes:
        known.setdefault(_where(kind, node), []).append(node)
    refuse_unknown(kind, [name], known)
    refused = {node.name: why for node in known[name] if (why := _refusal(model, node))}
    usable = sorted((node for node in known[name] if node.name not in refused), key=lambda one: one.name)
    if not usable:
        told = "; ".join(f"{node} {why}" for node, why in sorted(refused.items())[:3])
        raise BadInputError(f"no load can come from {asked}: {told}")
    return Place(asked, usable[0])


def _refusal(model: ModelDeployment, node: Node) -> str:
    sensitivity = demand_of(model).data_sensitivity
    if not node.ready:
        return "is not Ready"
    if node.cordoned:
        return "is cordoned"
    if node.repelling_taints:
        return f"has the taint {node.repelling_taints[0].key}"
    if node.clearance < sensitivity:
        return f"has the clearance {node.clearance.value}, and inputs of the model are {sensitivity.value}"
    return ""


def _where(kind: str, node: Node) -> str:
    names: Mapping[str, str] = {"node": node.name, "site": node.zone, "tier": node.tier.value}
    return names[kind]


def _part(kind: str, one: Serving) -> str:
    return one.pod if kind == POD else _where(kind, one.node)


def _is_ready(pod: objects.Pod) -> bool:
    return any(one.type == "Ready" and one.status == "True" for one in pod.status.conditions)
