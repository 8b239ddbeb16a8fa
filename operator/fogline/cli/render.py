"""Reports for people."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal

from fogline.cli.output import FEW, Line, first, milliseconds, replicas
from fogline.cli.plan_report import Leaving, Move, Optimum, Report, Row
from fogline.cli.tables import Column, Kind, Table
from fogline.cluster.kinds import MODEL_DEPLOYMENTS
from fogline.names import ModelKey
from fogline.placement import Alternative, Assignment, Unplaceable
from fogline.placement.explain import describe, outbid, say_offer, why, would_be_chosen
from fogline.snapshot import Node
from fogline.units import format_usd

_BY_NODE = (
    Column("MODEL"),
    Column("VARIANT", is_spare=True),
    Column("NODE"),
    Column("CLIENT SITE", is_spare=True),
    Column("REPLICAS", Kind.NUMBER),
    Column("COST/H", Kind.NUMBER),
    Column("LATENCY", Kind.NUMBER),
    Column("", Kind.WORD),
    Column("TIER", Kind.WORD, is_wide=True),
    Column("SITE", is_wide=True),
)
_BY_MODEL = (
    Column("MODEL"),
    Column("VARIANT"),
    Column("NODES", Kind.NUMBER),
    Column("REPLICAS", Kind.NUMBER),
    Column("IN PLACE", Kind.NUMBER, is_spare=True),
    Column("COST/H", Kind.NUMBER),
    Column("WORST LATENCY", Kind.NUMBER),
    Column("TIER", Kind.WORD, is_wide=True),
    Column("SITES", Kind.NUMBER, is_wide=True),
)


def names(found: Report) -> Iterable[str]:
    """Name the models that there is something to say of."""
    models = {*found.suspended}
    models.update(row.model for row in found.rows)
    models.update(one.model for one in found.leaving)
    models.update(one.model for one in found.unplaceable)
    return (MODEL_DEPLOYMENTS.reference(model.name) for model in sorted(models))


def lines(found: Report, *, everything: bool) -> Iterator[Line]:
    """Write a report for people.

    Parameters
    ----------
    everything
        Each node and why it was not chosen; else sums by model, and the first lines of what may be many.
    """
    most = None if everything else FEW
    if found.rows and everything:
        yield Table(_BY_NODE, [*_by_node(found.rows, found.after.by_name)])
        yield ""
    elif found.rows:
        yield Table(_BY_MODEL, [*_by_model(found.rows, found.after.by_name)], most=FEW)
        yield ""
    yield from _section(map(_suspended, found.suspended), most)
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


def _by_node(rows: Sequence[Row], nodes: Mapping[str, Node]) -> Iterator[tuple[str, ...]]:
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
            nodes[row.node].tier.value,
            nodes[row.node].zone,
        )


def _by_model(rows: Sequence[Row], nodes: Mapping[str, Node]) -> Iterator[tuple[str, ...]]:
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
            nodes[group[0].node].tier.value,  # a variant is for one tier
            str(len({nodes[one.node].zone for one in group})),
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


def unplaceable_lines(answer: Unplaceable, nodes: Sequence[Alternative] = ()) -> Iterator[Line]:
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


def _elsewhere(answer: Assignment, nodes: Sequence[Alternative]) -> Iterator[Line]:
    beaten = outbid(answer)
    if beaten or answer.refused:
        yield f"{answer.model}: why not elsewhere{for_site(answer.client_site)}"
        if nodes:
            yield f"  {answer.node} counts {say_offer(answer.offer)} an hour"
        elif beaten:
            yield f"  {beaten}"
        yield from each_or_counted(answer, nodes)
        yield ""


def each_or_counted(answer: Assignment | Unplaceable, nodes: Sequence[Alternative]) -> Iterator[Line]:
    """Say what each node offers, or without them how many are refused and why; and what would help."""
    if nodes:
        yield Table((Column(), Column(kind=Kind.PROSE)), _each(nodes), indent="  ")
    elif answer.refused:
        yield Table(
            (Column(kind=Kind.WORD), Column(kind=Kind.WORD), Column(kind=Kind.PROSE)),
            _counted(answer),
            indent="  ",
        )
    if closest := answer.counterfactual:
        yield f"  {would_be_chosen(closest)}"


def _counted(answer: Assignment | Unplaceable) -> list[tuple[str, ...]]:
    return [(_nodes(one.nodes), one.reason.value, describe(one.example)) for one in answer.refused]


def _each(nodes: Sequence[Alternative]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for one in nodes:
        if one.offer and not one.rejections:
            latency = milliseconds(one.offer.latency_milliseconds)
            rows.append((one.node, f"would count {say_offer(one.offer)} an hour, latency {latency}"))
        for number, broken in enumerate(one.rejections):
            rows.append(("" if number else one.node, f"{broken.reason}: {why(broken)}"))
    return rows


def for_site(client_site: str | None) -> str:
    """Name the client site, unless it is the unnamed one."""
    return f" for client site {client_site}" if client_site else ""


def _nodes(count: int) -> str:
    return f"{count} node{'' if count == 1 else 's'}"
