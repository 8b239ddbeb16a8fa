"""``fogline profile``: NodeProfiles to begin with."""

import click

from fogline.cli.command import Command
from fogline.cli.given import read, warn
from fogline.cli.options import Given, takes_cluster, takes_output
from fogline.cli.output import write
from fogline.cli.suggest import as_yaml, suggest
from fogline.cluster.kinds import NODE_PROFILES


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
@takes_output("yaml", "json", "name")
def nodes(given: Given, output: str) -> None:
    """Write NodeProfiles from what the cluster shows of its nodes: one for each price, one for each site.

    Nodes are grouped by what a price depends on (instance type, how it is bought, region) and by site (zone).
    What labels say of them already is taken over; what nobody knows is a comment to fill in, with -o yaml.
    Nothing is written to the cluster: kubectl apply does that. NodeProfiles that are there already are left
    out.
    """
    found = read(given)
    suggestions = suggest(found.snapshot.nodes, found.profiles)
    if not suggestions:
        warn("nothing to suggest: nodes have no labels of type, region and zone, or there are NodeProfiles")
        return
    if output == "yaml":  # with the comments, which no document has
        click.echo("\n".join(as_yaml(suggestions)))
        return
    items = [one.document for one in suggestions]
    names = (NODE_PROFILES.reference(item["metadata"]["name"]) for item in items)
    write(output, {"apiVersion": "v1", "kind": "List", "items": items}, (), names)
