"""The status of a ModelDeployment: what is seen, what was decided, and one condition for each aspect."""

from datetime import datetime
from decimal import Decimal

import msgspec

from fogline.api import (
    ConditionStatus,
    LastDecision,
    ModelDeployment,
    ModelDeploymentStatus,
    PlacementStatus,
    RejectionSummary,
    Tier,
    TiersStatus,
    TierStatus,
)
from fogline.conditions import ConditionType, Reason, Verdict
from fogline.errors import BadInputError
from fogline.mistakes import Mistake
from fogline.names import MODEL_LABEL
from fogline.objects import service_url
from fogline.observe import Owned
from fogline.placement import Assignment, Decision, Demand, Unplaceable, Usage
from fogline.placement.explain import describe, would_be_chosen
from fogline.placement.objective import latency_penalty
from fogline.placement.requirements import Option
from fogline.reconcile.conditions import conditions
from fogline.reconcile.history import moves_status
from fogline.reconcile.verdicts import Facts, say_mistake, verdicts
from fogline.snapshot import Node, Pod, Replica
from fogline.units import format_usd

MAX_PLACEMENTS = 100
"""Placements that the status lists; more do not fit the idea of a status."""
MAX_USD = Decimal(999_999_999)
"""The largest amount that the API can say; the product of two large numbers can be more."""
MAX_TEXT = 253


def status_of(facts: Facts, now: datetime) -> ModelDeploymentStatus:
    """Describe one ModelDeployment. Nothing in it changes while nothing happens."""
    model = facts.model
    before = model.status or ModelDeploymentStatus()
    ready = len(facts.ready)
    return ModelDeploymentStatus(
        observed_generation=model.metadata.generation,
        replicas=len(facts.alive),
        ready_replicas=ready,
        available_replicas=ready,
        gated_replicas=sum(bool(replica.gates) for replica in facts.alive),
        selector=f"{MODEL_LABEL}={model.metadata.name}",
        url=service_url(model),
        cost_per_hour=format_usd(facts.cost_per_hour),
        tiers=_tiers(facts),
        placements=facts.placements[:MAX_PLACEMENTS],
        moves=moves_status(before.moves, facts.progress, facts.held, now),
        rollouts=facts.rollouts.status(),
        last_decision=_last_decision(before.last_decision, facts, now),
        conditions=conditions(before.conditions, verdicts(facts), model.metadata.generation, now),
    )


def unreadable_status(error: BadInputError, now: datetime) -> ModelDeploymentStatus:
    """Describe an object that the API server holds and we cannot read."""
    verdict = Verdict(ConditionStatus.FALSE, Reason.INVALID, f"{error}; what runs goes on unchanged")
    doubt = Verdict(ConditionStatus.UNKNOWN, Reason.INVALID)
    told = {ConditionType.ACCEPTED, ConditionType.READY}
    judged = {kind: verdict if kind in told else doubt for kind in ConditionType}
    return ModelDeploymentStatus(conditions=conditions((), judged, None, now))


def mistaken_status(model: ModelDeployment, mistake: Mistake, now: datetime) -> ModelDeploymentStatus:
    """Describe an object that we fail with: what was said before stays, but for the conditions."""
    before = model.status or ModelDeploymentStatus()
    verdict = Verdict(ConditionStatus.UNKNOWN, Reason.INTERNAL_ERROR, say_mistake(mistake))
    judged = dict.fromkeys(ConditionType, verdict)
    told = conditions(before.conditions, judged, model.metadata.generation, now)
    return msgspec.structs.replace(before, conditions=told)


def placements(demand: Demand, seen: Owned, decision: Decision, usage: Usage) -> tuple[PlacementStatus, ...]:
    """List the replicas that have a node; latency and price are those of the nodes as they are now.

    Those that are to go have no price: the decision has stopped counting them.
    """
    counted: dict[tuple[str, str], Pod] = {(pod.namespace, pod.name): pod for pod in decision.kept}
    found: list[PlacementStatus] = []
    for replica in seen.replicas:
        if replica.node is None or not replica.alive:
            continue
        node = usage.node(replica.node) if usage.knows(replica.node) else None
        pod = counted.get((replica.namespace, replica.name))
        found.append(
            PlacementStatus(
                node=replica.node,
                tier=node.tier if node else None,
                variant=replica.variant,
                client_site=replica.client_site,
                ready=replica.ready,
                cost_per_hour=format_usd(usage.replica_cost(pod)) if pod and node else None,
                latency_penalty_per_hour=_penalty(demand, replica, node, usage) if pod and node else None,
                latency_milliseconds=node.latency_from(replica.client_site) if node else None,
                since=replica.decided_at or replica.created_at,
            )
        )
    return tuple(sorted(found, key=lambda p: (p.node, p.variant, p.client_site or "", p.since)))


def _penalty(demand: Demand, replica: Replica, node: Node, usage: Usage) -> str | None:
    variant = demand.variant(replica.variant)
    if variant is None:
        return None
    penalty = latency_penalty(Option(demand, variant, replica.client_site, node), usage)
    return format_usd(min(penalty, MAX_USD))


def _tiers(facts: Facts) -> TiersStatus:
    assigned = facts.decision.assigned_by_variant()
    tier_of = {variant.name: variant.tier for variant in facts.model.spec.variants}

    def count(tier: Tier) -> TierStatus:
        return TierStatus(
            desired=sum(number for name, number in assigned.items() if tier_of.get(name) is tier),
            ready=sum(tier_of.get(replica.variant) is tier for replica in facts.ready),
        )

    return TiersStatus(cloud=count(Tier.CLOUD), edge=count(Tier.EDGE))


def _last_decision(before: LastDecision | None, facts: Facts, now: datetime) -> LastDecision | None:
    """Tell the decision that last said something, and how good the cluster is."""
    told = _latest_answer(before, facts.decision, now)
    if facts.gap_percent is None:
        return told
    gap = str(facts.gap_percent)
    if told is None:
        return LastDecision(time=now.replace(microsecond=0), bound_gap_percent=gap)
    return msgspec.structs.replace(told, bound_gap_percent=gap)


def _latest_answer(before: LastDecision | None, decision: Decision, now: datetime) -> LastDecision | None:
    """Keep the decision that last said something: who was assigned, or why somebody waits."""
    answers: tuple[Unplaceable | Assignment, ...] = (*decision.unplaceable, *decision.assignments)
    if not answers:
        return before
    rejections = tuple(
        RejectionSummary(reason=one.reason.value, nodes=one.nodes, example=describe(one.example)[:MAX_TEXT])
        for one in answers[0].refused
    )
    closest = answers[0].counterfactual
    told = would_be_chosen(closest)[:MAX_TEXT] if closest else None
    if before and (before.rejections, before.counterfactual) == (rejections, told):
        return before
    return LastDecision(time=now.replace(microsecond=0), rejections=rejections, counterfactual=told)
