"""What a pass tells the metrics."""

from collections import Counter

from fogline.api import ModelDeploymentStatus, Tier, TiersStatus, TierStatus
from fogline.metrics.figures import LatencyOutcome, ModelFigures, judged
from fogline.reconcile.verdicts import Facts


def figures_of(facts: Facts, status: ModelDeploymentStatus) -> ModelFigures:
    """Give the figures of one model; they say the same as its status."""
    tiers = status.tiers or TiersStatus()
    by_tier = {Tier.CLOUD: tiers.cloud or TierStatus(), Tier.EDGE: tiers.edge or TierStatus()}
    return ModelFigures(
        cost_per_hour=facts.usage.cost_by_tier(facts.decision.model),
        desired={tier: one.desired or 0 for tier, one in by_tier.items()},
        ready={tier: one.ready or 0 for tier, one in by_tier.items()},
        gated=status.gated_replicas or 0,
        latency=_latency(facts),
        conditions=judged(status.conditions),
    )


def _latency(facts: Facts) -> Counter[LatencyOutcome]:
    latency = facts.model.spec.placement.latency
    target = latency.target_milliseconds if latency else None
    if target is None:
        return Counter()
    return Counter(_outcome(placed.latency_milliseconds, target) for placed in facts.placements)


def _outcome(milliseconds: int | None, target: int) -> LatencyOutcome:
    if milliseconds is None:
        return LatencyOutcome.UNKNOWN
    return LatencyOutcome.MET if milliseconds <= target else LatencyOutcome.MISSED
