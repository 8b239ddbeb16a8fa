"""What checks say."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

FEW = 5
"""Of things that are alike so many are named."""


class Outcome(StrEnum):
    """How a check ended."""

    OK = "OK"
    WARNING = "WARNING"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    check: str
    outcome: Outcome
    message: str
    advice: str = ""
    """What to do; empty when all is well."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong, or may be."""

    outcome: Outcome
    message: str
    advice: str


def error(message: str, advice: str) -> Problem:
    """Say that something is wrong."""
    return Problem(Outcome.ERROR, message, advice)


def warning(message: str, advice: str) -> Problem:
    """Say that something may be wrong."""
    return Problem(Outcome.WARNING, message, advice)


def several(names: Sequence[str]) -> str:
    """Name some of them, and how many more there are."""
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(names[:FEW]) + more
