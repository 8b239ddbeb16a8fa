"""Tables for people: as wide as what is in them, or as the terminal that they are read on. Pure.

Where a table is wider than a terminal, room is made in this order: prose is folded into more lines; names
lose their middle, the longest first; columns that say least are left out, and named below the table; names
get shorter still. Numbers, and words such as reasons, are never cut, however long the line is then.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import zip_longest
from textwrap import wrap

import click

PROSE_WIDTH = 30
"""Characters of a folded line at least."""
NAME_WIDTH, SHORTEST_NAME_WIDTH = 12, 8
"""What is left of a long name at least: before columns are left out for it, and after that."""
_GAP = "  "


class Kind(Enum):
    """What may be done to a column where room is short."""

    NAME = "loses its middle"
    PROSE = "is folded"
    WORD = "stays whole"
    NUMBER = "stays whole, aligned to the right"


@dataclass(frozen=True, slots=True)
class Column:
    """What a column of a table holds."""

    title: str = ""
    kind: Kind = Kind.NAME
    is_wide: bool = False
    """Shown only to those who ask for all columns."""
    is_spare: bool = False
    """Left out where room is short; of several the one farthest to the right goes first."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows and what their columns hold. Where no column has a title there is no header."""

    columns: Sequence[Column]
    rows: Sequence[tuple[str, ...]]
    indent: str = ""
    most: int | None = None
    """Rows that are shown, those beyond are counted; None for all."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A column as it is shown."""

    column: Column
    cells: Sequence[str]
    """With the title, where there is a header."""
    width: int

    def at_most(self, width: int, floor: int) -> "_Shown":
        """Make it narrower, but no narrower than a floor and its title."""
        least = min(self.width, max(floor, len(self.column.title)))
        return replace(self, width=max(least, min(self.width, width)))

    def lines(self) -> Iterator[list[str]]:
        """Write each cell, as one line or as several, each as wide as the column."""
        for cell in self.cells:
            yield [self._padded(line) for line in self._lines(cell)]

    def _lines(self, cell: str) -> list[str]:
        if _length(cell) <= self.width:
            return [cell]
        if self.column.kind is Kind.PROSE:
            return wrap(cell, self.width, break_long_words=False, break_on_hyphens=False)
        return [shortened(cell, self.width)]

    def _padded(self, line: str) -> str:
        padding = " " * (self.width - _length(line))
        return padding + line if self.column.kind is Kind.NUMBER else line + padding


def lay_out(table: Table, *, width: int | None = None, all_columns: bool = False) -> Iterator[str]:
    """Write a table in lines.

    Parameters
    ----------
    width
        Characters that a line should have at most; None for as many as it takes.
    """
    shown = _columns(table, all_columns=all_columns)
    fitted = shown if width is None else _fitted(shown, width - len(table.indent))
    for cells in zip(*(one.lines() for one in fitted), strict=True):
        for parts in zip_longest(*cells):
            padded = (part or " " * one.width for part, one in zip(parts, fitted, strict=True))
            yield (table.indent + _GAP.join(padded)).rstrip()
    if table.most is not None and len(table.rows) > table.most:
        yield and_more(len(table.rows) - table.most)
    titles = {one.column.title for one in fitted}
    if left_out := [one.column.title for one in shown if one.column.title not in titles]:
        yield f"without {', '.join(left_out)}; -o wide shows all"


def and_more(count: int) -> str:
    """Say how many lines are left out."""
    return f"and {count} more; --details shows all"


def shortened(name: str, width: int) -> str:
    """Take out the middle of a name: what tells names apart stands at their ends."""
    if len(name) <= width:
        return name
    head, tail = (width - 1) // 2, width // 2
    return f"{name[:head]}…{name[len(name) - tail :]}"


def _columns(table: Table, *, all_columns: bool) -> list[_Shown]:
    has_header = any(column.title for column in table.columns)
    cells = zip(*table.rows[: table.most], strict=True) if table.rows else ([] for _ in table.columns)
    given = (
        (column, [column.title, *values] if has_header else values)
        for column, values in zip(table.columns, cells, strict=True)
        if all_columns or not column.is_wide
    )
    return [_Shown(column, values, max(map(_length, values), default=0)) for column, values in given]


def _fitted(columns: Sequence[_Shown], width: int) -> list[_Shown]:
    """Make room, in the order of the head of this module."""
    shown = _narrowed(columns, Kind.PROSE, PROSE_WIDTH, width)
    narrow = _narrowed(shown, Kind.NAME, NAME_WIDTH, width)
    while _excess(narrow, width) > 0 and (spare := [one for one in shown if one.column.is_spare]):
        shown = [one for one in shown if one is not spare[-1]]
        narrow = _narrowed(shown, Kind.NAME, NAME_WIDTH, width)
    return _narrowed(narrow, Kind.NAME, SHORTEST_NAME_WIDTH, width)


def _narrowed(columns: Sequence[_Shown], kind: Kind, floor: int, width: int) -> list[_Shown]:
    """Narrow the widest columns of a kind alike, until all fit or none may be narrower."""
    fitting = list(columns)
    for most in range(max((one.width for one in columns), default=0), floor - 1, -1):
        if _excess(fitting, width) <= 0:
            break
        fitting = [one.at_most(most, floor) if one.column.kind is kind else one for one in columns]
    return fitting


def _excess(columns: Sequence[_Shown], width: int) -> int:
    return sum(one.width for one in columns) + len(_GAP) * (len(columns) - 1) - width


def _length(text: str) -> int:
    """Count the characters that are seen: a colour is none."""
    return len(click.unstyle(text))
