"""What the collector of a cluster tells: figures of model servers."""

from collections.abc import Iterator, Mapping

import msgspec

from fogline.cli.output import FEW, Line
from fogline.cli.tables import Column, Kind, Table
from fogline.cluster.client import Client
from fogline.cluster.kinds import SERVICES
from fogline.cluster.objects import AnyObject
from fogline.cluster.transport import Call
from fogline.collector.answer import Answered, Figures
from fogline.errors import BadInputError

_SERVICE = "app.kubernetes.io/name=fogline-collector"
_PORT, _PATH = "figures", "v1/figures"
_UNKNOWN = "-"
_TITLES = ("REQ/S", "ERRORS", "P50", "P99", "CPU", "MEMORY", "US$/1000")


async def read_figures(client: Client) -> Answered:
    """Ask the collector, through the API server; it takes the right to get services/proxy.

    Raises
    ------
    BadInputError
        There is none, or it speaks another language.
    ApiError
        It does not answer, or the API server refuses.
    """
    found = (await client.list(SERVICES, AnyObject, label_selector=_SERVICE)).items
    if not found:
        raise BadInputError("no collector is installed; set the value collector.enabled of the chart")
    meta = found[0].metadata
    path = f"{SERVICES.path(meta.namespace, f'{meta.name}:{_PORT}', 'proxy')}/{_PATH}"
    try:
        return msgspec.json.decode(await client.through(Call("GET", path)), type=Answered)
    except msgspec.MsgspecError as error:
        raise BadInputError(
            f"the collector answers in a form that this version does not know: {error}"
        ) from error


def measured_lines(found: Answered, namespace: str | None, most: int | None) -> Iterator[Line]:
    """Write the figures for people.

    Parameters
    ----------
    namespace
        Whose models are told of; None for all.
    most
        How many sites and models are shown, those with the most requests; None for all.
    """
    models = {
        name: one
        for name, one in found.models.items()
        if namespace is None or name.startswith(f"{namespace}/")
    }
    yield _part("MEASURED TIER", {**found.tiers, "all": found.total}, None)
    yield ""
    yield _part("MEASURED SITE", found.sites, most)
    if models:
        yield ""
        yield _part("MEASURED MODEL", models, most)
    yield ""
    pods = found.pods
    yield (
        f"measured over {min(found.covered_seconds, found.window_seconds):.0f} s in {pods.answering} of"
        f" {pods.known + pods.left_out} model servers"
    )
    for trouble in found.pods.troubles[:FEW]:
        yield f"{trouble.namespace}/{trouble.pod} on {trouble.node}: {trouble.reason}: {trouble.message}"
    yield "CPU, MEMORY: used, of what the same pods request"


def _part(what: str, parts: Mapping[str, Figures], most: int | None) -> Table:
    names = list(parts)
    if most is not None and len(names) > most:
        names.sort(key=lambda name: (-parts[name].requests, name))
    columns = (Column(what), *(Column(title, Kind.NUMBER) for title in _TITLES))
    return Table(columns, [(name or _UNKNOWN, *_cells(parts[name])) for name in names], most=most)


def _cells(one: Figures) -> tuple[str, ...]:
    latency = one.latency_milliseconds
    return (
        _UNKNOWN if one.throughput_per_second is None else f"{one.throughput_per_second:.2f}",
        _percent(one.error_rate),
        _UNKNOWN if latency is None else f"{latency.p50:.1f} ms",
        _UNKNOWN if latency is None else f"{latency.p99:.1f} ms",
        _percent(one.cpu.of_requested),
        _percent(one.memory.of_requested),
        one.cost_per_1000_requests or _UNKNOWN,
    )


def _percent(share: float | None) -> str:
    return _UNKNOWN if share is None else f"{100 * share:.1f} %"
