"""A sparse matrix of rows with limits, put together block by block."""

import numpy as np

from fogline.placement.optimiser.problem import Floats, Ints

Entries = tuple[Ints, Ints, Floats]
"""Row within the block, column, value."""


class Matrix:
    """Rows of a program, each with what its sum may be."""

    def __init__(self) -> None:
        self.rows = 0
        self._entries: list[Entries] = []
        self._bounds: list[tuple[Floats, Floats]] = []

    def add(self, *blocks: Entries, upper: Floats, lower: Floats | None = None) -> None:
        """Add as many rows as there are limits.

        Parameters
        ----------
        lower
            Absent: none.
        """
        for rows, columns, values in blocks:
            there = values != 0
            self._entries.append((rows[there] + self.rows, columns[there], values[there]))
        self._bounds.append((np.full(len(upper), -np.inf) if lower is None else lower, upper))
        self.rows += len(upper)

    def bounds(self) -> tuple[Floats, Floats]:
        """Give the least and the most of each row."""
        lower, upper = zip(*self._bounds, strict=True)
        return np.concatenate(lower), np.concatenate(upper)

    def by_row(self) -> tuple[Ints, Ints, Floats]:
        """Give where each row starts, the columns of its entries, and their values."""
        rows, columns, values = (np.concatenate(part) for part in zip(*self._entries, strict=True))
        order = np.lexsort((columns, rows))
        starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=self.rows))])
        return starts, columns[order], values[order]
