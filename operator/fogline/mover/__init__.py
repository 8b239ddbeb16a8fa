"""Starts moves: marks the replicas that should be elsewhere. What follows from a mark is the reconciler's."""

from fogline.mover.loop import Mover
from fogline.mover.planner import Planner

__all__ = ["Mover", "Planner"]
