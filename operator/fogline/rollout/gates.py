"""Which gated pods have to wait for a rollout."""

from datetime import datetime

from fogline.api import Rollout, RolloutState, Tier
from fogline.names import GATE
from fogline.rollout.variant import VariantState, canaries
from fogline.rollout.windows import is_open
from fogline.snapshot import Replica


def held_gates(seen: VariantState, rules: Rollout, now: datetime) -> frozenset[str]:
    """Name the pods, by uid, whose gate stays closed although there may be a node for them.

    Whatever a rollout holds back, it never leaves a replica missing: where the pods of the old version are
    too few, new ones come at once.
    """
    is_canary = seen.mark is not None and seen.mark.state is RolloutState.CANARY
    is_edge = seen.tier is Tier.EDGE
    if not is_canary and not is_edge:
        return frozenset()
    new = _new(seen)
    old = len(seen.replicas) - len(new)
    if not old:
        return frozenset()
    gated = sorted((one for one in new if GATE in one.gates), key=lambda one: (one.created_at, one.name))
    there = [one for one in new if GATE not in one.gates]
    allowed = len(gated)
    if is_canary:
        allowed = canaries(seen.desired, rules.canary_percent) - len(there)
    if is_edge:
        allowed = min(allowed, _at_the_edge(there, rules, now))
    missing = seen.desired - old - len(there)
    return frozenset(one.uid for one in gated[max(allowed, missing, 0) :])


def _new(seen: VariantState) -> list[Replica]:
    """Give the replicas of the template that the Deployment goes to."""
    if seen.mark and seen.mark.state is RolloutState.CANARY:
        return seen.of_others(seen.mark.template)
    template = seen.newest_template
    return seen.of_template(template) if template else []


def _at_the_edge(there: list[Replica], rules: Rollout, now: datetime) -> int:
    """Count the edge replicas that may begin now: one after another, and in a window only."""
    return int(is_open(rules, now) and all(one.ready for one in there))
