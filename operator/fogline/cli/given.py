"""The cluster that a command was given: read from files, or live."""

from itertools import chain

import click

from fogline.cli import sources
from fogline.cli.clock import now
from fogline.cli.inventory import Inventory, take_inventory
from fogline.cli.options import Given
from fogline.config import from_environment


def read(given: Given) -> Inventory:
    """Read it; what does not count is told on standard error.

    Raises
    ------
    BadInputError
        There is no usable kubeconfig.
    FileError
        Something in a file cannot be used.
    ApiError
        The API server refuses, or does not answer.
    """
    settings = from_environment()
    if given.sources:
        found = chain.from_iterable(map(sources.read, given.sources))
        return take_inventory(found, settings, now(), warn)
    from fogline.cli.cluster import ask, read_inventory  # noqa: PLC0415  the client of the API server loads slowly

    return ask(given.where, lambda client, namespace: read_inventory(client, namespace, settings, warn))


def warn(text: str) -> None:
    """Tell people something that programs need not know."""
    click.echo(f"fogline: {text}", err=True)
