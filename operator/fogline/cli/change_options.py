"""The options that say what would be different."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import click

from fogline.cli.options import Command
from fogline.cli.whatif import Change
from fogline.errors import BadInputError
from fogline.units import parse_cost_per_hour, parse_milliseconds

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What a user asks for."""

    change: Change
    added: tuple[str, ...]
    """Files with ModelDeployments and Nodes."""

    def __bool__(self) -> bool:
        return bool(self.change or self.added)


def takes_what_if(command: Command) -> Command:
    """Let a command take what would be different, as the argument ``what_if``."""

    @click.option(
        "--without-node",
        "without_nodes",
        multiple=True,
        metavar="NODE",
        help="What if this node were gone? Its replicas are decided anew. Repeatable.",
    )
    @click.option(
        "--cost",
        "costs",
        multiple=True,
        metavar="NODE=USD",
        help="What if this node cost so much an hour, such as cloud-1=0.40? Repeatable.",
    )
    @click.option(
        "--latency",
        "latencies",
        multiple=True,
        metavar="SITE[/CLIENT]=MS",
        help="What if all nodes of a site were so far from a client site, or from clients in general, such as"
        " eu-west-1a/plant-a=20? Repeatable.",
    )
    @click.option(
        "--add",
        "added",
        multiple=True,
        metavar="FILE",
        help="What if these ModelDeployments and Nodes were applied? They take the place of those of the same"
        " name. Repeatable.",
    )
    @wraps(command)
    def gathered(
        *args: Any,
        without_nodes: tuple[str, ...],
        costs: tuple[str, ...],
        latencies: tuple[str, ...],
        added: tuple[str, ...],
        **others: Any,
    ) -> Any:
        change = Change(
            without_nodes=without_nodes,
            costs_per_hour=_pairs("--cost", costs, parse_cost_per_hour),
            latencies={
                _site(place): milliseconds
                for place, milliseconds in _pairs("--latency", latencies, parse_milliseconds).items()
            },
        )
        return command(*args, what_if=WhatIf(change, added), **others)

    return gathered


def _site(place: str) -> tuple[str, str | None]:
    site, _, client = place.partition("/")
    return site, client or None


def _pairs(option: str, given: Iterable[str], parse: Callable[[str], V]) -> dict[str, V]:
    """Read ``NAME=VALUE``; what is given last counts."""
    found: dict[str, V] = {}
    for text in given:
        name, separator, value = text.rpartition("=")
        if not separator or not name:
            raise BadInputError(f"{text!r} says nothing of the form NAME=VALUE", option)
        try:
            found[name] = parse(value)
        except BadInputError as error:
            raise BadInputError(f"{name}: {error}", option) from error
    return found
