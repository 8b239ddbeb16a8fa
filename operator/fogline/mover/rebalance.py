"""One rebalance as a pure function: from what is seen to the moves that start and those that do not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from fogline.api import ModelDeployment
from fogline.disruption import Budget, Held, Proposal, admit, claim, forced_moves
from fogline.names import ModelKey
from fogline.observe import Owned, is_rolling, leave, model_key, moves
from fogline.placement import Usage, demand_of, turn


@dataclass(frozen=True, slots=True)
class Rebalance:
    """What a rebalance came to."""

    start: tuple[Proposal, ...]
    held: Mapping[ModelKey, tuple[Held, ...]]
    """By model; models without any are there too."""


def rebalance(
    models: Iterable[tuple[ModelDeployment, Owned]],
    active: Mapping[ModelKey, int],
    usage: Usage,
    budget: Budget,
    now: datetime,
) -> Rebalance:
    """Find the moves of some models and choose those that start now.

    Parameters
    ----------
    active
        Moves underway of all models.
    usage
        Is brought up to date with the places of the replacements.
    """
    proposals: list[Proposal] = []
    held: dict[ModelKey, tuple[Held, ...]] = {}
    for model, seen in sorted(models, key=lambda pair: turn(demand_of(pair[0]))):
        held[model_key(model)] = ()
        demand = demand_of(model)
        if demand.is_suspended or any(is_rolling(live) for live in seen.deployments.values()):
            continue
        progress = moves(model, demand, seen, usage, now)
        leave(progress, seen, usage)
        claim(demand, progress.underway, usage)
        proposals += forced_moves(demand, [one for one in seen.replicas if one.alive and one.bound], usage)
    started, waiting = admit(proposals, active, budget)
    for one in waiting:
        key = one.proposal.replica.model
        held[key] = (*held[key], one)
    return Rebalance(tuple(started), held)
