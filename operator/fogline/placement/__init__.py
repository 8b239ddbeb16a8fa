"""Placement: which replica runs on which node, and why not elsewhere. Pure: same input, same answer."""

from fogline.placement.alternatives import Alternative, alternatives, judge, judge_all, offer_in_place
from fogline.placement.answers import Assignment, Counterfactual, Offer, Refused, Rejection, Unplaceable
from fogline.placement.decide import (
    Decision,
    Misplaced,
    decide,
    find_misplaced,
    place_waiting,
    policy_refusals,
)
from fogline.placement.demand import Demand, demand_of
from fogline.placement.place import assume, place
from fogline.placement.plan import Plan, plan, turn
from fogline.placement.requirements import Option, refusals
from fogline.placement.usage import Usage

__all__ = [
    "Alternative",
    "Assignment",
    "Counterfactual",
    "Decision",
    "Demand",
    "Misplaced",
    "Offer",
    "Option",
    "Plan",
    "Refused",
    "Rejection",
    "Unplaceable",
    "Usage",
    "alternatives",
    "assume",
    "decide",
    "demand_of",
    "find_misplaced",
    "judge",
    "judge_all",
    "offer_in_place",
    "place",
    "place_waiting",
    "plan",
    "policy_refusals",
    "refusals",
    "turn",
]
