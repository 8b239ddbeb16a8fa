"""Reports for people."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal

from fogline.cli.output import FEW, first, milliseconds, replicas, table
from fogline.cli.plan_report import Leaving, Move, Optimum, Report, Row
from fogline.names import ModelKey
from fogline.placement import Alternative, Assignment, Unplaceable
from fogline.placement.explain import describe, outbid, say_offer, why, would_be_chosen
from fogline.units import format_usd

_BY_NODE = ("MODEL", "VARIANT", "NODE", "CLIENT SITE", "REPLICAS", "COST/H", "LATENCY", "")
_BY_MODEL = ("MODEL", "VARIANT", "NODES", "REPLICAS", "IN PLACE", "COST/H", "WORST LATENCY")


def lines(found: Report, *, everything: bool) -> Iterator[str]:
    """Write a report for people.

    Parameters
    ----------
    everything
        Each node and why it was not chosen; else sums by model, and the first lines of what may be many.
    """
    most = None if everything else FEW
    if found.rows and everything:
        yield from table([_BY_NODE, *_by_node(found.rows)], numbers={4, 5, 6})
        yield ""
    elif found.rows:
        yield from first(table([_BY_MODEL, *_by_model(found.rows)], numbers={2, 3, 4, 5, 6}), FEW + 1)
        yield ""
    yield from _section(
        (f"{model}: is suspended, so nothing is placed or moved" for model in found.suspended), most
    )
    yield from _section(map(_leaving, found.leaving), most)
    yield from _section(map(_move, found.optimum.moves if found.optimum else ()), most)
    for answer in found.unplaceable:
        yield from unplaceable_lines(answer, found.nodes.get((answer.model, answer.client_site), ()))
    for assignment in found.placed if everything else ():
        yield from _elsewhere(assignment, found.nodes.get((assignment.model, assignment.client_site), ()))
    placed = f"{replicas(len(found.rows), 'has', 'have')} a node, {found.waiting} without"
    yield f"{placed}; {format_usd(found.cost_per_hour)} US dollars an hour"
    if found.optimum:
        yield _quality(found.optimum)


def _section(lines: Iterable[str], most: int | None) -> Iterator[str]:
    shown = list(first(lines, most))
    if shown:
        yield from shown
        yield ""


def _by_node(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    """Write replicas that differ in nothing but their cost as one line."""
    groups: dict[Row, list[Row]] = {}
    for row in rows:
        groups.setdefault(replace(row, cost_per_hour=Decimal(0)), []).append(row)
    for row, group in groups.items():
        yield (
            str(row.model),
            row.variant,
            row.node,
            row.client_site or "-",
            str(len(group)),
            format_usd(_cost(group)),
            milliseconds(row.latency_milliseconds),
            "in place" if row.in_place else "",
        )


def _by_model(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    """Write the replicas of a variant as one line, the costliest first."""
    groups: dict[tuple[ModelKey, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.model, row.variant), []).append(row)
    for (model, variant), group in sorted(groups.items(), key=lambda item: (-_cost(item[1]), item[0])):
        known = [one.latency_milliseconds for one in group if one.latency_milliseconds is not None]
        yield (
            str(model),
            variant,
            str(len({one.node for one in group})),
            str(len(group)),
            str(sum(one.in_place for one in group)),
            format_usd(_cost(group)),
            milliseconds(max(known, default=None)),
        )


def _cost(rows: Iterable[Row]) -> Decimal:
    return sum((row.cost_per_hour for row in rows), Decimal(0))


def _suspended(model: ModelKey) -> str:
    return f"{model}: is suspended, so nothing is placed or moved"


def _leaving(one: Leaving) -> str:
    cause = "; ".join(why(rejection) for rejection in one.rejections) or "more replicas than wanted"
    return f"{one.model}: {one.pod.name} should leave {one.pod.node}: {cause}"


def _move(one: Move) -> str:
    return f"{one.to.model}: {one.pod.name} should move from {one.pod.node} to {one.to.node}"


def _quality(found: Optimum) -> str:
    """Say how good an optimised plan is at least. It counts latency penalties, as the decision does."""
    if found.gap_percent is None:
        return "how far this is from the best possible is not known"
    percent = found.gap_percent.quantize(Decimal("0.1"), ROUND_CEILING)
    bound = format_usd(found.lower_bound_cost_per_hour)
    return f"within {percent} % of the best possible: no plan counts for less than {bound} with its latency"


def unplaceable_lines(answer: Unplaceable, nodes: Sequence[Alternative] = ()) -> Iterator[str]:
    """Say which replicas have no node, why, and what would have to change.

    Parameters
    ----------
    nodes
        Each node by itself; without them they are counted by reason.
    """
    have = replicas(answer.replicas, "has", "have")
    yield f"{answer.model}: {have} no node{for_site(answer.client_site)}"
    yield from each_or_counted(answer, nodes) if answer.refused else ["  there are no nodes"]
    yield ""


def _elsewhere(answer: Assignment, nodes: Sequence[Alternative]) -> Iterator[str]:
    beaten = outbid(answer)
    if beaten or answer.refused:
        yield f"{answer.model}: why not elsewhere{for_site(answer.client_site)}"
        if nodes:
            yield f"  {answer.node} counts {say_offer(answer.offer)} an hour"
        elif beaten:
            yield f"  {beaten}"
        yield from each_or_counted(answer, nodes)
        yield ""


def each_or_counted(answer: Assignment | Unplaceable, nodes: Sequence[Alternative]) -> Iterator[str]:
    """Say what each node offers, or without them how many are refused and why; and what would help."""
    rows = _each(nodes) if nodes else _counted(answer)
    if rows:
        yield from table(rows)
    if closest := answer.counterfactual:
        yield f"  {would_be_chosen(closest)}"


def _counted(answer: Assignment | Unplaceable) -> list[tuple[str, ...]]:
    return [(f"  {_nodes(one.nodes)}", one.reason.value, describe(one.example)) for one in answer.refused]


def _each(nodes: Sequence[Alternative]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for one in nodes:
        if one.offer and not one.rejections:
            latency = milliseconds(one.offer.latency_milliseconds)
            rows.append((f"  {one.node}", f"would count {say_offer(one.offer)} an hour, latency {latency}"))
        for number, broken in enumerate(one.rejections):
            rows.append(("" if number else f"  {one.node}", f"{broken.reason}: {why(broken)}"))
    return rows


def for_site(client_site: str | None) -> str:
    """Name the client site, unless it is the unnamed one."""
    return f" for client site {client_site}" if client_site else ""


def _nodes(count: int) -> str:
    return f"{count} node{'' if count == 1 else 's'}"
