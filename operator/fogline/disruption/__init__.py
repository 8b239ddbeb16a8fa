"""Disruption: which replicas move, when, and how far each move is. Pure: same input, same answer."""

from fogline.disruption.admit import Budget, Held, admit
from fogline.disruption.drains import Blocked, Drains, drains
from fogline.disruption.forced import forced_moves
from fogline.disruption.progress import Ended, Progress, Underway, follow
from fogline.disruption.proposals import Proposal
from fogline.disruption.room import claim, obstacle, release

__all__ = [
    "Blocked",
    "Budget",
    "Drains",
    "Ended",
    "Held",
    "Progress",
    "Proposal",
    "Underway",
    "admit",
    "claim",
    "drains",
    "follow",
    "forced_moves",
    "obstacle",
    "release",
]
