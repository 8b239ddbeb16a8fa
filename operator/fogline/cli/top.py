"""``fogline top``: what a cluster costs, holds and reaches, by tier, site and model."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import click
import msgspec

from fogline.cli.command import Command
from fogline.cli.figures import Figures, K, Measured, measure
from fogline.cli.given import read
from fogline.cli.options import Given, takes_cluster, takes_details, takes_namespace, takes_output
from fogline.cli.output import FEW, Line, write
from fogline.cli.tables import Column, Kind, Table
from fogline.cluster.kinds import MODEL_DEPLOYMENTS
from fogline.errors import BadInputError
from fogline.placement import demand_of
from fogline.units import format_amount, format_usd

_LEGEND = (
    "CPU, MEMORY: requested by replicas / by all pods, of what is allocatable",
    "LATENCY, ABOVE: mean / worst round trip, replicas that miss the latency target of their model",
)
_COLUMNS = (
    Column("NODES", Kind.NUMBER, is_spare=True),
    Column("REPLICAS", Kind.NUMBER),
    Column("COST/H", Kind.NUMBER),
    Column("CPU", Kind.NUMBER),
    Column("MEMORY", Kind.NUMBER),
    Column("LATENCY", Kind.NUMBER),
    Column("ABOVE", Kind.NUMBER),
    Column("PENALTY/H", Kind.NUMBER, is_wide=True),
    Column("ALLOCATABLE CPU", Kind.NUMBER, is_wide=True),
    Column("ALLOCATABLE MEMORY", Kind.NUMBER, is_wide=True),
    Column("WITH TARGET", Kind.NUMBER, is_wide=True),
    Column("UNKNOWN LATENCY", Kind.NUMBER, is_wide=True),
)


@click.command(
    name="top",
    cls=Command,
    examples=[
        ("the ten dearest models, and every site", "top --details"),
        ("one namespace of a saved cluster, for a program", "top -f dump.json -n shop -o json"),
        ("and what model servers do: requests, latencies, use", "top --measured"),
    ],
    exit_codes={0: "done"},
)
@takes_cluster
@takes_namespace
@takes_output("table", "wide", "name", "json", "yaml")
@takes_details
@click.option(
    "--measured", "asks", is_flag=True, help="Tell what the collector measured in model servers, too."
)
def command(given: Given, output: str, *, details: bool, asks: bool) -> None:
    """Say what replicas cost, what they hold of the nodes, and how far they are from their clients."""
    if asks and given.sources:
        raise BadInputError("--measured is told by a live cluster: leave -f out")
    found = read(given)
    measured = measure(found.snapshot, map(demand_of, found.models), given.namespace)
    most = None if details else FEW
    if not asks:
        write(output, document(measured), lines(measured, most), names(measured))
        return
    from fogline.cli.cluster import ask  # noqa: PLC0415  the client of the API server loads slowly
    from fogline.cli.collected import measured_lines, read_figures  # noqa: PLC0415  the same

    told = ask(given.where, lambda client, _: read_figures(client))
    whole = {**document(measured), "measured": msgspec.to_builtins(told)}
    both = chain(lines(measured, most), [""], measured_lines(told, given.namespace, most))
    write(output, whole, both, names(measured))


def document(found: Measured) -> dict[str, Any]:
    """Write figures as plain data. Money is a decimal string, as everywhere in the API."""
    return {
        "total": plain(found.total),
        "tiers": {name: plain(figures) for name, figures in found.tiers.items()},
        "sites": {name: plain(figures) for name, figures in found.sites.items()},
        "models": {str(name): plain(figures) for name, figures in found.models.items()},
    }


def plain(found: Figures) -> dict[str, Any]:
    """Write the figures of one part as plain data: cpu in millicores, memory in bytes."""
    latency = found.latency
    return {
        "nodes": found.nodes,
        "replicas": found.replicas,
        "costPerHour": format_usd(found.cost_per_hour),
        "latencyPenaltyPerHour": format_usd(found.latency_penalty),
        "use": {
            name: {
                "requestedByReplicas": use.by_us,
                "requestedByAll": use.by_all,
                "allocatable": use.allocatable,
            }
            for name, use in found.use.items()
        },
        "latencyMilliseconds": {
            "mean": None if latency.mean is None else round(latency.mean, 2),
            "worst": latency.worst,
            "unknownReplicas": found.replicas - latency.known,
            "replicasWithTarget": latency.with_target,
            "replicasAboveTarget": latency.above_target,
        },
    }


def names(found: Measured) -> Iterable[str]:
    """Name the models that have replicas, the costliest first."""
    return (MODEL_DEPLOYMENTS.reference(key.name) for key in _costliest_first(found.models))


def lines(found: Measured, most: int | None) -> Iterator[Line]:
    """Write figures for people.

    Parameters
    ----------
    most
        How many sites and models are shown, the costliest first; None for all.
    """
    yield _part("TIER", {**found.tiers, "all": found.total}, None)
    yield ""
    yield _part("SITE", found.sites, most)
    if found.models:
        yield ""
        yield _part("MODEL", {str(key): figures for key, figures in found.models.items()}, most)
    yield ""
    yield from _LEGEND


def _part(what: str, parts: Mapping[str, Figures], most: int | None) -> Table:
    names = _costliest_first(parts) if most is not None and len(parts) > most else list(parts)
    return Table((Column(what), *_COLUMNS), [(name, *_cells(parts[name])) for name in names], most=most)


def _costliest_first(parts: Mapping[K, Figures]) -> list[K]:
    return sorted(parts, key=lambda name: (-parts[name].cost_per_hour, name))


def _cells(found: Figures) -> tuple[str, ...]:
    latency = found.latency
    mean = "-" if latency.mean is None else f"{latency.mean:.0f}/{latency.worst} ms"
    share = latency.share_above_target
    return (
        str(found.nodes),
        str(found.replicas),
        format_usd(found.cost_per_hour),
        _use(found, "cpu"),
        _use(found, "memory"),
        mean,
        "-" if share is None else f"{100 * share:.1f} %",
        format_usd(found.latency_penalty),
        *(_allocatable(found, resource) for resource in ("cpu", "memory")),
        str(latency.with_target),
        str(found.replicas - latency.known),
    )


def _allocatable(found: Figures, resource: str) -> str:
    allocatable = found.use[resource].allocatable
    return format_amount(resource, allocatable) if allocatable else "-"


def _use(found: Figures, resource: str) -> str:
    use = found.use[resource]
    if not use.allocatable:
        return format_amount(resource, use.by_us)
    return f"{100 * use.by_us / use.allocatable:.0f}/{100 * use.by_all / use.allocatable:.0f} %"
