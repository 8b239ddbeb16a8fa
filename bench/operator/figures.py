"""One figure as a line, with its goal and the load under which it was measured."""

import os
from collections.abc import Sequence


def tell(what: str, found: str, goal: str) -> None:
    """Print a figure."""
    print(f"{what}: {found} (goal {goal}; load {os.getloadavg()[0]:.1f})", flush=True)


def quantile(seconds: Sequence[float], part: float) -> float:
    """Give what so large a part of the times does not exceed."""
    ordered = sorted(seconds)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]
