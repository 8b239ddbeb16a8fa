"""One pass over a ModelDeployment as a pure function: from what is seen to what should be written."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fogline.api import ModelDeployment, ModelDeploymentStatus
from fogline.cluster import objects
from fogline.conditions import Reason
from fogline.config import Settings
from fogline.names import DELETION_COST_ANNOTATION, deployment_name
from fogline.objects import Children, children
from fogline.observe import Owned, release, surge
from fogline.placement import Decision, Usage, decide, demand_of
from fogline.reconcile.refusal import Refusal
from fogline.reconcile.status import placements, status_of
from fogline.reconcile.verdicts import Facts
from fogline.snapshot import Replica

DELETION_COST = "-1000"
"""Makes the ReplicaSet controller choose a pod when it scales down; a hint, not a promise (KEP-2255)."""


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
    deletion_costs: tuple[tuple[Replica, str | None], ...] = ()
    """Replicas whose deletion cost must change, and to what; None takes it away."""
    children: Children | None = None
    """None when nothing may be written but the status."""
    prune: tuple[objects.Deployment, ...] = ()
    """Deployments of variants that left the spec."""
    again_seconds: float | None = None
    """When to look again although nothing may have happened: a pinned pod may still be refused then."""


def intend(
    model: ModelDeployment,
    seen: Owned,
    refusal: Refusal | None,
    usage: Usage,
    settings: Settings,
    now: datetime,
) -> Intent:
    """Decide what one pass should write.

    `refusal` is what the last pass could not write, or why nothing may be. `usage` is brought up to date by
    the decision, so that the next model sees what this one takes.
    """
    unsupported = refusal is not None and refusal.reason is Reason.NOT_SUPPORTED
    on_hold = model.spec.suspend or unsupported or _is_blind(seen, usage)
    release(surge(seen), usage)
    demand = replace(demand_of(model), is_suspended=on_hold)
    asked = {variant: live.spec.replicas for variant, live in seen.deployments.items()}
    decision = decide(demand, usage, asked)
    facts = Facts(
        model=model,
        seen=seen,
        decision=decision,
        usage=usage,
        placements=placements(demand, seen, decision, usage),
        refusal=refusal,
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
        deletion_costs=_deletion_costs(seen, decision, usage),
        children=children(model, _replicas(model, seen, decision), settings),
        prune=_prune(model, seen),
        again_seconds=settings.unstick_seconds if any(r.refused_since for r in seen.replicas) else None,
    )


def _is_blind(seen: Owned, usage: Usage) -> bool:
    """Tell that we see no node although replicas run: an empty list of nodes is never "no nodes"."""
    return not usage.nodes and any(replica.bound for replica in seen.replicas)


def _replicas(model: ModelDeployment, seen: Owned, decision: Decision) -> dict[str, int]:
    """Count replicas by variant; a variant that has a Deployment and is not in use any more gets 0."""
    wanted = decision.desired_by_variant()
    return {
        variant.name: wanted.get(variant.name, 0)
        for variant in model.spec.variants
        if wanted.get(variant.name) or variant.name in seen.deployments
    }


def _prune(model: ModelDeployment, seen: Owned) -> tuple[objects.Deployment, ...]:
    kept = {deployment_name(model.metadata.name, variant.name) for variant in model.spec.variants}
    return tuple(live for live in seen.deployments.values() if live.metadata.name not in kept)


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


def _deletion_costs(seen: Owned, decision: Decision, usage: Usage) -> tuple[tuple[Replica, str | None], ...]:
    """Mark the replicas that should go when a Deployment shrinks, and unmark those that stay after all."""
    going = {(pod.namespace, pod.name) for pod in decision.surplus}
    going |= {(one.pod.namespace, one.pod.name) for one in decision.misplaced}
    going |= {(r.namespace, r.name) for r in seen.replicas if r.bound and r.node and not usage.knows(r.node)}
    wanted = [
        (r, DELETION_COST if (r.namespace, r.name) in going else None) for r in seen.replicas if r.alive
    ]
    return tuple(
        (replica, cost)
        for replica, cost in wanted
        if replica.annotations.get(DELETION_COST_ANNOTATION) != cost
    )
