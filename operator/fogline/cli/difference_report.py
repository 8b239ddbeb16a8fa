"""The difference of two plans as a table for people and as a document for programs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from fogline.cli.difference import Difference, Place, Shift, Totals
from fogline.cli.output import FEW, first, replicas, table
from fogline.cli.plan_report import Report, document, unplaceable_document
from fogline.cli.render import unplaceable_lines
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


def difference_lines(found: Difference, *, everything: bool) -> Iterator[str]:
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
    yield from table([("", "BEFORE", "AFTER"), *zip(_ROWS, before, after, strict=True)], numbers={1, 2})


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


def _section(what: str, shifts: Sequence[Shift], *, everything: bool) -> Iterator[str]:
    if not shifts:
        return
    yield f"{replicas(sum(one.replicas for one in shifts))} would {what}:"
    if everything or len(shifts) <= FEW:
        yield from table(
            [("  " + str(one.model), str(one.replicas), _way(one)) for one in shifts], numbers={1}
        )
    else:
        counts: Counter[ModelKey] = Counter()
        for one in shifts:
            counts[one.model] += one.replicas
        sums = [(f"  {model}", str(count)) for model, count in counts.most_common()]
        yield from first(table(sums, numbers={1}), FEW)
    yield ""


def _way(one: Shift) -> str:
    if one.before and one.after:
        changes_variant = one.before.variant != one.after.variant
        variant = f" as {one.after.variant}" if changes_variant else ""
        return f"{one.before.node} -> {one.after.node}{variant}"
    place = one.before or one.after
    return place.node if place else ""


def _shift(one: Shift) -> dict[str, Any]:
    site = (one.before or one.after or Place("", "", "")).client_site
    return {
        "model": str(one.model),
        "clientSite": site or None,
        "replicas": one.replicas,
        "from": one.before.node if one.before else None,
        "fromVariant": one.before.variant if one.before else None,
        "to": one.after.node if one.after else None,
        "toVariant": one.after.variant if one.after else None,
    }
