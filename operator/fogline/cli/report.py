"""``fogline report``: a cluster at one moment as one HTML file."""

import sys

import click

from fogline.cli.clock import now
from fogline.cli.command import Command
from fogline.cli.given import read
from fogline.cli.options import Given, takes_cluster, takes_namespace, takes_output
from fogline.cli.output import write
from fogline.cli.overview.gather import gather
from fogline.cli.overview.page import write_page
from fogline.cli.overview.plain import document
from fogline.errors import BadInputError


@click.command(
    name="report",
    cls=Command,
    examples=[
        ("a page for people", "report > report.html"),
        ("of a saved cluster, one namespace only", "report -f dump.json -n shop > report.html"),
        ("for a program", "report -o json > report.json"),
    ],
    exit_codes={0: "done"},
)
@takes_cluster
@takes_namespace
@takes_output("html", "json", "yaml")
def command(given: Given, output: str) -> None:
    """Write a cluster as it is now to standard output: one HTML file that loads and runs nothing.

    A map of nodes by tier and site, cost, use and latency, why each model is where it is and why not
    elsewhere, and moves. It can be mailed, printed, and read without colours. It names nodes, models and
    prices: whom it is given to should know them.
    """
    if output == "html" and sys.stdout.isatty():
        raise BadInputError("a page is not for a terminal: fogline report > report.html")
    overview = gather(read(given), now(), given.namespace)
    if output == "html":
        click.echo(write_page(overview), nl=False)
    else:
        write(output, document(overview), ())
