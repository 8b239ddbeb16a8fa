"""Disruption: which replicas move, when, and how far each move is. Pure: same input, same answer."""

from fogline.disruption.admit import Admission
from fogline.disruption.budgets import Purse, Purses, Running, purse_of
from fogline.disruption.bundles import Bundle, Step, Worth, bundles_of, has_room, judge, propose
from fogline.disruption.drains import Blocked, Drains, drains
from fogline.disruption.forced import forced_moves, has_to_leave
from fogline.disruption.health import is_outage
from fogline.disruption.hold import Held, Moment, hold
from fogline.disruption.needed import no_longer_forced
from fogline.disruption.overload import Standing, crowded_out
from fogline.disruption.progress import Ended, Progress, Terms, follow
from fogline.disruption.proposals import Proposal, urgency
from fogline.disruption.requests import (
    MoveRequest,
    move_requests,
    place_on,
    requested_moves,
    unreadable_requests,
)
from fogline.disruption.roles import Underway
from fogline.disruption.room import claim, obstacle, release
from fogline.disruption.stand_ins import Link, StandIns, Wanted, present, stand_ins
from fogline.disruption.stay import longest_stay, unreadable
from fogline.disruption.worth import Search

__all__ = [
    "Admission",
    "Blocked",
    "Bundle",
    "Drains",
    "Ended",
    "Held",
    "Link",
    "Moment",
    "MoveRequest",
    "Progress",
    "Proposal",
    "Purse",
    "Purses",
    "Running",
    "Search",
    "StandIns",
    "Standing",
    "Step",
    "Terms",
    "Underway",
    "Wanted",
    "Worth",
    "bundles_of",
    "claim",
    "crowded_out",
    "drains",
    "follow",
    "forced_moves",
    "has_room",
    "has_to_leave",
    "hold",
    "is_outage",
    "judge",
    "longest_stay",
    "move_requests",
    "no_longer_forced",
    "obstacle",
    "place_on",
    "present",
    "propose",
    "purse_of",
    "release",
    "requested_moves",
    "stand_ins",
    "unreadable",
    "unreadable_requests",
    "urgency",
]
