"""How text looks on a terminal: colours where they are wanted, lines no longer than they fit."""

import os
import shutil
import sys
from collections.abc import Iterator
from textwrap import wrap

import click

NARROW = 80
"""Characters of a line where there is no terminal that says otherwise."""


def paint(text: str, colour: str) -> str:
    """Colour a text that says the same without: on a terminal only, and never where NO_COLOR is set.

    https://no-color.org: any value counts but the empty one.
    """
    wanted = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return click.style(text, fg=colour) if wanted else text


def terminal_width() -> int | None:
    """Give the characters of a line of the terminal; None where standard output is none."""
    return _columns() if sys.stdout.isatty() else None


def folded(text: str, indent: str) -> Iterator[str]:
    """Write a text in lines that fit, each after an indent; a long word is not broken."""
    width = max(_columns(), NARROW // 2)
    lines = wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    yield from lines


def _columns() -> int:
    return shutil.get_terminal_size((NARROW, 24)).columns
