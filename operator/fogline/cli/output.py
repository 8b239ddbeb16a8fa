"""Answers as tables for people, as JSON and YAML for programs."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml

FEW = 20
"""Up to so many nodes, sites or models people want to see each of them."""


def write(output: str, document: Mapping[str, Any], lines: Iterable[str]) -> str:
    """Write an answer as ``table``, ``json`` or ``yaml``.

    Parameters
    ----------
    lines
        What people read.
    """
    if output == "json":
        return json.dumps(document, indent=2)
    if output == "yaml":
        return str(yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False)).rstrip("\n")
    return "\n".join(lines)


def table(rows: Sequence[tuple[str, ...]], numbers: Collection[int] = ()) -> Iterator[str]:
    """Write rows in columns as wide as their widest cell; columns of numbers are aligned to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell.rjust(width) if column in numbers else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()


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
        yield f"and {len(given) - most} more; --details shows all"
