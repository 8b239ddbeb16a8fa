"""``fogline completion``: what a shell needs to complete our commands, options and the names of models."""

import sys

import click
from click.shell_completion import CompletionItem, ShellComplete, get_completion_class

from fogline.cli import COMPLETE_VARIABLE, main
from fogline.cli.command import Command

SHELLS = ("bash", "zsh", "fish")
_NO_FILES, _FILES = ":4", ":0"
"""What kubectl wants as the last line: whether file names would do as well (cobra: ShellCompDirective)."""


@click.command(
    name="completion",
    cls=Command,
    examples=[
        ("in this bash, and in every new one", "completion bash > ~/.fogline.bash && . ~/.fogline.bash"),
        ("in fish, for good", "completion fish > ~/.config/fish/completions/fogline.fish"),
    ],
    exit_codes={0: "done"},
)
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Write the completion script of a shell to standard output.

    As a plugin, kubectl fogline is completed by kubectl's own completion; nothing is to be done for that but
    to have kubectl_complete-fogline on the PATH, which is installed beside kubectl-fogline.
    """
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101  click knows all of SHELLS
    script = kind.source_template % kind(main, {}, "fogline", COMPLETE_VARIABLE).source_vars()
    click.echo(script.strip())


def complete_for_kubectl() -> None:
    """Answer kubectl: one line for each way to go on, then what else would do."""
    *before, incomplete = sys.argv[1:] or [""]
    items = ShellComplete(main, {}, "kubectl fogline", COMPLETE_VARIABLE).get_completions(before, incomplete)
    for item in items:
        if item.type == "plain":
            click.echo(_line(item))
    click.echo(_FILES if any(item.type != "plain" for item in items) else _NO_FILES)


def _line(item: CompletionItem) -> str:
    return f"{item.value}\t{item.help}" if item.help else str(item.value)
