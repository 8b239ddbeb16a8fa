"""Reports as text: a table for people, JSON and YAML for programs."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal

import yaml

from fogline.cli.report import Leaving, Move, Optimum, Report, Row, document
from fogline.placement import Assignment, Unplaceable
from fogline.placement.explain import describe, outbid, why, would_be_chosen
from fogline.units import format_usd

_HEADER = ("MODEL", "VARIANT", "NODE", "CLIENT SITE", "REPLICAS", "COST/H", "LATENCY", "")
_NUMBERS = {4, 5, 6}
"""Columns that are aligned to the right."""


def render(found: Report, output: str) -> str:
    """Write a report as ``table``, ``json`` or ``yaml``."""
    if output == "json":
        return json.dumps(document(found), indent=2)
    if output == "yaml":
        return str(yaml.safe_dump(document(found), sort_keys=False)).rstrip("\n")
    return "\n".join(_text(found))


def _text(found: Report) -> Iterator[str]:
    if found.rows:
        yield from table([_HEADER, *_merged(found.rows)], numbers=_NUMBERS)
        yield ""
    for model in found.suspended:
        yield f"{model}: is suspended, so nothing is placed or moved"
        yield ""
    for one in found.leaving:
        yield from _leaving(one)
    if found.optimum and found.optimum.moves:
        yield from map(_move, found.optimum.moves)
        yield ""
    for answer in found.unplaceable:
        yield from _unplaceable(answer)
    for assignment in found.placed:
        yield from _elsewhere(assignment)
    placed = f"{_replicas(len(found.rows), 'has', 'have')} a node, {found.waiting} without"
    yield f"{placed}; {format_usd(found.cost_per_hour)} US dollars an hour"
    if found.optimum:
        yield _quality(found.optimum)


def _merged(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    """Write replicas that differ in nothing but their cost as one line."""
    groups: dict[Row, list[Row]] = {}
    for row in rows:
        groups.setdefault(replace(row, cost_per_hour=Decimal(0)), []).append(row)
    for row, group in groups.items():
        latency = row.latency_milliseconds
        yield (
            str(row.model),
            row.variant,
            row.node,
            row.client_site or "-",
            str(len(group)),
            format_usd(sum((one.cost_per_hour for one in group), Decimal(0))),
            "unknown" if latency is None else f"{latency} ms",
            "in place" if row.in_place else "",
        )


def table(rows: Sequence[tuple[str, ...]], numbers: Collection[int] = ()) -> Iterator[str]:
    """Write rows in columns as wide as their widest cell; columns of numbers are aligned to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell.rjust(width) if column in numbers else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()


def _leaving(one: Leaving) -> Iterator[str]:
    cause = "; ".join(why(rejection) for rejection in one.rejections) or "more replicas than wanted"
    yield f"{one.model}: {one.pod.name} should leave {one.pod.node}: {cause}"
    yield ""


def _move(one: Move) -> str:
    return f"{one.to.model}: {one.pod.name} should move from {one.pod.node} to {one.to.node}"


def _quality(found: Optimum) -> str:
    """Say how good an optimised plan is at least. It counts latency penalties, as the decision does."""
    if found.gap_percent is None:
        return "how far this is from the best possible is not known"
    percent = found.gap_percent.quantize(Decimal("0.1"), ROUND_CEILING)
    bound = format_usd(found.lower_bound_cost_per_hour)
    return f"within {percent} % of the best possible: no plan counts for less than {bound} with its latency"


def _unplaceable(answer: Unplaceable) -> Iterator[str]:
    have = _replicas(answer.replicas, "has", "have")
    yield f"{answer.model}: {have} no node{_for_site(answer.client_site)}"
    yield from _refused(answer) if answer.refused else ["  there are no nodes"]
    yield ""


def _elsewhere(answer: Assignment) -> Iterator[str]:
    beaten = outbid(answer)
    if beaten or answer.refused:
        yield f"{answer.model}: why not elsewhere{_for_site(answer.client_site)}"
        if beaten:
            yield f"  {beaten}"
        yield from _refused(answer)
        yield ""


def _refused(answer: Assignment | Unplaceable) -> Iterator[str]:
    """Write one line for each reason, and what would have to change."""
    rows = [(f"  {_nodes(one.nodes)}", one.reason.value, describe(one.example)) for one in answer.refused]
    if rows:
        yield from table(rows)
    if closest := answer.counterfactual:
        yield f"  {would_be_chosen(closest)}"


def _nodes(count: int) -> str:
    return f"{count} node{'' if count == 1 else 's'}"


def _for_site(client_site: str | None) -> str:
    return f" for client site {client_site}" if client_site else ""


def _replicas(count: int, singular: str, plural: str) -> str:
    return f"{count} replica {singular}" if count == 1 else f"{count} replicas {plural}"
