"""An explanation as text for people and as a document for programs."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from fogline.cli.explanation import Explanation, Missing, Placed
from fogline.cli.output import Line, milliseconds, replicas
from fogline.cli.plan_report import alternative_document, offer_document, refused_document
from fogline.cli.render import each_or_counted, for_site
from fogline.cli.tables import Column, Kind, Table
from fogline.cluster.kinds import PODS
from fogline.observe import model_key
from fogline.placement import Alternative, Assignment, Offer
from fogline.placement.explain import outbid, say_offer, why, wish
from fogline.units import format_usd

_PARTS = (
    Column("NODE"),
    Column("COST/H", Kind.NUMBER),
    Column("PENALTY/H", Kind.NUMBER),
    Column("COUNTS", Kind.NUMBER),
    Column("LATENCY", Kind.NUMBER),
)
_PLACED = (
    Column("POD"),
    Column("VARIANT", is_spare=True),
    Column("NODE"),
    Column("CLIENT SITE", is_spare=True),
    Column("COST/H", Kind.NUMBER),
    Column("PENALTY/H", Kind.NUMBER, is_spare=True),
    Column("LATENCY", Kind.NUMBER),
    Column("READY", Kind.WORD),
    Column("TIER", Kind.WORD, is_wide=True),
    Column("SITE", is_wide=True),
    Column("SINCE", Kind.WORD, is_wide=True),
)


def document(found: Explanation) -> dict[str, Any]:
    """Write an explanation as plain data. Money is a decimal string, as everywhere in the API."""
    return {
        "model": str(model_key(found.model)),
        "replicas": [_placed_document(one) for one in found.placed],
        "unplaceable": [
            {
                "variant": one.answer.variant,
                "clientSite": one.answer.client_site,
                "replicas": one.answer.replicas,
                **refused_document(one.answer),
                **({"whyNot": _why_not_document(one.why_not, None)} if one.why_not else {}),
                "nodes": [alternative_document(node) for node in one.nodes],
            }
            for one in found.missing
        ],
        "beside": [{"pod": one.pod, "node": one.node, "why": one.why} for one in found.beside],
        "oneMore": [
            {"clientSite": site, "whyNot": _why_not_document(one, None)} for site, one in found.one_more
        ],
    }


def names(found: Explanation) -> Iterable[str]:
    """Name the pods that have a node: the replicas, and what is there beside them."""
    pods = (*(one.replica.name for one in found.placed), *(one.pod for one in found.beside))
    return map(PODS.reference, pods)


def lines(found: Explanation, most: int | None) -> Iterator[Line]:
    """Write an explanation for people.

    Parameters
    ----------
    most
        How many replicas are shown; None for all.
    """
    spec, status = found.model.spec, found.model.status
    ready = sum(one.replica.ready for one in found.placed) + sum(one.ready for one in found.beside)
    yield f"{model_key(found.model)}: {min(ready, spec.replicas)} of {spec.replicas} replicas are Ready"
    for condition in status.conditions if status else ():
        if condition.message:
            yield f"  {condition.type}={condition.status} {condition.reason}: {condition.message}"
    if found.placed:
        yield ""
        yield Table(_PLACED, [*map(_cells, found.placed)], most=most)
    for beside in found.beside:
        yield f"beside them {beside.pod} on {beside.node}, which {beside.why}"
    for alike in list(_alike(found.placed))[:most]:
        yield ""
        yield from _placed_lines(alike)
    for one in found.missing:
        yield ""
        yield from _missing_lines(one)
    for site, node in found.one_more:
        yield ""
        yield f"one more replica{for_site(site)}:"
        yield from _why_not_lines(node, None)


def _alike(placed: Sequence[Placed]) -> Iterator[list[Placed]]:
    """Gather the replicas of which the same is to be said."""
    groups: dict[tuple[str, str, str | None], list[Placed]] = {}
    for one in placed:
        groups.setdefault((one.node, one.replica.variant, one.replica.client_site), []).append(one)
    yield from groups.values()


def _placed_lines(alike: Sequence[Placed]) -> Iterator[Line]:
    one = alike[0]
    name = one.replica.name if len(alike) == 1 else f"{one.replica.name} and {len(alike) - 1} more"
    if one.here:
        counts = "counts" if len(alike) == 1 else "each count"
        yield f"{name} on {one.node} {counts} {say_offer(one.here)} an hour"
    else:
        yield f"{name} on {one.node}: variant {one.replica.variant} is no more in the spec"
    if one.why_not:
        yield from _why_not_lines(one.why_not, one.here)
        return
    if isinstance(one.again, Assignment):
        yield from _again_lines(one.again, one.node)
    yield from each_or_counted(one.again, one.others)


def _again_lines(again: Assignment, node: str) -> Iterator[str]:
    """Say what the decision would be now: the same node and what comes next, or another one."""
    if again.node == node:
        beaten = outbid(again)
        if beaten:
            yield f"  {beaten}"
    else:
        yield f"  {again.node} would be chosen now: it counts {say_offer(again.offer)} an hour"


def _missing_lines(one: Missing) -> Iterator[Line]:
    answer = one.answer
    have = replicas(answer.replicas, "has", "have")
    yield f"{have} no node{for_site(answer.client_site)}"
    if one.why_not:
        yield from _why_not_lines(one.why_not, None)
    else:
        yield from each_or_counted(answer, one.nodes)


def _why_not_lines(there: Alternative, here: Offer | None) -> Iterator[Line]:
    """Set a node against the one that a replica is on, and say what would have to change."""
    if offers := [offer for offer in (here, there.offer) if offer]:
        yield Table(_PARTS, [(offer.node, *_parts(offer)) for offer in offers], indent="  ")
    yield from (f"  {one.reason}: {why(one)}" for one in there.rejections)
    yield f"  {_what_would_do(there, here)}"


def _what_would_do(there: Alternative, here: Offer | None) -> str:
    """Say what would have to change for a node to be chosen instead."""
    more = there.offer.price - here.price if there.offer and here else None
    if there.rejections:
        still = (
            f"; it would still count {format_usd(more)} an hour more" if more is not None and more > 0 else ""
        )
        return f"{there.node} would do {wish(there.rejections)}{still}"
    if more is None or more < 0:
        return f"{there.node} would be chosen now"
    if more == 0:
        return f"{there.node} counts as much"
    return f"{there.node} would be chosen if it counted more than {format_usd(more)} an hour less"


def _parts(offer: Offer) -> tuple[str, str, str, str]:
    return (
        format_usd(offer.cost_per_hour),
        format_usd(offer.latency_penalty),
        format_usd(offer.price),
        milliseconds(offer.latency_milliseconds),
    )


def _cells(one: Placed) -> tuple[str, ...]:
    return (
        one.replica.name,
        one.replica.variant,
        one.node,
        one.replica.client_site or "-",
        format_usd(one.cost_per_hour),
        format_usd(one.here.latency_penalty) if one.here else "-",
        milliseconds(one.here.latency_milliseconds) if one.here else "-",
        "yes" if one.replica.ready else "no",
        one.tier.value,
        one.site,
        f"{one.replica.decided_at or one.replica.created_at:%Y-%m-%d %H:%M:%S}",
    )


def _placed_document(one: Placed) -> dict[str, Any]:
    return {
        "pod": one.replica.name,
        "variant": one.replica.variant,
        "node": one.node,
        "clientSite": one.replica.client_site,
        "costPerHour": format_usd(one.cost_per_hour),
        "here": offer_document(one.here) if one.here else None,
        "ready": one.replica.ready,
        "again": {
            "node": one.again.node if isinstance(one.again, Assignment) else None,
            **refused_document(one.again),
        },
        **({"whyNot": _why_not_document(one.why_not, one.here)} if one.why_not else {}),
        "otherNodes": [alternative_document(other) for other in one.others],
    }


def _why_not_document(there: Alternative, here: Offer | None) -> dict[str, Any]:
    return {**alternative_document(there), "message": _what_would_do(there, here)}
