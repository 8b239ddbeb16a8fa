"""One pass over a ModelDeployment as a pure function: from what is seen to what should be written."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec

from fogline.api import ModelDeployment, ModelDeploymentStatus, MoveStrategy
from fogline.cluster import objects
from fogline.cluster.version import OLDEST, Version
from fogline.conditions import Reason
from fogline.config import Settings
from fogline.disruption import Blocked, Ended, Held, Progress, StandIns, claim, drains, stand_ins
from fogline.metrics.figures import ModelFigures
from fogline.mistakes import Mistake, Part
from fogline.names import DELETION_COST_ANNOTATION, VARIANT_LABEL, deployment_name
from fogline.objects import Children, children, min_available, services
from fogline.observe import Owned, is_replacing_templates, is_rolling, leave, link_of, moves, refused_pods
from fogline.placement import Decision, Demand, Unplaceable, Usage, decide, demand_of, find_misplaced
from fogline.placement.place import find_place
from fogline.reconcile.cover import Cover, cover, unreplaced
from fogline.reconcile.departures import departures
from fogline.reconcile.figures import figures_of
from fogline.reconcile.history import is_told
from fogline.reconcile.refusal import Refusal
from fogline.reconcile.rollouts import Rollouts, rollouts
from fogline.reconcile.status import placements, status_of
from fogline.reconcile.uncleared import Clock, Uncleared, uncleared
from fogline.reconcile.verdicts import Facts
from fogline.reconcile.versions import traffic_distribution
from fogline.rollout import Revision
from fogline.snapshot import Move, Pod, Replica, ReplicaOf

DELETION_COST = "-1000"
"""Makes the ReplicaSet controller choose a pod when it scales down; a hint, not a promise (KEP-2255)."""
COST_OF_NEXT = "-2000"
"""Of those that go before all others: what a move has replaced, and what a move left over."""

EVICTION_RETRY_SECONDS = 5.0
"""As long as kubectl drain waits, too."""
SLACK_SECONDS = 0.1
"""After a moment for which something is due."""


@dataclass(frozen=True, slots=True)
class Before:
    """What is known from before the pass."""

    refusal: Refusal | None = None
    """What the last pass could not write, or why nothing may be."""
    held: tuple[Held, ...] = ()
    """Moves that the last rebalance held back."""
    gap_percent: int | None = None
    """How far the replicas of all models are above a cost that no plan can beat."""
    version: Version = OLDEST
    """Of the cluster."""
    uncleared_since: Mapping[str, datetime] = field(default_factory=dict)
    """By uid: since when replicas have been seen on nodes that may not hold their data."""
    mistakes: Mapping[Part, Mistake] = field(default_factory=dict)
    """What went wrong with the model in other parts of the operator."""
    gap: str | None = None
    """Why nothing new of it may be placed now."""
    measured: Mapping[str, Sequence[Revision]] = field(default_factory=dict)
    """What is measured of versions that serve beside each other, by variant."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """A pinned pod that cannot start where it was placed."""

    replica: Replica
    why: str


@dataclass(frozen=True, slots=True)
class Intent:
    """All that one pass wants to write, in the order in which it is written."""

    model: ModelDeployment
    status: ModelDeploymentStatus
    figures: ModelFigures
    decision: Decision | None = None
    failed: tuple[Replica, ...] = ()
    """Pods that ended for good; their place is taken already, so they are only in the way."""
    stuck: tuple[Stuck, ...] = ()
    moves: Progress = field(default_factory=Progress)
    claimed: tuple[Pod, ...] = ()
    """Room of replacements and stand-ins that have no node yet."""
    settled: tuple[Ended, ...] = ()
    """Moves that the status tells of, so that their pods need no marks any more."""
    deletion_costs: tuple[tuple[Replica, str | None], ...] = ()
    """Replicas whose deletion cost must change, and to what; None takes it away."""
    blocked: tuple[Blocked, ...] = ()
    """Replicas that the budget lets go, because a drain has waited for them in vain."""
    evicted: tuple[Replica, ...] = ()
    """Replicas that should go if the disruption budget allows it."""
    switched: tuple[tuple[Replica, Move], ...] = ()
    """Victims that have to go before their replacement comes, and their moves as they are from now on."""
    uncleared: Uncleared = field(default_factory=lambda: Uncleared({}))
    over: tuple[Replica, ...] = ()
    """Stand-ins that go now."""
    dismissed: tuple[Replica, ...] = ()
    """Those of them that are deleted by name."""
    rollouts: Rollouts | None = None
    """None when nothing may be written but the status."""
    children: Children | None = None
    """None when nothing may be written but the status."""
    shrunk: tuple[tuple[objects.Deployment, int], ...] = ()
    """Deployments of variants that left the spec, with the replicas that they still run."""
    prune: tuple[objects.Deployment | objects.Service, ...] = ()
    """Those of them that run none any more, and Services that left the spec."""
    again_seconds: float | None = None
    """When to look again although nothing may have happened: somebody's time may be up then."""

    def status_to_tell(self, *, changed: bool) -> ModelDeploymentStatus | None:
        """Give the status that can be written now; None when nothing is known that stays true.

        A status that would be the first to speak of a spec waits until the objects that this pass changed are
        seen: what was seen before says nothing about that spec. The end of a move is told even so, because
        what was in its way may be gone the next time.

        Parameters
        ----------
        changed
            This pass changed a Deployment, a Service or a PodDisruptionBudget.
        """
        before = self.model.status
        if not changed or (before and before.observed_generation == self.model.metadata.generation):
            return self.status
        return before and msgspec.structs.replace(before, moves=self.status.moves)


