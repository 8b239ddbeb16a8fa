"""Figures of the operator, on control planes with simulated nodes; each is printed with its goal.

Names choose among them: ``python -m bench.operator moves restart``. In the environment ``IDLE_SECONDS``
shortens the quiet time (600; 300 of ``idle``), ``MODELS`` and ``NODES`` the cluster of the reaction (1,000
and 500) and of ``idle`` (100 and 500), ``BIG_NODES`` and ``BIG_PODS`` that of the restart (5,000 and 28,000).
``dashboard`` measures nothing: it draws docs/dashboard.svg.
"""

import asyncio
from collections.abc import Sequence

from bench.operator import burst, dashboard, idle, moves, reaction, restart, takeover

_FIGURES = {
    "burst": burst.measure,
    "dashboard": dashboard.measure,
    "idle": idle.measure,
    "moves": moves.measure,
    "reaction": reaction.measure,
    "restart": restart.measure,
    "takeover": takeover.measure,
}


def main(names: Sequence[str] = ()) -> None:
    """Measure, and print the figures."""
    for name in names or _FIGURES:
        asyncio.run(_FIGURES[name]())
