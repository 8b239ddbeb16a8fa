"""The difference of two plans as a table for people and as a document for programs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from fogline.cli.difference import Difference, Shift, Totals
from fogline.cli.output import FEW, Line, replicas
from fogline.cli.plan_report import Report, document, unplaceable_document
from fogline.cli.render import for_site, unplaceable_lines
from fogline.cli.tables import Column, Kind, Table
from fogline.cluster.kinds import MODEL_DEPLOYMENTS
from fogline.names import ModelKey
from fogline.units import format_usd


def difference_document(found: Difference, plan: Report) -> dict[str, Any]:
    """Write a difference, and the later plan, as plain data."""
    return {
        "difference": {
            "before": _totals(found.before),
            "after": _totals(found.after),
            "moves": [_shift(one) for one in found.moves],
            "gained": [_shift(one) for one in found.gained],
            "lost": [_shift(one) for one in found.lost],
            "newlyUnplaceable": [unplaceable_document(one) for one in found.unplaceable],
        },
        "plan": document(plan),
    }


def difference_names(found: Difference) -> Iterable[str]:
    """Name the models whose replicas change node, get one or lose theirs."""
    models = {one.model for one in (*found.moves, *found.gained, *found.lost)}
    models.update(one.model for one in found.unplaceable)
    return (MODEL_DEPLOYMENTS.reference(model.name) for model in sorted(models))


def difference_lines(found: Difference, *, everything: bool) -> Iterator[Line]:
    """Write a difference for people.

    Parameters
    ----------
    everything
        Each change of node; else sums by model where they are many.
    """
    for what, shifts in (
        ("change node", found.moves),
        ("get a node", found.gained),
        ("lose their node", found.lost),
    ):
        yield from _section(what, shifts, everything=everything)
    for one in found.unplaceable:
        yield from unplaceable_lines(one)
    before, after = _cells(found.before), _cells(found.after)
    yield Table(_TOTALS, [*zip(_ROWS, before, after, strict=True)])


_TOTALS = (Column(kind=Kind.WORD), Column("BEFORE", Kind.NUMBER), Column("AFTER", Kind.NUMBER))
_SHIFTS = (
    Column(),
    Column(kind=Kind.NUMBER),
    Column(kind=Kind.PROSE),
    Column(kind=Kind.PROSE, is_wide=True),
)
_ROWS = (
    "replicas with a node",
    "replicas without",
    "US dollars an hour",
    "counted with latency",
    "mean latency, ms",
    "worst latency, ms",
    "above the latency target",
)


def _cells(found: Totals) -> tuple[str, ...]:
    mean, worst = found.latency.mean, found.latency.worst
    return (
        str(found.replicas),
        str(found.waiting),
        format_usd(found.cost_per_hour),
        format_usd(found.cost_per_hour + found.latency_penalty),
        "-" if mean is None else f"{mean:.1f}",
        "-" if worst is None else str(worst),
        str(found.latency.above_target),
    )


def _totals(found: Totals) -> dict[str, Any]:
    mean = found.latency.mean
    return {
        "replicas": found.replicas,
        "replicasWithoutNode": found.waiting,
        "costPerHour": format_usd(found.cost_per_hour),
        "countedCostPerHour": format_usd(found.cost_per_hour + found.latency_penalty),
        "latencyMilliseconds": {
            "mean": None if mean is None else round(mean, 2),
            "worst": found.latency.worst,
            "replicasAboveTarget": found.latency.above_target,
        },
    }


def _section(what: str, shifts: Sequence[Shift], *, everything: bool) -> Iterator[Line]:
    if not shifts:
        return
    yield f"{replicas(sum(one.replicas for one in shifts))} would {what}:"
    if everything or len(shifts) <= FEW:
        rows = [
            (str(one.model), str(one.replicas), _way(one), for_site(_site(one)).strip()) for one in shifts
        ]
        yield Table(_SHIFTS, rows, indent="  ")
    else:
        counts: Counter[ModelKey] = Counter()
        for one in shifts:
            counts[one.model] += one.replicas
        sums = [(str(model), str(count)) for model, count in counts.most_common()]
        yield Table(_SHIFTS[:2], sums, indent="  ", most=FEW)
    yield ""


def _way(one: Shift) -> str:
    if one.before and one.after:
        changes_variant = one.before.variant != one.after.variant
        variant = f" as {one.after.variant}" if changes_variant else ""
        return f"{one.before.node} -> {one.after.node}{variant}"
    place = one.before or one.after
    return place.node if place else ""


def _site(one: Shift) -> str | None:
    place = one.before or one.after
    return (place.client_site or None) if place else None


def _shift(one: Shift) -> dict[str, Any]:
    return {
        "model": str(one.model),
        "clientSite": _site(one),
        "replicas": one.replicas,
        "from": one.before.node if one.before else None,
        "fromVariant": one.before.variant if one.before else None,
        "to": one.after.node if one.after else None,
        "toVariant": one.after.variant if one.after else None,
    }
