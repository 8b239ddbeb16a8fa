"""Markdown tables."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, with a line feed at its end."""
    lines = (head, ["---"] * len(head), *rows)
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def escaped(text: str) -> str:
    """Return a plain text as a cell of a table that shows it as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
