"""``fogline explain``: why the replicas of a model are where they are, and why not elsewhere."""

import click

from fogline import observe
from fogline.cli.command import Command
from fogline.cli.explanation import Question, explain
from fogline.cli.explanation_report import document, lines, names
from fogline.cli.given import read
from fogline.cli.lookup import find_model, refuse_unknown
from fogline.cli.options import Given, Named, takes_cluster, takes_details, takes_model, takes_output
from fogline.cli.output import FEW, write
from fogline.observe import model_key

EXIT_WAITING = 1


@click.command(
    name="explain",
    cls=Command,
    examples=[
        ("where the replicas of a model are, and why", "explain digits"),
        ("why not on that node, and what would have to change", "explain digits -n shop --why-not edge-2"),
        ("from a saved cluster, for a program", "explain digits -f dump.json -o json"),
    ],
    exit_codes={0: "every replica has a node", 1: "some replica has none"},
)
@takes_model
@click.option(
    "--why-not",
    metavar="NODE",
    help="Set this node against the ones that replicas are on, and say what would have to change.",
)
@takes_cluster
@takes_output("table", "wide", "name", "json", "yaml")
@takes_details
@click.pass_context
def command(
    ctx: click.Context, named: Named, why_not: str | None, given: Given, output: str, *, details: bool
) -> None:
    """Say where the replicas of a model are, what each costs, and why they are not elsewhere."""
    found = read(given)
    model, nodes = find_model(found, named), found.snapshot.by_name
    refuse_unknown("node", [why_not] if why_not else [], nodes)
    replicas = (observe.to_replica(pod) for pod in found.pods)
    own = [one for one in replicas if one and one.model == model_key(model) and one.alive]
    question = Question(details or len(nodes) <= FEW, nodes[why_not] if why_not else None)
    explanation = explain(model, found.snapshot, own, question)
    write(output, document(explanation), lines(explanation, None if details else FEW), names(explanation))
    if explanation.waiting:
        ctx.exit(EXIT_WAITING)
