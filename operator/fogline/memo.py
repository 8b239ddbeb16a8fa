"""Remembers what was made of objects that never change."""

from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Memo(Generic[K, V]):
    """By identity: as long as somebody asks about the very same objects, what was made of them is the same.

    The objects are kept, so that none of them is taken for one that is gone. What was not asked for longest
    makes place for what is new.

    Parameters
    ----------
    most
        How many answers are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[int, tuple[K, V]] = {}

    def get(self, one: K, make: Callable[[K], V]) -> V:
        """Give what was made of an object, or make it."""
        found = self._known.pop(id(one), None) or (one, make(one))
        self._known[id(one)] = found
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]
        return found[1]
