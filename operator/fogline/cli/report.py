"""``fogline report``: a cluster, or one model's question of cloud or edge, as one HTML file."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from fogline.cli.clock import now
from fogline.cli.command import Command
from fogline.cli.comparison.bench_file import read_bench
from fogline.cli.comparison.gather import NOT_LIVE, Comparison
from fogline.cli.comparison.gather import gather as compare
from fogline.cli.comparison.page import write_page as write_comparison
from fogline.cli.comparison.plain import document as comparison_document
from fogline.cli.given import read
from fogline.cli.lookup import find_model
from fogline.cli.options import Given, Named, model_names_of, takes_cluster, takes_namespace, takes_output
from fogline.cli.output import write
from fogline.cli.overview.gather import gather
from fogline.cli.overview.page import write_page
from fogline.cli.overview.plain import document
from fogline.collector.answer import Answered
from fogline.errors import ApiError, BadInputError
from fogline.observe import model_key

T = TypeVar("T")


@click.command(
    name="report",
    cls=Command,
    examples=[
        ("a page for people", "report > report.html"),
        ("of a saved cluster, one namespace only", "report -f dump.json -n shop > report.html"),
        ("for a program", "report -o json > report.json"),
        ("one model: cloud against edge", "report digits -n shop --bench bench.json > digits.html"),
    ],
    exit_codes={0: "done"},
)
@click.argument("name", metavar="[MODEL]", required=False, shell_complete=model_names_of)
@click.option(
    "--bench",
    "files",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="What fogline bench -o json wrote of that model. Repeatable.",
)
@takes_cluster
@takes_namespace
@takes_output("html", "json", "yaml")
def command(name: str | None, files: tuple[Path, ...], given: Given, output: str) -> None:
    """Write a cluster as it is now to standard output: one HTML file that loads and runs nothing.

    A map of nodes by tier and site, cost, use and latency, why each model is where it is and why not
    elsewhere, and moves. It can be mailed, printed, and read without colours. It names nodes, models and
    prices: whom it is given to should know them.

    With MODEL it is about cloud against edge for that one: what fogline bench measured, and a map of which
    tier the decision would choose as the price of edge nodes and the penalty on latency vary.
    """
    if output == "html" and sys.stdout.isatty():
        raise BadInputError("a page is not for a terminal: fogline report > report.html")
    if files and name is None:
        raise BadInputError("--bench is about one model: give its name, too")
    if name is None:
        overview = gather(read(given), now(), given.namespace)
        _write(output, overview, write_page, document)
    else:
        _write(output, _compared(name, files, given), write_comparison, comparison_document)


def _compared(name: str, files: Iterable[Path], given: Given) -> Comparison:
    inventory = read(given)
    model = find_model(inventory, Named(name, given.namespace))
    benches = [read_bench(file, str(model_key(model))) for file in files]
    return compare(inventory, model, benches, _told(given), now())


def _told(given: Given) -> Answered | str:
    """Ask the collector, or say why it tells nothing: a report without utilisation is better than none."""
    if given.sources:
        return NOT_LIVE
    from fogline.cli.cluster import ask  # noqa: PLC0415  the client of the API server loads slowly
    from fogline.cli.collected import read_figures  # noqa: PLC0415  the same

    try:
        return ask(given.where, lambda client, _: read_figures(client))
    except (ApiError, BadInputError) as error:
        return str(error)


def _write(output: str, found: T, page: Callable[[T], str], plain: Callable[[T], dict[str, Any]]) -> None:
    if output == "html":
        click.echo(page(found), nl=False)
    else:
        write(output, plain(found), ())
