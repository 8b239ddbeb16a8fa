"""Thirty days of a cluster in which things happen, with moves, without moves, and with a descheduler.

It runs in memory with a clock of its own, on the operator's own decisions; it claims nothing about an API
server. ``DAYS`` and ``NODES`` in the environment change the size, which is 30 and 500.
"""

from bench.moves.command import main

__all__ = ["main"]
