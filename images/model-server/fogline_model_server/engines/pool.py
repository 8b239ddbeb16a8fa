"""A pool of interpreters that grows when calls overlap."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import LifoQueue

from fogline_model_server.engines.interpreter import Interpreter


class Pool:
    """Interpreters of one model; callers wait while all are busy.

    Parameters
    ----------
    first
        An interpreter that is there already.
    make
        Makes another one.
    size
        How many there may be at the same time.

    """

    def __init__(self, first: Interpreter, make: Callable[[], Interpreter], size: int) -> None:
        self._make = make
        # None is an interpreter still to be made. The last one in is the first one out, so a second one is
        # made only when two calls overlap.
        self._free: LifoQueue[Interpreter | None] = LifoQueue()
        for _ in range(size - 1):
            self._free.put(None)
        self._free.put(first)
        self.size = size

    @contextmanager
    def interpreter(self) -> Iterator[Interpreter]:
        """Lend an interpreter. One that fails half-way is not used again."""
        lent = self._free.get()
        reusable = None
        try:
            lent = lent or self._make()
            yield lent
            reusable = lent
        finally:
            self._free.put(reusable)
