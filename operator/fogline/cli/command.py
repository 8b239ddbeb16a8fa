"""A command whose help ends with examples and with what its exit codes mean."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import click

BAD_INPUT = {2: "bad input: standard error says what and where; no cluster, or the API server refuses"}
"""What exit code 2 means in every command."""


class Example(NamedTuple):
    """A command line that somebody may copy."""

    purpose: str
    arguments: str
    """As typed after the name of the program."""


class Command(click.Command):
    """A command of ours.

    Parameters
    ----------
    examples
        Shown in the help under the name that the program was called by.
    exit_codes
        What each one means; 2 is added.
    """

    def __init__(
        self, *args: Any, examples: Sequence[Example], exit_codes: Mapping[int, str], **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self.examples = tuple(Example(*one) for one in examples)
        self.exit_codes = dict(sorted({**exit_codes, **BAD_INPUT}.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write examples and exit codes."""
        program = ctx.find_root().info_name
        with formatter.section("Examples"):
            for purpose, arguments in self.examples:
                formatter.write(f"  # {purpose}\n  {program} {arguments}\n")
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in self.exit_codes.items()])
