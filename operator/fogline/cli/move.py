"""``fogline move``: ask for a replica of a model to go to a node."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

import click
from click.shell_completion import CompletionItem

from fogline import observe
from fogline.api import MoveResult, PastMove, history_of, parse
from fogline.cli.clock import now
from fogline.cli.cluster import ask, read_inventory
from fogline.cli.command import Command
from fogline.cli.given import warn
from fogline.cli.lookup import find_model, refuse_unknown
from fogline.cli.moving import Chosen, Wish, choose, requests_with
from fogline.cli.names import node_names
from fogline.cli.options import Command as Function
from fogline.cli.options import Named, Where, takes_connection, takes_model, takes_output
from fogline.cli.output import write
from fogline.cli.writing import Operations, change_model
from fogline.cluster.client import Client
from fogline.cluster.documents import Document
from fogline.cluster.kinds import MODEL_DEPLOYMENTS, PODS
from fogline.conditions import ConditionType
from fogline.config import from_environment
from fogline.disruption.explain import say_held
from fogline.names import MODEL_LABEL, MOVE_PREFIX, REQUESTED_MOVES_ANNOTATION, ModelKey
from fogline.observe import model_key

EXIT_REFUSED = 1
LOOK_SECONDS = 1.0
GONE = timedelta(seconds=15)
"""The history tells of a move at most so long after its pods are seen last."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, and what has become of it."""

    model: ModelKey
    chosen: Chosen | None
    refusal: str = ""
    ended: PastMove | None = None


