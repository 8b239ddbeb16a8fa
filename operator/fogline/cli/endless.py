"""Documents that are small as text and endless when written out: aliases of YAML, and nesting."""

from typing import Any, NamedTuple

from fogline.errors import BadInputError

_DEEPEST = 100
"""Levels of nesting. Objects of Kubernetes have about twenty; Python gives up at some hundreds."""
_MOST_ALIASED = 1_000_000
"""Values that aliases may add to those that the text holds."""


class _Extent(NamedTuple):
    values: int
    """With everything inside, aliases written out."""
    levels: int
    held: int
    """Values directly inside."""


def refuse_endless(document: Any) -> None:
    """Refuse a document that is much larger than its text, or too deep to walk through.

    Raises
    ------
    BadInputError
        It is nested too deeply, contains itself, or its aliases stand for too much.
    """
    seen: dict[int, _Extent] = {}
    whole = _extent(document, _DEEPEST, seen).values
    held = 1 + sum(one.held for one in seen.values())
    if whole > held + _MOST_ALIASED:
        raise BadInputError(f"stands for {whole} values through its aliases; write them out or use fewer")


def _extent(value: Any, levels_left: int, seen: dict[int, _Extent]) -> _Extent:
    """Measure a value; what is met again is an alias, and measured already."""
    if not isinstance(value, dict | list):
        return _Extent(1, 0, 0)
    found = seen.get(id(value))
    if (found.levels if found else 1) > levels_left:
        raise BadInputError(f"is nested more than {_DEEPEST} levels deep, or contains itself")
    if found is None:
        parts = value.values() if isinstance(value, dict) else value
        inner = [_extent(part, levels_left - 1, seen) for part in parts]
        levels = 1 + max((one.levels for one in inner), default=0)
        found = seen[id(value)] = _Extent(1 + sum(one.values for one in inner), levels, len(inner))
    return found
