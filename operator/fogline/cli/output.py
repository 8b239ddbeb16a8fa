"""Answers as text for people, as JSON and YAML for programs, as names for pipes."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click
import yaml

from fogline.cli.style import terminal_width
from fogline.cli.tables import Table, and_more, lay_out

FEW = 20
"""Up to so many nodes, sites or models people want to see each of them."""

Line = str | Table
"""What people read: a line as it stands, or a table that is laid out where it is read."""


def write(output: str, document: Mapping[str, Any], lines: Iterable[Line], names: Iterable[str] = ()) -> None:
    """Write an answer to standard output.

    Parameters
    ----------
    output
        ``json``, ``yaml`` or ``name``; ``wide`` for every column in full; else what fits the terminal.
    lines
        What people read.
    names
        The objects that the answer is about, see `fogline.cluster.kinds.Kind.reference`.
    """
    if output == "json":
        click.echo(json.dumps(document, indent=2))
    elif output == "yaml":
        click.echo(yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False).rstrip("\n"))
    else:
        text = names if output == "name" else laid_out(lines, is_wide=output == "wide")
        click.echo("".join(f"{line}\n" for line in text), nl=False)


def laid_out(lines: Iterable[Line], *, is_wide: bool) -> Iterator[str]:
    """Lay the tables among lines out: to fit a terminal, in full for a pipe and where all is wanted."""
    width = None if is_wide else terminal_width()
    for line in lines:
        if isinstance(line, Table):
            yield from lay_out(line, width=width, all_columns=is_wide)
        else:
            yield line


def milliseconds(value: int | None) -> str:
    """Write a round trip."""
    return "unknown" if value is None else f"{value} ms"


def replicas(count: int, singular: str = "", plural: str = "") -> str:
    """Write how many replicas do something, such as ``1 replica has`` or ``2 replicas have``."""
    return f"{count} replica {singular}".rstrip() if count == 1 else f"{count} replicas {plural}".rstrip()


def first(lines: Iterable[str], most: int | None) -> Iterator[str]:
    """Write no more than the first lines, and how many are left out.

    Parameters
    ----------
    most
        None for all.
    """
    given = list(lines)
    yield from given[:most]
    if most is not None and len(given) > most:
        yield and_more(len(given) - most)