def _node_names(ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    where = Where(ctx.params.get("kubeconfig"), ctx.params.get("context"))
    return [CompletionItem(name) for name in node_names(where) if name.startswith(begun)]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the options say."""

    target: str
    source: str | None
    seconds: int


def _takes_nodes(function: Function) -> Function:
    """Let the command take where from and where to, as the argument ``wanted``."""

    @click.option(
        "--to", "target", metavar="NODE", required=True, shell_complete=_node_names, help="Where to."
    )
    @click.option(
        "--from",
        "source",
        metavar="NODE",
        shell_complete=_node_names,
        help="The replica on this node; without it the one that counts most where it is.",
    )
    @click.option(
        "--timeout",
        "seconds",
        type=click.IntRange(min=1),
        default=900,
        show_default=True,
        help="Seconds after which the request is worth nothing; a move that has begun goes on.",
    )
    @wraps(function)
    def gathered(*args: Any, target: str, source: str | None, seconds: int, **others: Any) -> Any:
        return function(*args, wanted=_Wanted(target, source, seconds), **others)

    return gathered


@click.command(
    name="move",
    cls=Command,
    examples=[
        ("one replica to that node, wherever it is now", "move digits --to edge-2"),
        ("the one on edge-1, and wait until it has moved", "move digits --from edge-1 --to edge-2 --wait"),
    ],
    exit_codes={
        0: "the move is asked for; with --wait: it is completed",
        1: "the node, a rule or the model refuses it; with --wait also: it was aborted, or its time is up",
    },
)
@takes_model
@_takes_nodes
@click.option("--wait", is_flag=True, help="Wait until the move has ended.")
@takes_connection
@takes_output("text", "name", "json", "yaml")
@click.pass_context
def command(
    ctx: click.Context, named: Named, wanted: _Wanted, where: Where, output: str, *, wait: bool
) -> None:
    """Ask for a replica of a model to go to a node.

    The operator carries it out like any move: the replacement is Ready before the old replica goes, and
    budgets count. Requirements hold: a node that refuses the model refuses the request. It is carried out
    also with rebalancing.mode DryRun and Disabled, and needs to save nothing. After the cool-down Fogline may
    move the replica again if that saves enough; the annotation fogline.dev/do-not-move keeps it there.

    The request is the annotation fogline.dev/requested-moves of the ModelDeployment.
    """

    async def run(client: Client, namespace: str) -> _Asked:
        asked = await _ask(client, namespace, named, wanted)
        return await _outcome(client, asked) if wait and asked.chosen else asked

    asked = ask(where, run)
    write(output, _document(asked), [_line(asked)], [MODEL_DEPLOYMENTS.reference(asked.model.name)])
    if asked.refusal or (asked.ended and asked.ended.result is not MoveResult.COMPLETED):
        ctx.exit(EXIT_REFUSED)


async def _ask(client: Client, namespace: str, named: Named, wanted: _Wanted) -> _Asked:
    found = await read_inventory(client, namespace, from_environment(), warn)
    model, nodes, at = find_model(found, named), found.snapshot.by_name, now()
    refuse_unknown("node", filter(None, (wanted.target, wanted.source)), nodes)
    replicas = [one for one in map(observe.to_replica, found.pods) if one and one.model == model_key(model)]
    until = at.replace(microsecond=0) + timedelta(seconds=wanted.seconds)
    chosen = choose(model, found.snapshot, replicas, Wish(nodes[wanted.target], wanted.source, until), at)
    key = model_key(model)
    if not isinstance(chosen, Chosen):
        return _Asked(key, None, say_held((chosen,)))
    await change_model(client, key.namespace, key.name, lambda live: _with(live, chosen, at))
    return _Asked(key, chosen)


def _with(live: Document, chosen: Chosen, at: datetime) -> Operations:
    notes = live["metadata"].get("annotations", {})
    value = {**notes, REQUESTED_MOVES_ANNOTATION: requests_with(notes, chosen.request, at)}
    return [{"op": "add", "path": "/metadata/annotations", "value": value}]


async def _outcome(client: Client, asked: _Asked) -> _Asked:
    """Wait until the move has ended, or nothing will come of the request any more."""
    assert asked.chosen  # noqa: S101  nothing else is waited for
    request, told, seen = asked.chosen.request, "", now()
    while True:
        model = parse(await client.get(MODEL_DEPLOYMENTS, *asked.model))
        for past in history_of(model.status):
            if past.id == request.move_id:
                return _Asked(asked.model, asked.chosen, ended=past)
        conditions = model.status.conditions if model.status else ()
        state = next((one.message for one in conditions if one.type == ConditionType.REBALANCING), "")
        if state and state != told:
            told = state
            warn(state)
        if await _may_still_move(client, asked):
            seen = now()
        elif now() - seen > GONE:
            return _Asked(asked.model, asked.chosen, f"nothing came of it: {state or 'no operator?'}")
        await asyncio.sleep(LOOK_SECONDS)


async def _may_still_move(client: Client, asked: _Asked) -> bool:
    """Tell whether the move runs, or its time is not up and the replica is still there."""
    assert asked.chosen  # noqa: S101  nothing else is waited for
    request, key = asked.chosen.request, asked.model
    pods = await client.list(PODS, namespace=key.namespace, label_selector=f"{MODEL_LABEL}={key.name}")
    known = [pod["metadata"] for pod in pods.items]
    if any(one.get("annotations", {}).get(f"{MOVE_PREFIX}id") == request.move_id for one in known):
        return True
    return now() <= request.until and any(one["name"] == request.pod for one in known)


def _line(asked: _Asked) -> str:
    if asked.chosen is None:
        return f"{asked.model}: {asked.refusal}"
    replica, request = asked.chosen.replica, asked.chosen.request
    words = f"{asked.model}: {replica.name} from {replica.node} to {request.target}"
    if asked.refusal:
        return f"{words}: {asked.refusal}"
    if asked.ended is None:
        return f"{words}: asked for as move {request.move_id}, until {request.until:%H:%M:%S} UTC"
    why = f": {asked.ended.message}" if asked.ended.message else ""
    return f"{words}: {asked.ended.result.value} after {asked.ended.seconds} s{why}"


def _document(asked: _Asked) -> dict[str, Any]:
    chosen, ended = asked.chosen, asked.ended
    return {
        "model": str(asked.model),
        "pod": chosen.replica.name if chosen else None,
        "from": chosen.replica.node if chosen else None,
        "to": chosen.request.target if chosen else None,
        "id": chosen.request.move_id if chosen else None,
        "until": f"{chosen.request.until:%Y-%m-%dT%H:%M:%SZ}" if chosen else None,
        "refusal": asked.refusal or None,
        "result": ended.result.value if ended else None,
        "message": ended.message if ended else None,
        "seconds": ended.seconds if ended else None,
    }
