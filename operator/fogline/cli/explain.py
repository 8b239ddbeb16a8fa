"""``fogline explain``: why the replicas of a model are where they are, and why not elsewhere."""

from difflib import get_close_matches

import click

from fogline import observe
from fogline.api import ModelDeployment
from fogline.cli.explanation import document, explain, text
from fogline.cli.given import read
from fogline.cli.inventory import Inventory
from fogline.cli.options import Given, takes_cluster, takes_output
from fogline.cli.output import write
from fogline.errors import BadInputError
from fogline.names import ModelKey
from fogline.observe import model_key

EXIT_WAITING = 1

_EXIT_CODES = """\b
Exit codes:
  0  every replica has a node
  1  some replica has none
  2  bad input: no such ModelDeployment, no cluster
"""


@click.command(name="explain", epilog=_EXIT_CODES)
@click.argument("name")
@click.option(
    "-n",
    "--namespace",
    help="Namespace of the ModelDeployment; default: that of the kubeconfig, and default for files.",
)
@takes_cluster
@takes_output
@click.pass_context
def command(ctx: click.Context, name: str, namespace: str | None, given: Given, output: str) -> None:
    """Say where the replicas of a model are, what each costs, and what every other node would offer."""
    found = read(given)
    key = ModelKey(namespace or found.namespace, name)
    replicas = (observe.to_replica(pod) for pod in found.pods)
    own = [one for one in replicas if one and one.model == key and one.alive]
    explanation = explain(_model(found, key), found.snapshot, own)
    click.echo(write(output, document(explanation), text(explanation)))
    if explanation.waiting:
        ctx.exit(EXIT_WAITING)


def _model(found: Inventory, key: ModelKey) -> ModelDeployment:
    models = {str(model_key(model)): model for model in found.models}
    if str(key) in models:
        return models[str(key)]
    closest = get_close_matches(str(key), models, n=1, cutoff=0)
    hint = f"; the closest is {closest[0]}" if closest else ""
    raise BadInputError(f"there is no ModelDeployment {key.name} in namespace {key.namespace}{hint}")
