"""Moves that save only together, carried on as budgets and room allow."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fogline.api import RebalancingMode
from fogline.disruption import Bundle, Held, Moment, Proposal, Step, Worth, has_room, hold, judge, propose
from fogline.disruption.forced import pod_of
from fogline.disruption.limits import PodKey
from fogline.mover.turns import Turn, may_leave
from fogline.names import ModelKey
from fogline.placement import MOVE_COST, Usage, assume
from fogline.snapshot import Pod, Replica

Turns = Mapping[ModelKey, Turn]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A step whose replica is there and may leave."""

    step: Step
    turn: Turn
    replica: Replica
    pod: Pod


def advance(bundle: Bundle, turns: Turns, usage: Usage, moment: Moment) -> Bundle | None:
    """Propose those steps of a bundle that have room; give what is left of it.

    None when it is over or to be given up: the cluster has changed so that it cannot be carried on as it is
    or saves too little, or one of its moves was aborted. Before its first move it waits for all of its
    replicas to be free to move; after that it goes on with those that still may, as long as that is worth it.

    Parameters
    ----------
    turns
        Of the models that may move now.
    usage
        Is brought up to date with the places of the replacements.
    """
    there = {
        (replica.namespace, replica.name): replica
        for model in bundle.models
        if model in turns
        for replica in turns[model].seen.replicas
        if replica.alive
    }
    if any(step.key in there and there[step.key].leaves_by is None for step in bundle.begun):
        return None  # its move was aborted
    current = _follow(bundle, {key for key, replica in there.items() if replica.leaves_by})
    ready = [one for step in current.steps if (one := _ready(step, turns, usage))]
    if not ready or (len(ready) < len(current.steps) and not current.begun):
        return None
    current = replace(current, steps=tuple(one.step for one in ready))
    involved = [turns[model] for model in {step.model for step in current.steps}]
    if not all(turn.is_steady(usage) for turn in involved):
        return current
    pods, demands = (
        {one.step.key: one.pod for one in ready},
        {one.demand.model: one.demand for one in involved},
    )
    worth = judge(current.steps, pods, demands, usage)
    if not worth.is_enough(max(one.demand.min_saving_percent for one in involved)):
        return None
    is_moving = any(step.key in there for step in current.begun)
    goes_on = _propose(ready, worth, usage, moment, has_begun=bool(current.begun)) or is_moving
    return current if goes_on else None


def _follow(bundle: Bundle, leaving: set[PodKey]) -> Bundle:
    begun = tuple(step for step in bundle.steps if step.key in leaving)
    return Bundle(tuple(step for step in bundle.steps if step not in begun), (*bundle.begun, *begun))


def _ready(step: Step, turns: Turns, usage: Usage) -> _Ready | None:
    """Find the replica of a step; None when it may not make it any more."""
    turn = turns.get(step.model)
    if turn is None or turn.model.spec.rebalancing.mode is not RebalancingMode.AUTOMATIC:
        return None
    if turn.demand.variant(step.variant) is None or not usage.knows(step.target):
        return None
    replica = next((one for one in turn.seen.replicas if one.name == step.pod and may_leave(one)), None)
    if replica is None or replica.node != step.source or replica.uid in turn.decided:
        return None
    pod = pod_of(replica, turn.demand, usage)
    return _Ready(step, turn, replica, pod) if pod else None


def _propose(ready: list[_Ready], worth: Worth, usage: Usage, moment: Moment, *, has_begun: bool) -> bool:
    """Propose what has room; tells whether anything is proposed, or waits for a time that will come."""
    each = (worth.saving + MOVE_COST * len(ready)) / len(ready)
    waits: list[Held] = []
    free: list[tuple[_Ready, Proposal]] = []
    for one in ready:
        proposal = propose(one.step, one.replica, one.turn.demand, usage, each)
        if wait := hold(proposal, one.turn.model, moment):
            waits.append(wait)
            one.turn.take(proposal, moment)
        else:
            free.append((one, proposal))
    if waits and not has_begun:
        return all(wait.until for wait in waits)
    found = False
    for one, proposal in free:
        if has_room(one.step, one.pod, one.turn.demand, usage):
            found = one.turn.take(proposal, moment)
            usage.release(one.pod)
            assume(proposal.assignment, one.turn.demand, usage)
    return found
