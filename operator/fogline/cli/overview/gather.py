"""All that a report shows of a cluster, as values. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from fogline.api import Billing, DataSensitivity, ModelDeployment, PastMove, Tier, history_of
from fogline.cli.figures import Latency, Measured, measure
from fogline.cli.in_turn import plan_in_turn
from fogline.cli.inventory import Inventory
from fogline.conditions import ConditionType
from fogline.names import ModelKey
from fogline.observe import model_key, to_replica
from fogline.placement import Assignment, Demand, Unplaceable, Usage, demand_of, offer_in_place, place
from fogline.placement.alternatives import gone
from fogline.placement.explain import outbid, say, say_offer
from fogline.snapshot import Move, Node, Pod


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node of the map."""

    name: str
    tier: Tier
    site: str
    state: tuple[str, ...]
    """What keeps replicas away; empty for a node that takes some."""
    clearance: DataSensitivity
    cost_per_hour: Decimal
    """US dollars, of the whole node."""
    billing: Billing
    latency_milliseconds: int | None
    cpu_percent: int
    """Requested by all pods, of what is allocatable."""
    memory_percent: int
    replicas: Counter[ModelKey]


@dataclass(frozen=True, slots=True)
class Reasoning:
    """Why the replicas of one model for one client site are where they are."""

    model: ModelKey
    client_site: str | None
    nodes: Counter[str]
    """Replicas by node."""
    variants: tuple[str, ...]
    cost_per_hour: Decimal
    """US dollars, of all of them."""
    latency: Latency
    here: str
    """What the node with most of them counts for, and what the next best would."""
    elsewhere: str
    """Why nodes are refused, by reason."""


@dataclass(frozen=True, slots=True)
class ModelState:
    """How a model stands, by its conditions."""

    model: ModelKey
    wanted: int
    sensitivity: DataSensitivity
    state: str
    """Reason of the condition Ready; ``Suspended`` for a suspended model; empty where nobody has looked."""


@dataclass(frozen=True, slots=True)
class MoveView:
    """A move that has ended."""

    model: ModelKey
    move: PastMove


@dataclass(frozen=True, slots=True)
class Overview:
    """A cluster at one moment."""

    at: datetime
    measured: Measured
    nodes: tuple[NodeView, ...]
    models: tuple[ModelState, ...]
    reasoning: tuple[Reasoning, ...]
    missing: tuple[Unplaceable, ...]
    underway: tuple[tuple[ModelKey, str, Move], ...]
    """Model, pod and move."""
    moves: tuple[MoveView, ...]
    """The latest first."""


def gather(found: Inventory, at: datetime, namespace: str | None = None) -> Overview:
    """Gather what there is to show.

    Parameters
    ----------
    namespace
        Whose models are told of; None for all of them.
    """
    demands = [demand_of(model) for model in found.models]
    models = [model for model in found.models if namespace in {None, model_key(model).namespace}]
    usage = Usage(found.snapshot)
    replicas = [one for one in map(to_replica, found.pods) if one]
    wanted = {model_key(model) for model in models}
    return Overview(
        at=at,
        measured=measure(found.snapshot, demands, namespace),
        nodes=tuple(_nodes(usage, found.snapshot.pods, namespace)),
        models=tuple(sorted(map(_state, models), key=lambda one: one.model)),
        reasoning=tuple(
            reasoning
            for demand in sorted(demands, key=lambda one: one.model)
            if demand.model in wanted
            for reasoning in _reasoning(demand, usage)
        ),
        missing=tuple(
            one for one in plan_in_turn(demands, found.snapshot).unplaceable if one.model in wanted
        ),
        underway=tuple(
            (one.model, one.name, one.leaves_by) for one in replicas if one.leaves_by and one.model in wanted
        ),
        moves=_moves(models),
    )


def _nodes(usage: Usage, pods: Iterable[Pod], namespace: str | None) -> Iterator[NodeView]:
    replicas: defaultdict[str, Counter[ModelKey]] = defaultdict(Counter)
    requested: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for pod in pods:
        requested[pod.node].update({name: pod.requests.get(name, 0) for name in ("cpu", "memory")})
        if pod.replica and namespace in {None, pod.namespace}:
            replicas[pod.node][pod.replica.model] += 1
    for node in sorted(usage.nodes, key=lambda one: (one.tier, one.zone, one.name)):
        yield NodeView(
            name=node.name,
            tier=node.tier,
            site=node.zone,
            state=tuple(_states(node)),
            clearance=node.clearance,
            cost_per_hour=node.cost_per_hour,
            billing=node.billing,
            latency_milliseconds=node.latency_milliseconds,
            cpu_percent=_percent(requested[node.name]["cpu"], node.allocatable.get("cpu", 0)),
            memory_percent=_percent(requested[node.name]["memory"], node.allocatable.get("memory", 0)),
            replicas=replicas[node.name],
        )


def _states(node: Node) -> Iterator[str]:
    if not node.ready:
        yield "not Ready"
    if node.cordoned:
        yield "cordoned"


def _percent(part: int, whole: int) -> int:
    return round(100 * part / whole) if whole else 0


def _state(model: ModelDeployment) -> ModelState:
    conditions = model.status.conditions if model.status else ()
    ready = next((one.reason for one in conditions if one.type == ConditionType.READY), "")
    return ModelState(
        model=model_key(model),
        wanted=model.spec.replicas,
        sensitivity=model.spec.placement.data_sensitivity,
        state="Suspended" if model.spec.suspend else ready,
    )


def _reasoning(demand: Demand, usage: Usage) -> Iterator[Reasoning]:
    by_site: defaultdict[str | None, list[Pod]] = defaultdict(list)
    for pod, _ in usage.replicas_of(demand.model):
        by_site[pod.replica.client_site if pod.replica else None].append(pod)
    for site in sorted(by_site, key=lambda one: one or ""):
        pods, latency = by_site[site], Latency()
        nodes = Counter(pod.node for pod in pods)
        for pod in pods:
            latency.count(usage.node(pod.node).latency_from(site), demand.latency.target_milliseconds)
        most = min(nodes, key=lambda name: (-nodes[name], name))
        example = min((pod for pod in pods if pod.node == most), key=lambda pod: pod.name)
        here, elsewhere = _why(demand, usage, example)
        yield Reasoning(
            model=demand.model,
            client_site=site,
            nodes=nodes,
            variants=tuple(sorted({pod.replica.variant for pod in pods if pod.replica})),
            cost_per_hour=sum((usage.replica_cost(pod) for pod in pods), Decimal(0)),
            latency=latency,
            here=here,
            elsewhere=elsewhere,
        )


def _why(demand: Demand, usage: Usage, pod: Pod) -> tuple[str, str]:
    """Say what a replica counts for, what the next best node would, and why others are refused."""
    site = pod.replica.client_site if pod.replica else None
    offer = offer_in_place(demand, usage, pod)
    here = f"{pod.node} counts {say_offer(offer)} an hour" if offer else "its variant left the spec"
    again = place(demand, gone(usage, pod), site)
    if not isinstance(again, Assignment):
        return f"{here}; no node would take it now", say(again.refused)
    if again.node != pod.node:
        here += f"; {again.node} would be chosen now: it counts {say_offer(again.offer)}"
    elif beaten := outbid(again):
        here += f"; {beaten}"
    return here, say(again.refused) if again.refused else ""


def _moves(models: Iterable[ModelDeployment]) -> tuple[MoveView, ...]:
    found = (MoveView(model_key(model), past) for model in models for past in history_of(model.status))
    return tuple(sorted(found, key=lambda one: (one.move.started_at, one.model), reverse=True))
