"""One pass over a ModelDeployment as a pure function: from what is seen to what should be written."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from fogline.api import ModelDeployment, ModelDeploymentStatus
from fogline.cluster import objects
from fogline.cluster.version import OLDEST, Version
from fogline.conditions import Reason
from fogline.config import Settings
from fogline.disruption import Blocked, Drains, Ended, Held, Progress, Underway, claim, drains
from fogline.names import DELETION_COST_ANNOTATION, deployment_name
from fogline.objects import Children, children, min_available, services
from fogline.observe import Owned, is_rolling, leave, moves
from fogline.placement import Decision, Demand, Usage, decide, demand_of, find_misplaced
from fogline.reconcile.history import is_told
from fogline.reconcile.refusal import Refusal
from fogline.reconcile.status import placements, status_of
from fogline.reconcile.verdicts import Facts
from fogline.reconcile.versions import traffic_distribution
from fogline.snapshot import Pod, Replica

DELETION_COST = "-1000"
"""Makes the ReplicaSet controller choose a pod when it scales down; a hint, not a promise (KEP-2255)."""


@dataclass(frozen=True, slots=True)
class Before:
    """What is known from before the pass."""

    refusal: Refusal | None = None
    """What the last pass could not write, or why nothing may be."""
    held: tuple[Held, ...] = ()
    """Moves that the last rebalance held back."""
    version: Version = OLDEST
    """Of the cluster."""


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
    decision: Decision | None = None
    failed: tuple[Replica, ...] = ()
    """Pods that ended for good; their place is taken already, so they are only in the way."""
    stuck: tuple[Stuck, ...] = ()
    moves: Progress = field(default_factory=Progress)
    claimed: tuple[Pod, ...] = ()
    """Room of replacements that have no node yet."""
    settled: tuple[Ended, ...] = ()
    """Moves that the status tells of, so that their pods need no marks any more."""
    deletion_costs: tuple[tuple[Replica, str | None], ...] = ()
    """Replicas whose deletion cost must change, and to what; None takes it away."""
    blocked: tuple[Blocked, ...] = ()
    """Replicas that the budget lets go, because a drain has waited for them in vain."""
    children: Children | None = None
    """None when nothing may be written but the status."""
    prune: tuple[objects.Deployment | objects.Service, ...] = ()
    """Deployments of variants that left the spec, and Services that did."""
    again_seconds: float | None = None
    """When to look again although nothing may have happened: a pinned pod may still be refused then."""


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
    demand = replace(demand_of(model), is_suspended=on_hold)
    progress = Progress() if on_hold else moves(model, demand, seen, usage, now)
    leave(progress, seen, usage)
    claimed = claim(demand, progress.underway, usage)
    waits = drains(
        demand, _standing(seen, progress), usage, model.spec.rebalancing.ready_timeout_seconds, now
    )
    misplaced = _misplaced(demand, usage)
    staying = misplaced + _victims(model, seen, progress)
    demand = replace(demand, replicas=demand.replicas - misplaced.total())
    asked = {variant: live.spec.replicas for variant, live in seen.deployments.items()}
    decision = decide(demand, usage, asked)
    facts = Facts(
        model=model,
        seen=seen,
        decision=decision,
        usage=usage,
        placements=placements(demand, seen, decision, usage),
        refusal=before.refusal,
        progress=progress,
        held=before.held,
    )
    status = status_of(facts, now)
    if on_hold:
        return Intent(model, status)
    return Intent(
        model=model,
        status=status,
        decision=decision,
        failed=tuple(r for r in seen.replicas if r.failure and not r.terminating),
        stuck=_stuck(seen, usage, settings, now),
        moves=progress,
        claimed=claimed,
        settled=tuple(one for one in progress.ended if is_told(one, model.status)),
        deletion_costs=_deletion_costs(seen, decision, progress, usage),
        blocked=waits.blocked,
        children=children(
            model,
            _replicas(model, seen, decision, staying),
            settings,
            # what no node is left for will not come back before the drain ends; and one more may go
            may_go=decision.waiting + 1 if waits.blocked else 0,
            traffic_distribution=traffic_distribution(model, before.version),
        ),
        prune=_prune(model, seen),
        again_seconds=_again_seconds(seen, settings, waits),
    )


def _standing(seen: Owned, progress: Progress) -> tuple[Replica, ...]:
    """Give the replicas on nodes that are not leaving by a move."""
    return tuple(r for r in seen.replicas if r.alive and r.bound and r not in progress.victims)


def _again_seconds(seen: Owned, settings: Settings, waits: Drains) -> float | None:
    """Tell when time alone may have changed what to do."""
    stuck = settings.unstick_seconds if any(r.refused_since for r in seen.replicas) else None
    return min((one for one in (stuck, waits.due_seconds) if one is not None), default=None)


def _is_blind(seen: Owned, usage: Usage) -> bool:
    """Tell that we see no node although replicas run: an empty list of nodes is never "no nodes"."""
    return not usage.nodes and any(replica.bound for replica in seen.replicas)


def _misplaced(demand: Demand, usage: Usage) -> Counter[str]:
    """Count the replicas that have to leave but stay, of each variant, until they are the victim of a move.

    Those that are more than wanted do not stay.
    """
    leaving = [one.pod.replica for one in find_misplaced(demand, usage) if one.pod.replica]
    good = len(usage.of(demand.model).replicas) - len(leaving)
    return Counter(one.variant for one in leaving[: max(0, demand.replicas - good)])


def _victims(model: ModelDeployment, seen: Owned, progress: Progress) -> Counter[str]:
    """Count the victims that stay for now, by variant.

    One goes when its replacement is Ready, if enough others are, and if the Deployment controller will take
    no other: it takes pods that are not Ready first, and during a rollout any.
    """
    ready = sum(replica.ready and replica.alive for replica in seen.replicas)
    to_spare = ready - min_available(model.spec.replicas, model.spec.disruption.max_unavailable)
    stay: Counter[str] = Counter()
    for one in progress.underway:
        live = seen.deployments.get(one.victim.variant)
        if (
            one.is_replaced
            and to_spare > 0
            and live
            and not is_rolling(live)
            and _others_ready(one, seen, progress)
        ):
            to_spare -= one.victim.ready
        else:
            stay[one.victim.variant] += 1
    return stay


def _others_ready(move: Underway, seen: Owned, progress: Progress) -> bool:
    victims = {victim.uid for victim in progress.victims}
    return all(
        replica.ready
        for replica in seen.replicas
        if replica.alive and replica.variant == move.victim.variant and replica.uid not in victims
    )


def _replicas(
    model: ModelDeployment, seen: Owned, decision: Decision, staying: Counter[str]
) -> dict[str, int]:
    """Count replicas by variant; a variant that has a Deployment and is not in use any more gets 0."""
    wanted = Counter(decision.desired_by_variant()) + staying
    return {
        variant.name: wanted.get(variant.name, 0)
        for variant in model.spec.variants
        if wanted.get(variant.name) or variant.name in seen.deployments
    }


def _prune(model: ModelDeployment, seen: Owned) -> tuple[objects.Deployment | objects.Service, ...]:
    variants = {deployment_name(model.metadata.name, variant.name) for variant in model.spec.variants}
    addresses = {one["metadata"]["name"] for one in services(model)}
    return (
        *(live for live in seen.deployments.values() if live.metadata.name not in variants),
        *(live for live in seen.services if live.metadata.name not in addresses),
    )


def _stuck(seen: Owned, usage: Usage, settings: Settings, now: datetime) -> tuple[Stuck, ...]:
    """Find pins that lead nowhere. A pin cannot be taken back, so the pod is deleted and decided again."""
    patience = timedelta(seconds=settings.unstick_seconds)
    found: list[Stuck] = []
    for replica in seen.replicas:
        if not replica.alive or replica.bound or replica.node is None or replica.gates:
            continue
        if not usage.knows(replica.node):
            found.append(Stuck(replica, f"node {replica.node} is gone"))
        elif replica.refused_since and now - replica.refused_since > patience:
            found.append(Stuck(replica, f"kube-scheduler refuses it for {settings.unstick_seconds} s"))
    return tuple(found)


def _deletion_costs(
    seen: Owned, decision: Decision, progress: Progress, usage: Usage
) -> tuple[tuple[Replica, str | None], ...]:
    """Mark the replicas that should go when a Deployment shrinks, and unmark those that stay after all."""
    going = {(pod.namespace, pod.name) for pod in decision.surplus}
    going |= {(one.pod.namespace, one.pod.name) for one in decision.misplaced}
    going |= {(r.namespace, r.name) for r in (*progress.victims, *progress.left_over)}
    going |= {(r.namespace, r.name) for r in seen.replicas if r.bound and r.node and not usage.knows(r.node)}
    wanted = [
        (r, DELETION_COST if (r.namespace, r.name) in going else None) for r in seen.replicas if r.alive
    ]
    return tuple(
        (replica, cost)
        for replica, cost in wanted
        if replica.annotations.get(DELETION_COST_ANNOTATION) != cost
    )
