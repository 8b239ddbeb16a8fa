"""One rebalance as a pure function: from what is seen to the moves that start and those that do not."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fogline.api import ModelDeployment, RebalancingMode, history_of
from fogline.conditions import Reason
from fogline.disruption import (
    Admission,
    Bundle,
    Held,
    Moment,
    Proposal,
    Purse,
    Purses,
    Running,
    claim,
    forced_moves,
    is_outage,
    move_requests,
    purse_of,
    release,
    requested_moves,
)
from fogline.mover.round import Round
from fogline.mover.together import advance
from fogline.mover.turns import Turn, may_leave
from fogline.names import ModelKey
from fogline.observe import Owned, is_rolling, leave, moves
from fogline.placement import Demand, Usage, demand_of, turn
from fogline.snapshot import Replica


@dataclass(frozen=True, slots=True)
class Scene:
    """What a rebalance looks at."""

    models: Iterable[tuple[ModelDeployment, Owned]]
    """Those that it is about; they are gone through once."""
    usage: Usage
    """Is brought up to date with the places of the replacements."""
    now: datetime
    victims: tuple[Replica, ...] = ()
    """Replicas of all models that are leaving."""
    underway: tuple[Running, ...] = ()
    """Moves of all models; those included that cannot be seen yet."""
    crowded_out: Mapping[tuple[str, str], Reason] = field(default_factory=dict)
    """Replicas of all models, by namespace and name, that leave over-committed nodes."""
    bundles: tuple[Bundle, ...] = ()
    """Moves that save only together, of models that it is about."""


@dataclass(frozen=True, slots=True)
class Rebalance:
    """What a rebalance came to."""

    start: tuple[Proposal, ...]
    held: Mapping[ModelKey, tuple[Held, ...]]
    """By model, the most urgent first; models without any are there too."""
    bundles: tuple[Bundle, ...] = ()
    """Those that are not over: what is left of each."""


def rebalance(scene: Scene, cluster: Purse) -> Generator[None, None, Rebalance]:
    """Find the moves of some models and choose those that start now.

    It pauses after each model, for the caller to do something else. Moves that are forced come first, of all
    models, then those that users ask for, so that none of them finds its place taken by one that only saves
    money.
    """
    usage, moment = scene.usage, Moment(scene.now, is_outage(scene.usage.nodes))
    models: list[tuple[Demand, ModelDeployment, Owned]] = []
    for model, seen in scene.models:
        models.append((demand_of(model), model, seen))
        yield
    models.sort(key=lambda one: turn(one[0]))
    keys = {demand.model for demand, _, _ in models}
    release([victim for victim in scene.victims if victim.model not in keys], usage)
    turns: list[Turn] = []
    for demand, model, seen in models:
        yield
        if demand.is_suspended or any(is_rolling(live) for live in seen.of_spec(model)):
            continue
        progress = moves(model, demand, seen, usage, scene.now)
        leave(progress, seen, usage)
        claim(demand, progress.underway, usage)
        turns.append(Turn(model, demand, seen))
    yield from _propose(turns, scene, moment)
    bundles: list[Bundle] = []
    for bundle in scene.bundles:
        if left := advance(bundle, {one.demand.model: one for one in turns}, usage, moment):
            bundles.append(left)
        yield
    purses = Purses(cluster, {demand.model: purse_of(model) for demand, model, _ in models})
    round_ = Round(usage, moment, Admission(purses, scene.underway, scene.now))
    round_.start_urgent([move for one in turns for move in one.free])
    together = {model for bundle in bundles if bundle.begun for model in bundle.models}
    together |= {one.demand.model for one in turns if any(_is_planned(move) for move in one.free)}
    for one in turns:
        mode = one.model.spec.rebalancing.mode
        if mode is not RebalancingMode.DISABLED and one.is_steady(usage) and one.demand.model not in together:
            round_.look_for_better(one)
        yield
    yield from round_.start_better()
    held: dict[ModelKey, tuple[Held, ...]] = dict.fromkeys(keys, ())
    for wait in (*(wait for one in turns for wait in one.held), *round_.held):
        key = wait.proposal.replica.model
        held[key] = (*held[key], wait)
    return Rebalance(tuple(round_.started), held, tuple(bundles))


def _propose(turns: Sequence[Turn], scene: Scene, moment: Moment) -> Generator[None, None, None]:
    for propose in (_force, _request):
        for one in turns:
            propose(one, scene, moment)
            yield


def _force(one: Turn, scene: Scene, moment: Moment) -> None:
    running = [replica for replica in one.seen.replicas if may_leave(replica) and replica.bound]
    cool = scene.now - timedelta(seconds=one.model.spec.rebalancing.cooldown_seconds)
    for proposal in forced_moves(one.demand, running, scene.crowded_out, scene.usage, cool):
        one.take(proposal, moment)


def _request(one: Turn, scene: Scene, moment: Moment) -> None:
    meta, decided = one.model.metadata, one.decided
    requests = [request for request in move_requests(meta.annotations) if scene.now < request.until]
    running = [
        replica
        for replica in one.seen.replicas
        if may_leave(replica) and replica.bound and replica.uid not in decided
    ]
    told = {past.id for past in history_of(one.model.status)}
    for proposal in requested_moves(one.demand, running, requests, told, scene.usage):
        one.take(proposal, moment)


def _is_planned(move: Proposal) -> bool:
    return move.reason is Reason.BETTER_PLAN
