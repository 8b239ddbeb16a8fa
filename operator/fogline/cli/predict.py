"""``fogline predict``: send a request to a model and print its answer."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from fogline.api import parse
from fogline.cli.cluster import ask
from fogline.cli.command import Command
from fogline.cli.options import Named, Where, takes_connection, takes_model
from fogline.cli.writing import read_model
from fogline.cluster.client import Client
from fogline.cluster.kinds import SERVICES
from fogline.cluster.transport import Call
from fogline.errors import ApiError, BadInputError

EXIT_REFUSED = 1
PORT = "rest"
"""Name of the port of the Service; the API server connects to a Ready replica behind it."""


@click.command(
    name="predict",
    cls=Command,
    examples=[
        ("one row", "predict digits '[[0.1, 0.2]]'"),
        ("a request in the words of TensorFlow Serving", "predict digits '{\"instances\": [[0.1, 0.2]]}'"),
        ("from a file, and a certain version of the model", "predict digits @request.json --version 2"),
    ],
    exit_codes={0: "the model answered", 1: "no replica is Ready, or the model refuses the request"},
)
@takes_model
@click.argument("data")
@click.option(
    "--version", type=click.IntRange(min=0), help="Version of the model; without it the latest one."
)
@takes_connection
@click.pass_context
def command(ctx: click.Context, named: Named, data: str, version: int | None, where: Where) -> None:
    """Send a Predict request (TensorFlow Serving, REST) to a model and print the answer as JSON.

    DATA is a whole request, or its instances as a list; @FILE reads it from a file, - from standard input. It
    goes through the API server to the Service of the model, so it works from outside of the cluster, and
    takes the right to create services/proxy. It is for trying a model out: clients use the Service.
    """
    request = read_request(data)

    async def run(client: Client, namespace: str) -> bytes:
        model = parse(await read_model(client, named, namespace))
        meta, name = model.metadata, (model.spec.model and model.spec.model.name) or model.metadata.name
        chosen = "" if version is None else f"/versions/{version}"
        path = SERVICES.path(meta.namespace, f"{meta.name}:{PORT}", "proxy")
        return await client.through(
            Call("POST", f"{path}/v1/models/{name}{chosen}:predict", body=request, idempotent=False)
        )

    try:
        answer = json.loads(ask(where, run))
    except ApiError as error:
        if error.status == 0:  # nobody answered
            raise
        click.echo(f"fogline: the model does not answer: {error}", err=True)
        ctx.exit(EXIT_REFUSED)
    click.echo(json.dumps(answer, indent=2))


def read_request(data: str) -> dict[str, Any]:
    """Read a request from what a user gave: JSON, ``@FILE``, or ``-``.

    Raises
    ------
    BadInputError
        It is no JSON, or neither a request nor a list of instances.
    """
    text = _text(data)
    try:
        request = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInputError(f"the request is no JSON: {error}") from error
    if isinstance(request, list):
        return {"instances": request}
    if isinstance(request, dict) and ("instances" in request) != ("inputs" in request):
        return request
    raise BadInputError(
        "the request must be a list of instances, or an object with either instances or inputs"
    )


def _text(data: str) -> str:
    if data == "-":
        return sys.stdin.read()
    if not data.startswith("@"):
        return data
    try:
        return Path(data[1:]).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{data[1:]} cannot be read: {error}") from error
