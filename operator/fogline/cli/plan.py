"""``fogline plan``: the decision for files of nodes and ModelDeployments, without any cluster."""

from collections.abc import Sequence
from itertools import chain

import click

from fogline.cli import sources as files
from fogline.cli.clock import now
from fogline.cli.inventory import take_inventory
from fogline.cli.optimised import report_optimised
from fogline.cli.render import render
from fogline.cli.report import Report, report
from fogline.config import from_environment
from fogline.errors import BadInputError, MissingExtraError
from fogline.placement import Demand, demand_of, plan
from fogline.snapshot import Snapshot

EXIT_UNPLACEABLE = 1

_EXIT_CODES = """\b
Exit codes:
  0  every replica has a node
  1  some replica has none
  2  bad input; standard error names file and line
"""


@click.command(name="plan", epilog=_EXIT_CODES)
@click.option(
    "-f",
    "--filename",
    "sources",
    multiple=True,
    required=True,
    metavar="FILE",
    help="YAML or JSON with Nodes, NodeProfiles, Pods and ModelDeployments, or lists of them; - is standard"
    " input. Repeatable.",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "json", "yaml"]),
    default="table",
    show_default=True,
    help="How to write the plan.",
)
@click.option(
    "--optimise",
    is_flag=True,
    help="Place the replicas of all models together, and say how far from the best possible the plan may be."
    " Needs the extra optimiser.",
)
@click.pass_context
def command(ctx: click.Context, sources: tuple[str, ...], output: str, *, optimise: bool) -> None:
    """Say where replicas would run, what they cost, and why not elsewhere.

    The decision is the one that the operator would make, but no cluster is asked or changed. With --optimise
    replicas in place may move as well, where that saves money or lets others run.

    Pods with a node take room there; those of a ModelDeployment (labels fogline.dev/model and
    fogline.dev/variant) are replicas in place. A Node without conditions counts as Ready. Settings of the
    operator, such as FOGLINE_REGION_LABEL, are read from the environment.
    """
    found = take_inventory(
        chain.from_iterable(map(files.read, sources)),
        from_environment(),
        now(),
        lambda text: click.echo(f"fogline: {text}", err=True),
    )
    if not found.models:
        raise BadInputError("there is no ModelDeployment in the files, so there is nothing to plan")
    demands = [demand_of(model) for model in found.models]
    told = (_optimised if optimise else _in_turn)(demands, found.snapshot)
    click.echo(render(told, output))
    if told.unplaceable:
        ctx.exit(EXIT_UNPLACEABLE)


def _in_turn(demands: Sequence[Demand], snapshot: Snapshot) -> Report:
    return report(plan(demands, snapshot), snapshot)


def _optimised(demands: Sequence[Demand], snapshot: Snapshot) -> Report:
    try:
        from fogline.placement.optimiser import optimise  # noqa: PLC0415  an extra that need not be there
    except ModuleNotFoundError as error:
        raise MissingExtraError("optimiser", "--optimise") from error
    return report_optimised(optimise(demands, snapshot), snapshot)
