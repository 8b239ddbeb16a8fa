"""What there is to say about the replicas of one model, as text and as plain data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fogline.api import ModelDeployment
from fogline.cli.output import table
from fogline.cli.report import plain
from fogline.observe import model_key
from fogline.placement import Alternative, Unplaceable, Usage, alternatives, decide, demand_of, price_in_place
from fogline.placement.explain import say_unplaceable, why, would_be_chosen
from fogline.snapshot import Replica, Snapshot
from fogline.units import format_usd

_HEADER = ("POD", "VARIANT", "NODE", "CLIENT SITE", "COST/H", "LATENCY", "READY")


@dataclass(frozen=True, slots=True)
class Placed:
    """A replica on its node, and what the other nodes offer it."""

    replica: Replica
    node: str
    cost_per_hour: str
    """US dollars: what it pays of its node now."""
    price: Decimal | None
    """What it counts for in the objective, as the other nodes' prices do; None when its variant is gone."""
    latency_milliseconds: int | None
    others: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where the replicas of a model are, and which have no node."""

    model: ModelDeployment
    placed: tuple[Placed, ...]
    unplaceable: tuple[Unplaceable, ...]

    @property
    def waiting(self) -> int:
        """Replicas that no node is left for."""
        return sum(one.replicas for one in self.unplaceable)


def explain(model: ModelDeployment, snapshot: Snapshot, replicas: Sequence[Replica]) -> Explanation:
    """Judge, for each replica of a model, every other node; and decide for those that have none."""
    demand = demand_of(model)
    usage = Usage(snapshot)
    pods = {(pod.namespace, pod.name): pod for pod in snapshot.pods}
    placed = []
    for replica in sorted(replicas, key=lambda one: (one.node or "", one.name)):
        pod = pods.get((replica.namespace, replica.name))
        if pod is None or pod.replica is None or not usage.knows(pod.node):
            continue
        placed.append(
            Placed(
                replica=replica,
                node=pod.node,
                cost_per_hour=format_usd(usage.replica_cost(pod)),
                price=price_in_place(demand, usage, pod),
                latency_milliseconds=usage.node(pod.node).latency_from(replica.client_site),
                others=alternatives(demand, usage, pod),
            )
        )
    return Explanation(model, tuple(placed), decide(demand, usage).unplaceable)


def document(found: Explanation) -> dict[str, Any]:
    """Write an explanation as plain data. Money is a decimal string, as everywhere in the API."""
    return {
        "model": str(model_key(found.model)),
        "replicas": [
            {
                "pod": one.replica.name,
                "variant": one.replica.variant,
                "node": one.node,
                "clientSite": one.replica.client_site,
                "costPerHour": one.cost_per_hour,
                "price": None if one.price is None else format_usd(one.price),
                "latencyMilliseconds": one.latency_milliseconds,
                "ready": one.replica.ready,
                "otherNodes": [
                    {
                        "node": other.node,
                        "price": None if other.price is None else format_usd(other.price),
                        "latencyMilliseconds": other.latency_milliseconds,
                        "rejections": plain(other.rejections),
                    }
                    for other in one.others
                ],
            }
            for one in found.placed
        ],
        "unplaceable": [
            {
                "variant": one.variant,
                "clientSite": one.client_site,
                "replicas": one.replicas,
                "refused": [
                    {
                        "reason": refused.reason.value,
                        "nodes": refused.nodes,
                        "example": plain([refused.example])[0],
                    }
                    for refused in one.refused
                ],
                "counterfactual": would_be_chosen(one.counterfactual) if one.counterfactual else None,
            }
            for one in found.unplaceable
        ],
    }


def text(found: Explanation) -> Iterator[str]:
    """Write an explanation for people."""
    spec, status = found.model.spec, found.model.status
    ready = sum(one.replica.ready for one in found.placed)
    yield f"{model_key(found.model)}: {ready} of {spec.replicas} replicas are Ready"
    for condition in status.conditions if status else ():
        if condition.message and condition.type != "Rebalancing":
            yield f"  {condition.type}={condition.status} {condition.reason}: {condition.message}"
    if found.placed:
        yield ""
        yield from table([_HEADER, *map(_cells, found.placed)], numbers={4, 5})
    for one in found.placed:
        yield ""
        price = "" if one.price is None else f" counts {format_usd(one.price)} an hour with latency"
        yield f"{one.replica.name} on {one.node}{price}; the other nodes:"
        yield from _others(one.others)
    for answer in found.unplaceable:
        site = f" for client site {answer.client_site}" if answer.client_site else ""
        yield ""
        yield f"{answer.replicas} replicas without a node{site}:"
        yield f"  {say_unplaceable(answer)}"


def _cells(one: Placed) -> tuple[str, ...]:
    return (
        one.replica.name,
        one.replica.variant,
        one.node,
        one.replica.client_site or "-",
        one.cost_per_hour,
        _milliseconds(one.latency_milliseconds),
        "yes" if one.replica.ready else "no",
    )


def _others(others: Sequence[Alternative]) -> Iterator[str]:
    """Say what each node offers: what it would add to the objective, or the first reason against it."""
    rows = []
    for one in others:
        if one.price is None:
            rows.append(("  " + one.node, f"{one.rejections[0].reason}: {why(one.rejections[0])}"))
        else:
            latency = _milliseconds(one.latency_milliseconds)
            rows.append(("  " + one.node, f"would count {format_usd(one.price)}, latency {latency}"))
    yield from table(rows)


def _milliseconds(value: int | None) -> str:
    return "unknown" if value is None else f"{value} ms"
