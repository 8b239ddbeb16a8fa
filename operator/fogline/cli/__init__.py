"""The command line. Each subcommand is a module that is imported only when it runs."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import PurePath
from typing import Any

import click

from fogline.errors import FoglineError

COMMANDS = {
    "bench": "Send load to a model, and say how fast and how right its answers are.",
    "completion": "Write the completion script of a shell.",
    "doctor": "Say what is wrong with the cluster or the installation, and what to do.",
    "events": "Say what happened to models, in the order of time.",
    "explain": "Say why the replicas of a model are where they are, and why not elsewhere.",
    "move": "Ask for a replica of a model to go to a node.",
    "plan": "Say where replicas would run and why not elsewhere; also what if something were different.",
    "predict": "Send a request to a model and print its answer.",
    "profile": "Write NodeProfiles to begin with, from what the cluster shows.",
    "report": "Write a cluster as it is now as one HTML file: map, cost, latency, reasons, moves.",
    "resume": "Let a suspended model be placed and moved again.",
    "suspend": "Let nothing of a model be placed or moved; what runs goes on.",
    "top": "Say what replicas cost, hold and reach, by tier, site and model.",
}
"""Name, which is also that of the module, and what it does."""

EXIT_BAD_INPUT = 2
COMPLETE_VARIABLE = "_FOGLINE_COMPLETE"
"""Environment variable by which the completion script of a shell asks, whatever the program is called."""


class _LazyGroup(click.Group):
    """Subcommands that cost nothing until they run; errors of ours become one line and exit code 2."""

    def main(self, *args: Any, **more: Any) -> Any:
        names = {"prog_name": program_name(sys.argv[0]), "complete_var": COMPLETE_VARIABLE}
        return super().main(*args, **{**names, **more})

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  the interface of click
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  same
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"{__name__}.{cmd_name}").command
        assert isinstance(command, click.Command)  # noqa: S101  every module of COMMANDS has one
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> None:
        try:
            with _nothing_to_collect():
                super().invoke(ctx)
        except FoglineError as error:
            click.echo(f"fogline: {error}", err=True)
            ctx.exit(EXIT_BAD_INPUT)


def program_name(called_as: str) -> str:
    """Give the name that usage texts show: ``kubectl fogline`` when kubectl runs us as its plugin."""
    return PurePath(called_as).stem.replace("kubectl-fogline", "kubectl fogline")


@contextmanager
def _nothing_to_collect() -> Iterator[None]:
    """Keep the garbage collector from going through a whole cluster again and again: all of it stays."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fogline", message="%(prog)s %(version)s")
def main() -> None:
    """Keep every AI model where it should run, on cloud and edge nodes.

    Exit codes: 0 done, 1 the answer is no (each command says what that means), 2 bad input.
    """
