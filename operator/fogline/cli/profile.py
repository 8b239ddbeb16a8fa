"""``fogline profile``: NodeProfiles to begin with."""

import json

import click

from fogline.cli.command import Command
from fogline.cli.given import read, warn
from fogline.cli.options import Given, takes_cluster
from fogline.cli.suggest import as_yaml, suggest


@click.group(name="profile")
def command() -> None:
    """Write NodeProfiles to begin with."""


@command.command(
    name="nodes",
    cls=Command,
    examples=[
        ("write them, fill in what only you know, and apply them", "profile nodes > profiles.yaml"),
        ("for a program", "profile nodes -o json"),
    ],
    exit_codes={0: "done"},
)
@takes_cluster
@click.option(
    "-o",
    "--output",
    type=click.Choice(["yaml", "json", "name"]),
    default="yaml",
    show_default=True,
    help="How to write them; only YAML has comments about what is to be filled in.",
)
def nodes(given: Given, output: str) -> None:
    """Write NodeProfiles from what the cluster shows of its nodes: one for each price, one for each site.

    Nodes are grouped by what a price depends on (instance type, how it is bought, region) and by site (zone).
    What labels say of them already is taken over; what nobody knows is a comment to fill in. Nothing is
    written to the cluster: kubectl apply does that. NodeProfiles that are there already are left out.
    """
    found = read(given)
    suggestions = suggest(found.snapshot.nodes, found.profiles)
    if not suggestions:
        warn("nothing to suggest: nodes have no labels of type, region and zone, or there are NodeProfiles")
        return
    if output == "name":
        names = (one.document["metadata"]["name"] for one in suggestions)
        click.echo("\n".join(f"nodeprofile.fogline.dev/{name}" for name in names))
    elif output == "json":
        items = [one.document for one in suggestions]
        click.echo(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=2))
    else:
        click.echo("\n".join(as_yaml(suggestions)))
