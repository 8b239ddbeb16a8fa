"""Whether a move may start, budgets aside."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fogline.api import ModelDeployment, Rebalancing, RebalancingMode
from fogline.conditions import Reason
from fogline.disruption.budgets import Spent
from fogline.disruption.proposals import Proposal
from fogline.disruption.stay import FOREVER, longest_stay
from fogline.placement import Assignment


@dataclass(frozen=True, slots=True)
class Held:
    """A move that does not start, and why."""

    proposal: Proposal
    reason: Reason
    until: datetime | None = None
    """When that is over; None when something has to change first."""
    spent: Spent | None = None
    """The budget that it waits for."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What is true for all moves of one rebalance."""

    now: datetime
    is_outage: bool = False
    """Whether so many nodes are not Ready that only data rules move anything."""


def hold(one: Proposal, model: ModelDeployment, moment: Moment) -> Held | None:
    """Say what keeps a move from starting; None when only a budget may.

    A data rule waits for nothing but a place. Any other forced move waits for no cool-down, but does not go
    back before it is over to the node that the replica has just left. A move that a user asks for is
    carried out also where the user wants plans only of all others.
    """
    if not isinstance(one.answer, Assignment):
        return Held(one, Reason.NO_PLACE_TO_MOVE)
    if one.is_by_data_rule:
        return None
    if moment.is_outage:
        return Held(one, Reason.TOO_MANY_NODES_NOT_READY)
    if stay := longest_stay(model.metadata.annotations, one.replica, moment.now):
        return Held(one, Reason.MARKED_DO_NOT_MOVE, None if stay.until == FOREVER else stay.until)
    rules = model.spec.rebalancing
    if rules.mode is RebalancingMode.DRY_RUN and not one.is_requested:
        return Held(one, Reason.MOVES_PLANNED)
    until = _cool_at(one, rules, moment.now)
    return Held(one, Reason.COOLING_DOWN, until) if until and until > moment.now else None


def _cool_at(one: Proposal, rules: Rebalancing, now: datetime) -> datetime | None:
    """Say when the cool-down of a replica is over.

    A beginning that lies further ahead than a cool-down lasts was written by a clock that has been set back
    since: nothing follows from it, or the replica would stay for as long as that clock was wrong.
    """
    replica = one.replica
    since = one.not_before if one.needs_no_saving else replica.decided_at or replica.created_at
    cooldown = timedelta(seconds=rules.cooldown_seconds)
    return None if since is None or since - now > cooldown else since + cooldown
