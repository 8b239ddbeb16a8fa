"""Options that several commands have, each group gathered into one value."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from fogline.cli.output import FEW
from fogline.errors import BadInputError

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Given:
    """Where the cluster is that a command is about: in files, or live."""

    sources: tuple[str, ...]
    """Files; none for a live cluster."""
    kubeconfig: Path | None
    context: str | None


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
    @click.option("--kubeconfig", type=click.Path(path_type=Path), help="File to connect with.")
    @click.option("--context", help="Context of the kubeconfig.")
    @wraps(command)
    def gathered(
        *args: Any, sources: tuple[str, ...], kubeconfig: Path | None, context: str | None, **others: Any
    ) -> Any:
        if sources and (kubeconfig or context):
            raise BadInputError("give files with -f, or a cluster with --kubeconfig or --context, not both")
        return command(*args, given=Given(sources, kubeconfig, context), **others)

    return gathered


@dataclass(frozen=True, slots=True)
class Named:
    """The ModelDeployment that a command is about."""

    name: str
    namespace: str | None
    """None for the one that is meant when a user names none."""


def takes_model(command: Command) -> Command:
    """Let a command take the name of a ModelDeployment, as the argument ``named``."""

    @click.argument("name")
    @click.option(
        "-n",
        "--namespace",
        help="Namespace of the ModelDeployment; without it: that of the kubeconfig, default for files.",
    )
    @wraps(command)
    def gathered(*args: Any, name: str, namespace: str | None, **others: Any) -> Any:
        return command(*args, named=Named(name, namespace), **others)

    return gathered


def takes_output(command: Command) -> Command:
    """Let a command take how to write the answer, as the argument ``output``."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(["table", "json", "yaml"]),
        default="table",
        show_default=True,
        help="How to write the answer.",
    )(command)


def takes_details(command: Command) -> Command:
    """Let a command take whether to show everything however much it is, as the argument ``details``."""
    return click.option(
        "--details",
        is_flag=True,
        help=f"Show everything in the table, also where it is more than {FEW} lines.",
    )(command)