def intend(
    model: ModelDeployment,
    seen: Owned,
    before: Before,
    usage: Usage,
    settings: Settings,
    now: datetime,
) -> Intent:
    """Decide what one pass should write.

    `usage` is brought up to date by the decision, so that the next model sees what this one takes.
    """
    unsupported = before.refusal is not None and before.refusal.reason is Reason.NOT_SUPPORTED
    on_hold = model.spec.suspend or unsupported or _is_blind(seen, usage)
    demand = demand_of(model)
    if demand.is_suspended is not on_hold:
        demand = replace(demand, is_suspended=on_hold)
    progress = Progress() if on_hold else moves(model, demand, seen, usage, now)
    leave(progress, seen, usage)
    claimed = claim(demand, progress.underway, usage)
    standing_in = StandIns() if on_hold else stand_ins(demand, seen.replicas, usage, link_of(model), now)
    waits = drains(model, demand, [one for one in seen.replicas if one.alive and one.bound], usage, now)
    misplaced = _misplaced(demand, seen, usage)
    if misplaced:
        demand = replace(demand, replicas=demand.replicas - misplaced.total())
    asked = {variant: live.spec.replicas for variant, live in seen.deployments.items()}
    decision = decide(demand, usage, asked)
    versions = rollouts(model, demand, seen, before.measured, usage, now)
    facts = Facts(
        model=model,
        seen=seen,
        decision=decision,
        usage=usage,
        placements=placements(demand, seen, decision, usage),
        refusal=before.refusal,
        progress=progress,
        held=before.held,
        gap_percent=before.gap_percent,
        mistakes=before.mistakes,
        gap=before.gap,
        rollouts=versions,
    )
    status = status_of(facts, now)
    figures = figures_of(facts, status)
    if on_hold:
        return Intent(model, status, figures)
    must_stay = min_available(model.spec.replicas, model.spec.disruption.max_unavailable)
    covered = cover(standing_in, seen, must_stay)
    wanted = decision.desired_by_variant() + misplaced + covered.replicas
    wanted |= Counter({variant: asked[variant] for variant in unreplaced(seen)})
    left = {_variant(live) for live in _left_the_spec(model, seen)}
    leaving = departures(wanted, covered.left, progress, must_stay, left)
    forbidden = uncleared(
        demand.data_sensitivity,
        seen,
        usage,
        _without_a_place(before.held, progress),
        Clock(before.uncleared_since, settings.clearance_seconds, now),
    )
    evicted = (*leaving.evicted, *forbidden.evicted)
    return Intent(
        model=model,
        status=status,
        figures=figures,
        decision=decision,
        failed=tuple(r for r in seen.replicas if r.failure and not r.terminating),
        stuck=_stuck(seen, usage, settings, now),
        moves=progress,
        claimed=(*claimed, *standing_in.claimed),
        settled=tuple(one for one in progress.ended if is_told(one, model.status)),
        deletion_costs=_deletion_costs(seen, decision, progress, covered, usage),
        blocked=waits.blocked,
        evicted=evicted,
        over=(*covered.going, *covered.dismissed),
        dismissed=covered.dismissed,
        switched=_switched(seen, progress, must_stay),
        uncleared=forbidden,
        rollouts=versions,
        children=children(
            versions.model,
            _replicas(model, seen, leaving.replicas),
            settings,
            # what no node is left for will not come back before the drain ends; and one more may go
            may_go=decision.waiting + 1 if waits.blocked else 0,
            traffic_distribution=traffic_distribution(model, before.version),
            notes=versions.notes,
        ),
        shrunk=_shrunk(model, seen, leaving.replicas),
        prune=_prune(model, seen, leaving.replicas),
        again_seconds=_again_seconds(
            now,
            [progress.next_deadline, forbidden.next_deadline],
            [
                settings.unstick_seconds if any(map(_is_refused, seen.replicas)) else None,
                EVICTION_RETRY_SECONDS if evicted else None,
                waits.due_seconds,
                standing_in.due_seconds,
                versions.due_seconds,
            ],
        ),
    )


