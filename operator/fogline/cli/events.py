"""``fogline events``: what happened to models, in the order of time."""

import json
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any

import click

from fogline.api import ModelDeployment
from fogline.cli.cluster import ask, readable
from fogline.cli.command import Command
from fogline.cli.given import warn
from fogline.cli.history import Happening, history, of_event
from fogline.cli.lookup import no_model
from fogline.cli.options import Where, model_names_of, takes_connection, takes_output
from fogline.cli.output import write
from fogline.cli.style import folded, paint
from fogline.cli.tables import Column, Kind, Table, lay_out
from fogline.cluster.client import Client
from fogline.cluster.documents import Document, EventType, Listing
from fogline.cluster.kinds import EVENTS, MODEL_DEPLOYMENTS
from fogline.errors import BadInputError, GoneError, NotFoundError
from fogline.names import ModelKey
from fogline.observe import model_key


@dataclass(frozen=True, slots=True)
class _Scope:
    """Whose news are wanted."""

    name: str | None
    namespace: str | None
    everywhere: bool

    def __post_init__(self) -> None:
        if self.everywhere and (self.namespace or self.name):
            raise BadInputError("-A tells of all models; leave out the name and -n, or -A")

    def within(self, default: str) -> str | None:
        """Give the namespace that is listed; None for all of them."""
        return None if self.everywhere else self.namespace or default


@click.command(
    name="events",
    cls=Command,
    examples=[
        ("what happened to a model", "events digits"),
        ("everywhere, and what happens from now on", "events -A --watch"),
        ("for a program, one JSON object in each line", "events digits --watch -o json"),
    ],
    exit_codes={0: "done"},
)
@click.argument("name", metavar="[MODEL]", required=False, shell_complete=model_names_of)
@click.option("-n", "--namespace", help="Without it: the namespace of the kubeconfig.")
@click.option("-A", "--all-namespaces", "everywhere", is_flag=True, help="Tell of all namespaces.")
@click.option("-w", "--watch", is_flag=True, help="Go on telling until Ctrl-C.")
@takes_connection
@takes_output("table", "wide", "json", "yaml")
def command(where: Where, output: str, *, watch: bool, **scope: Any) -> None:
    """Say what happened to models: their Events, and the moves that their status remembers.

    Clusters keep Events for an hour unless they are told otherwise; the last 20 moves of a model stay in its
    status. What each reason means is on the page about conditions and reasons.
    """
    if watch and output == "yaml":
        raise BadInputError("--watch goes with -o table, wide or json")
    ask(where, partial(_tell, _Scope(**scope), output, watch))


async def _tell(scope: _Scope, output: str, watch: bool, client: Client, default: str) -> None:  # noqa: FBT001  partial
    namespace = scope.within(default)
    listed = await client.list(EVENTS, namespace=namespace)
    models = await _models(client, namespace)
    wanted = ModelKey(namespace or "", scope.name) if scope.name else None
    found = history(listed.items, models, wanted)
    if wanted and not found and wanted not in map(model_key, models):
        raise no_model(wanted.name, wanted.namespace, (model.metadata.name for model in models))
    if not watch:
        write(output, _document(found), [_table(found)] if output == "wide" else _lines(found))
        return
    for one in found:
        click.echo(_line(output, one))
    async with aclosing(_news(client, namespace, listed)) as news:
        async for event in news:
            latest = of_event(event)
            if latest is not None and wanted in {None, latest.model}:
                click.echo(_line(output, latest))


async def _models(client: Client, namespace: str | None) -> list[ModelDeployment]:
    try:
        listed = await client.list(MODEL_DEPLOYMENTS, namespace=namespace)
    except NotFoundError:  # Fogline is not installed
        return []
    return [*readable(listed.items, warn)]


async def _news(
    client: Client, namespace: str | None, listed: Listing[Document]
) -> AsyncGenerator[Document, None]:
    """Follow the Events after a list; what the API server has forgotten meanwhile is left out."""
    version = listed.resource_version
    while True:
        try:
            watched = client.watch(EVENTS, Document, resource_version=version, namespace=namespace)
            async with aclosing(watched) as changes:
                async for change in changes:
                    version = change.resource_version
                    if change.object and change.type is not EventType.DELETED:
                        yield change.object
        except GoneError:
            version = (await client.list(EVENTS, namespace=namespace)).resource_version


def _document(found: Iterable[Happening]) -> dict[str, Any]:
    return {"events": [_plain(one) for one in found]}


def _plain(one: Happening) -> dict[str, Any]:
    return {
        "time": one.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "type": one.kind,
        "model": str(one.model),
        "reason": one.reason,
        "note": one.note,
    }


def _line(output: str, one: Happening) -> str:
    if output == "json":
        return json.dumps(_plain(one))
    return "\n".join(lay_out(_table([one])) if output == "wide" else _folded(one))


def _lines(found: Iterable[Happening]) -> Iterator[str]:
    shown = [line for one in found for line in _folded(one)]
    yield from shown or ["nothing happened, or it is forgotten by now"]


def _folded(one: Happening) -> Iterator[str]:
    yield f"{_time(one)}  {_kind(one)}  {one.model}  {one.reason}"
    yield from folded(one.note, "    ")


def _table(found: Iterable[Happening]) -> Table:
    kinds = (Kind.WORD, Kind.WORD, Kind.NAME, Kind.WORD, Kind.PROSE)
    rows = [(_time(one), _kind(one), str(one.model), one.reason, one.note) for one in found]
    return Table([Column(kind=kind) for kind in kinds], rows)


def _time(one: Happening) -> str:
    return f"{one.at:%Y-%m-%d %H:%M:%S}"


def _kind(one: Happening) -> str:
    text = f"{one.kind:<7}"
    return paint(text, "yellow") if one.is_warning else text
