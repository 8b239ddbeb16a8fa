"""A pool of interpreters that grows when calls overlap."""

from collections.abc import Callable
from threading import Condition
from types import TracebackType

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
        self._free: list[Interpreter | None] = [*([None] * (size - 1)), first]
        self._changed = Condition()
        self._waiting = 0
        self.size = size

    @property
    def made(self) -> int:
        """Return how many interpreters there are now."""
        with self._changed:
            return self.size - self._free.count(None)

    @property
    def busy(self) -> int:
        """Return how many are lent now."""
        with self._changed:
            return self.size - len(self._free)

    def interpreter(self) -> "_Loan":
        """Lend an interpreter, in a ``with`` statement. One that fails half-way is not used again."""
        return _Loan(self)

    def take(self) -> Interpreter:
        """Wait for an interpreter and take it out."""
        with self._changed:
            while not self._free:
                self._waiting += 1
                self._changed.wait()
                self._waiting -= 1
            taken = self._free.pop()
        if taken is None:
            try:
                return self._make()
            except BaseException:
                self.give(None)
                raise
        return taken

    def give(self, interpreter: Interpreter | None) -> None:
        """Put an interpreter back, or None for one that must be made anew."""
        with self._changed:
            self._free.append(interpreter)
            if self._waiting:
                self._changed.notify()


class _Loan:
    """A context manager; as a class, since a generator would take as long as a small model."""

    __slots__ = ("_interpreter", "_pool")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def __enter__(self) -> Interpreter:
        self._interpreter = self._pool.take()
        return self._interpreter

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.give(self._interpreter if error is None else None)