def _again_seconds(
    now: datetime, moments: Iterable[datetime | None], delays: Iterable[float | None]
) -> float | None:
    """Give the time to the first of what is given."""
    until = [max(0.0, (moment - now).total_seconds()) + SLACK_SECONDS for moment in moments if moment]
    return min([*until, *(delay for delay in delays if delay is not None)], default=None)


def _without_a_place(held: Iterable[Held], progress: Progress) -> set[str]:
    """Name the replicas that have to leave and that no node takes."""
    nowhere = (one.proposal for one in held if isinstance(one.proposal.answer, Unplaceable))
    return {one.replica.uid for one in nowhere} - {victim.uid for victim in progress.victims}


def _is_blind(seen: Owned, usage: Usage) -> bool:
    """Tell that we see no node although replicas run: an empty list of nodes is never "no nodes"."""
    return not usage.nodes and any(replica.bound for replica in seen.replicas)


def _misplaced(demand: Demand, seen: Owned, usage: Usage) -> Counter[str]:
    """Count the replicas that have to leave but stay, of each variant, until they are the victim of a move.

    Those that are more than wanted do not stay. Nor do those whose variant is rolled out, so that no move
    comes for them, and finds no node any more: they are placed anew, and leave as those come to serve.
    """
    leaving = [one.pod.replica for one in find_misplaced(demand, usage) if one.pod.replica]
    good = len(usage.of(demand.model).replicas) - len(leaving)
    stay = leaving[: max(0, demand.replicas - good)]
    return Counter(one.variant for one in stay if not _is_in_vain(one, demand, seen, usage))


def _is_in_vain(replica: ReplicaOf, demand: Demand, seen: Owned, usage: Usage) -> bool:
    """Tell whether the variant of a replica is rolled out, and no node takes what comes."""
    live = seen.deployments.get(replica.variant)
    if live is None or not is_rolling(live) or demand.variant(replica.variant) is None:
        return False
    return find_place(demand.narrowed_to(replica.variant), usage, replica.client_site, ()) is None


def _replicas(model: ModelDeployment, seen: Owned, wanted: Mapping[str, int]) -> dict[str, int]:
    """Count replicas by variant; a variant that has a Deployment and is not in use any more gets 0."""
    return {
        variant.name: wanted.get(variant.name, 0)
        for variant in model.spec.served
        if wanted.get(variant.name) or variant.name in seen.deployments
    }


