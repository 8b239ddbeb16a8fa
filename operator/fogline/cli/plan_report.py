"""A plan as rows for people and as a document for programs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from fogline.names import ModelKey
from fogline.placement import Alternative, Assignment, Offer, Rejection, Unplaceable
from fogline.placement.explain import why, would_be_chosen
from fogline.snapshot import Pod, Snapshot
from fogline.units import format_usd


@dataclass(frozen=True, slots=True)
class Row:
    """One replica on its node."""

    model: ModelKey
    variant: str
    node: str
    client_site: str | None
    cost_per_hour: Decimal
    """US dollars: its part of the bill once the plan is carried out."""
    latency_milliseconds: int | None
    in_place: bool


@dataclass(frozen=True, slots=True)
class Leaving:
    """A replica in place that should go: its node breaks requirements, or there are too many."""

    model: ModelKey
    pod: Pod
    rejections: tuple[Rejection, ...]
    """Empty for one too many."""


@dataclass(frozen=True, slots=True)
class Move:
    """A replica in place that should be elsewhere."""

    pod: Pod
    to: Row


@dataclass(frozen=True, slots=True)
class Optimum:
    """What the optimiser knows of its plan."""

    lower_bound_cost_per_hour: Decimal
    """US dollars, latency penalties included: no plan that rejects as little costs less."""
    counted_cost_per_hour: Decimal
    """US dollars of the plan, latency penalties included."""
    gap_percent: Decimal | None
    """How far the counted cost is above the bound; None when the bound says nothing."""
    moves: tuple[Move, ...]


Group = tuple[ModelKey, str | None]
"""Model and client site."""


@dataclass(frozen=True, slots=True)
class Report:
    """What ``fogline plan`` has to say."""

    rows: tuple[Row, ...]
    leaving: tuple[Leaving, ...]
    unplaceable: tuple[Unplaceable, ...]
    placed: tuple[Assignment, ...]
    """The last assignment of each model and client site where none is without a node. It was refused all that
    those before it were refused, and more."""
    suspended: tuple[ModelKey, ...]
    """Models of which nothing is placed or moved."""
    nodes: Mapping[Group, tuple[Alternative, ...]]
    """What each node offers the last replica that was placed, or one more where some have none."""
    after: Snapshot
    """The cluster once the plan is carried out."""
    optimum: Optimum | None = None
    """Only of a plan that was optimised."""

    def of(self, namespace: str) -> "Report":
        """Give what there is to say of one namespace."""
        optimum = self.optimum
        if optimum:
            moves = (one for one in optimum.moves if one.to.model.namespace == namespace)
            optimum = replace(optimum, moves=tuple(moves))
        return replace(
            self,
            rows=tuple(one for one in self.rows if one.model.namespace == namespace),
            leaving=tuple(one for one in self.leaving if one.model.namespace == namespace),
            unplaceable=tuple(one for one in self.unplaceable if one.model.namespace == namespace),
            placed=tuple(one for one in self.placed if one.model.namespace == namespace),
            suspended=tuple(one for one in self.suspended if one.namespace == namespace),
            optimum=optimum,
        )

    @property
    def waiting(self) -> int:
        """Replicas without a node."""
        return sum(answer.replicas for answer in self.unplaceable)

    @property
    def cost_per_hour(self) -> Decimal:
        """US dollars for all replicas that have a node and stay."""
        return sum((row.cost_per_hour for row in self.rows), Decimal(0))


def document(found: Report) -> dict[str, Any]:
    """Write a report as plain data. Money is a decimal string, as everywhere in the API."""
    return {
        "assignments": [
            {
                "model": str(row.model),
                "variant": row.variant,
                "node": row.node,
                "clientSite": row.client_site,
                "costPerHour": format_usd(row.cost_per_hour),
                "latencyMilliseconds": row.latency_milliseconds,
                "inPlace": row.in_place,
            }
            for row in found.rows
        ],
        "unplaceable": [
            {**unplaceable_document(one), **_nodes(found, (one.model, one.client_site))}
            for one in found.unplaceable
        ],
        "elsewhere": [
            {
                "model": str(one.model),
                "clientSite": one.client_site,
                "offer": offer_document(one.offer),
                "runnerUp": offer_document(one.runner_up) if one.runner_up else None,
                "feasibleNodes": one.feasible,
                **refused_document(one),
                **_nodes(found, (one.model, one.client_site)),
            }
            for one in found.placed
        ],
        "leaving": [
            {
                "model": str(one.model),
                "pod": one.pod.name,
                "node": one.pod.node,
                "rejections": plain(one.rejections),
            }
            for one in found.leaving
        ],
        "suspended": [str(model) for model in found.suspended],
        "costPerHour": format_usd(found.cost_per_hour),
        **(_optimum(found.optimum) if found.optimum else {}),
    }


def _nodes(found: Report, group: Group) -> dict[str, Any]:
    if group not in found.nodes:
        return {}
    return {"nodes": [alternative_document(one) for one in found.nodes[group]]}


def unplaceable_document(one: Unplaceable) -> dict[str, Any]:
    """Write replicas without a node, why they have none, and what would have to change, as plain data."""
    return {
        "model": str(one.model),
        "variant": one.variant,
        "clientSite": one.client_site,
        "replicas": one.replicas,
        **refused_document(one),
    }


def _optimum(found: Optimum) -> dict[str, Any]:
    gap = found.gap_percent
    return {
        "countedCostPerHour": format_usd(found.counted_cost_per_hour),
        "lowerBoundCostPerHour": format_usd(found.lower_bound_cost_per_hour),
        "gapPercent": None if gap is None else float(round(gap, 2)),
        "moves": [
            {
                "model": str(one.to.model),
                "pod": one.pod.name,
                "from": one.pod.node,
                "to": one.to.node,
                "variant": one.to.variant,
                "clientSite": one.to.client_site,
            }
            for one in found.moves
        ],
    }


def offer_document(one: Offer) -> dict[str, Any]:
    """Write what a replica counts for on a node as plain data."""
    return {
        "node": one.node,
        "variant": one.variant,
        "costPerHour": format_usd(one.cost_per_hour),
        "latencyPenaltyPerHour": format_usd(one.latency_penalty),
        "latencyMilliseconds": one.latency_milliseconds,
    }


def refused_document(answer: Assignment | Unplaceable) -> dict[str, Any]:
    """Write the refused nodes by reason, and what would have to change, as plain data."""
    closest = answer.counterfactual
    return {
        "refused": [
            {"reason": one.reason.value, "nodes": one.nodes, "example": plain([one.example])[0]}
            for one in answer.refused
        ],
        "counterfactual": would_be_chosen(closest) if closest else None,
    }


def alternative_document(one: Alternative) -> dict[str, Any]:
    """Write what a node offers, or why it is refused, as plain data."""
    return {
        "node": one.node,
        "offer": offer_document(one.offer) if one.offer else None,
        "rejections": plain(one.rejections),
    }


def plain(rejections: Iterable[Rejection]) -> list[dict[str, Any]]:
    """Write rejections as plain data."""
    return [
        {
            "node": one.node,
            "reason": one.reason.value,
            "message": why(one),
            "subject": one.subject or None,
            "needs": _number(one.needs),
            "has": _number(one.has),
        }
        for one in rejections
    ]


def _number(value: Decimal | int | str | None) -> int | str | None:
    return format_usd(value) if isinstance(value, Decimal) else value
