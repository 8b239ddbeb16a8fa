"""Placement: which replica runs on which node, and why not elsewhere. Pure: same input, same answer."""

from fogline.placement.alternatives import (
    Alternative,
    alternatives,
    judge,
    judge_all,
    leaving,
    offer_in_place,
)
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
from fogline.placement.elsewhere import Bargain, bargains, lasting_price, place_elsewhere, price_in_place
from fogline.placement.objective import MOVE_COST
from fogline.placement.overload import Overload, overloads
from fogline.placement.place import assume, place
from fogline.placement.plan import Plan, plan, turn
from fogline.placement.requirements import Option, refusals
from fogline.placement.usage import Usage

__all__ = [
    "MOVE_COST",
    "Alternative",
    "Assignment",
    "Bargain",
    "Counterfactual",
    "Decision",
    "Demand",
    "Misplaced",
    "Offer",
    "Option",
    "Overload",
    "Plan",
    "Refused",
    "Rejection",
    "Unplaceable",
    "Usage",
    "alternatives",
    "assume",
    "bargains",
    "decide",
    "demand_of",
    "find_misplaced",
    "judge",
    "judge_all",
    "lasting_price",
    "leaving",
    "offer_in_place",
    "overloads",
    "place",
    "place_elsewhere",
    "place_waiting",
    "plan",
    "policy_refusals",
    "price_in_place",
    "refusals",
    "turn",
]
