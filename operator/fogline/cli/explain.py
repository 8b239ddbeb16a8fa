"""``fogline explain``: why the replicas of a model are where they are, and why not elsewhere."""

import json
from pathlib import Path

import click
import yaml

from fogline import observe
from fogline.api import ModelDeployment, parse
from fogline.cli.cluster import ask, read_snapshot
from fogline.cli.explanation import Explanation, document, explain, text
from fogline.cluster.client import Client
from fogline.cluster.kinds import MODEL_DEPLOYMENTS
from fogline.config import from_environment
from fogline.errors import BadInputError, NotFoundError

EXIT_WAITING = 1

_EXIT_CODES = """\b
Exit codes:
  0  every replica has a node
  1  some replica has none
  2  bad input: no such ModelDeployment, no cluster
"""


@click.command(name="explain", epilog=_EXIT_CODES)
@click.argument("name")
@click.option("-n", "--namespace", help="Namespace of the ModelDeployment; default: that of the kubeconfig.")
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="File to connect with.")
@click.option("--context", help="Context of the kubeconfig.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "json", "yaml"]),
    default="table",
    show_default=True,
    help="How to write the explanation.",
)
@click.pass_context
def command(
    ctx: click.Context,
    name: str,
    namespace: str | None,
    kubeconfig: Path | None,
    context: str | None,
    output: str,
) -> None:
    """Say where the replicas of a model are, what each costs, and what every other node would offer."""

    async def question(client: Client, default_namespace: str) -> Explanation:
        model = await _read(client, namespace or default_namespace, name)
        snapshot, pods = await read_snapshot(client, from_environment())
        replicas = (observe.to_replica(pod) for pod in pods)
        key = observe.model_key(model)
        return explain(model, snapshot, [one for one in replicas if one and one.model == key and one.alive])

    found = ask(kubeconfig, context, question)
    match output:
        case "json":
            click.echo(json.dumps(document(found), indent=2))
        case "yaml":
            click.echo(yaml.safe_dump(document(found), sort_keys=False), nl=False)
        case _:
            click.echo("\n".join(text(found)))
    if found.waiting:
        ctx.exit(EXIT_WAITING)


async def _read(client: Client, namespace: str, name: str) -> ModelDeployment:
    try:
        return parse(await client.get(MODEL_DEPLOYMENTS, namespace, name))
    except NotFoundError as error:
        raise BadInputError(f"there is no ModelDeployment {name} in namespace {namespace}") from error
