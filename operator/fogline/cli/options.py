"""Options that several commands have, each group gathered into one value."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from fogline.cli.output import FEW
from fogline.errors import BadInputError

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Where:
    """How to connect to a live cluster: without anything as kubectl would."""

    kubeconfig: Path | None = None
    context: str | None = None


def takes_connection(command: Command) -> Command:
    """Let a command connect to a live cluster, as the argument ``where``."""

    @click.option("--kubeconfig", type=click.Path(path_type=Path), help="File to connect with.")
    @click.option("--context", help="Context of the kubeconfig.")
    @wraps(command)
    def gathered(*args: Any, kubeconfig: Path | None, context: str | None, **others: Any) -> Any:
        return command(*args, where=Where(kubeconfig, context), **others)

    return gathered


@dataclass(frozen=True, slots=True)
class Given:
    """Where the cluster is that a command is about: in files, or live."""

    sources: tuple[str, ...]
    """Files; none for a live cluster."""
    where: Where
    namespace: str | None = None
    """The one that is told of; None for all of them."""


def takes_cluster(command: Command) -> Command:
    """Let a command take files or a live cluster, as the argument ``given``."""

    @click.option(
        "-f",
        "--filename",
        "sources",
        multiple=True,
        metavar="FILE",
        help="YAML or JSON with Nodes, NodeProfiles, Pods and ModelDeployments, or lists of them, as from"
        " kubectl get nodes,nodeprofiles,pods,modeldeployments -A -o json; - is standard input. Repeatable."
        " Without it: the live cluster.",
    )
    @takes_connection
    @wraps(command)
    def gathered(*args: Any, sources: tuple[str, ...], where: Where, **others: Any) -> Any:
        if sources and where != Where():
            raise BadInputError("give files with -f, or a cluster with --kubeconfig or --context, not both")
        return command(*args, given=Given(sources, where), **others)

    return gathered


@dataclass(frozen=True, slots=True)
class Named:
    """The ModelDeployment that a command is about."""

    name: str
    namespace: str | None
    """None for the one that is meant when a user names none."""


def takes_model(command: Command) -> Command:
    """Let a command take the name of a ModelDeployment, as the argument ``named``."""

    @click.argument("name", metavar="MODEL", shell_complete=model_names_of)
    @click.option(
        "-n",
        "--namespace",
        help="Namespace of the ModelDeployment; without it: that of the kubeconfig, default for files.",
    )
    @wraps(command)
    def gathered(*args: Any, name: str, namespace: str | None, **others: Any) -> Any:
        return command(*args, named=Named(name, namespace), **others)

    return gathered


def model_names_of(ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Give the names of the ModelDeployments that begin so; none where the cluster does not answer."""
    from fogline.cli.names import model_names  # noqa: PLC0415  the client of the API server loads slowly

    given = ctx.params
    where = Where(given.get("kubeconfig"), given.get("context"))
    return [
        CompletionItem(name) for name in model_names(where, given.get("namespace")) if name.startswith(begun)
    ]


def takes_namespace(command: Command) -> Command:
    """Let a command that takes a cluster tell of one namespace only, as a part of ``given``."""

    @click.option("-n", "--namespace", help="Tell only of ModelDeployments of this namespace.")
    @click.option("-A", "--all-namespaces", is_flag=True, help="Tell of all of them, which is the default.")
    @wraps(command)
    def gathered(*args: Any, given: Given, namespace: str | None, all_namespaces: bool, **others: Any) -> Any:
        if namespace and all_namespaces:
            raise BadInputError("give one namespace with -n, or all of them with -A, not both")
        return command(*args, given=replace(given, namespace=namespace), **others)

    return gathered


_OUTPUTS = {
    "wide": "wide has every column, and shortens and folds nothing",
    "name": "name is one kind.group/name in each line, as other commands take it",
}
"""Ways to write an answer that do not explain themselves."""


def takes_output(*ways: str) -> Callable[[Command], Command]:
    """Let a command take how to write the answer, as the argument ``output``: the first way unless told."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(ways),
        default=ways[0],
        show_default=True,
        help="; ".join(["How to write the answer", *(_OUTPUTS[way] for way in ways if way in _OUTPUTS)])
        + ".",
    )


def takes_details(command: Command) -> Command:
    """Let a command take whether to show everything however much it is, as the argument ``details``."""
    return click.option(
        "--details",
        is_flag=True,
        help=f"Show everything in the table, also where it is more than {FEW} lines.",
    )(command)