def _prune(
    model: ModelDeployment, seen: Owned, wanted: Mapping[str, int]
) -> tuple[objects.Deployment | objects.Service, ...]:
    addresses = {one["metadata"]["name"] for one in services(model)}
    return (
        *(live for live in _left_the_spec(model, seen) if not wanted.get(_variant(live))),
        *(live for live in seen.services if live.metadata.name not in addresses),
    )


def _left_the_spec(model: ModelDeployment, seen: Owned) -> list[objects.Deployment]:
    """Find the Deployments of variants that are gone, or whose artifact is: there is nothing to apply."""
    kept = {deployment_name(model.metadata.name, variant.name) for variant in model.spec.served}
    return [live for live in seen.deployments.values() if live.metadata.name not in kept]


def _shrunk(
    model: ModelDeployment, seen: Owned, wanted: Mapping[str, int]
) -> tuple[tuple[objects.Deployment, int], ...]:
    """Find the Deployments of variants that left the spec and may run fewer replicas by now."""
    left = ((live, wanted.get(_variant(live), 0)) for live in _left_the_spec(model, seen))
    return tuple(
        (live, replicas)
        for live, replicas in left
        if 0 < replicas < live.spec.replicas and not is_replacing_templates(live)
    )


def _variant(live: objects.Deployment) -> str:
    return live.metadata.labels.get(VARIANT_LABEL, live.metadata.name)


def _switched(seen: Owned, progress: Progress, must_stay: int) -> tuple[tuple[Replica, Move], ...]:
    """Let victims go first where the cluster makes no pod more, if they must and enough others serve."""
    refused, ready = refused_pods(seen), sum(replica.ready for replica in seen.replicas if replica.alive)
    return tuple(
        (one.victim, replace(one.move, strategy=MoveStrategy.EVICT))
        for one in progress.underway
        if one.victim.alive
        and not one.evicts
        and one.replacement is None
        and one.move.saving_per_hour is None
        and one.move.variant in refused
        and ready - one.victim.ready >= must_stay
    )


def _stuck(seen: Owned, usage: Usage, settings: Settings, now: datetime) -> tuple[Stuck, ...]:
    """Find pins that lead nowhere. A pin cannot be taken back, so the pod is deleted and decided again."""
    patience = timedelta(seconds=settings.unstick_seconds)
    found: list[Stuck] = []
    for replica in seen.replicas:
        node = _unheeded_pin(replica)
        if node is None:
            continue
        if not usage.knows(node):
            found.append(Stuck(replica, f"node {node} is gone"))
        elif replica.refused_since and now - replica.refused_since > patience:
            found.append(Stuck(replica, f"kube-scheduler refuses it for {settings.unstick_seconds} s"))
    return tuple(found)


def _unheeded_pin(replica: Replica) -> str | None:
    """Name the node that a replica waits for kube-scheduler to put it on; None when it does not."""
    return replica.node if replica.alive and not replica.bound and not replica.gates else None


def _is_refused(replica: Replica) -> bool:
    """Tell whether a pin leads nowhere up to now. Who waits without a pin is not in the way of anything."""
    return replica.refused_since is not None and _unheeded_pin(replica) is not None


def _deletion_costs(
    seen: Owned, decision: Decision, progress: Progress, covered: Cover, usage: Usage
) -> tuple[tuple[Replica, str | None], ...]:
    """Mark the replicas that should go when a Deployment shrinks, and unmark those that stay after all."""
    going = {(pod.namespace, pod.name) for pod in decision.surplus}
    going |= {(one.pod.namespace, one.pod.name) for one in decision.misplaced}
    going |= {(r.namespace, r.name) for r in seen.replicas if r.bound and r.node and not usage.knows(r.node)}
    first = {one.victim.uid for one in progress.underway if one.is_replaced or one.evicts}
    first |= {replica.uid for replica in (*progress.left_over, *covered.going)}

    def cost(replica: Replica) -> str | None:
        if replica.uid in first:
            return COST_OF_NEXT
        return DELETION_COST if (replica.namespace, replica.name) in going else None

    wanted = [(replica, cost(replica)) for replica in seen.replicas if replica.alive]
    return tuple(
        (replica, value)
        for replica, value in wanted
        if replica.annotations.get(DELETION_COST_ANNOTATION) != value
    )
