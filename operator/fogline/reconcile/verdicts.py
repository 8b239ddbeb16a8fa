"""What each condition says. One function a condition; all look at the same facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from fogline.api import ConditionStatus, ModelDeployment, PlacementStatus
from fogline.conditions import ConditionType, Reason, Verdict
from fogline.disruption import Held, Progress, unreadable, unreadable_requests
from fogline.disruption.explain import say_held
from fogline.mistakes import Mistake, Part
from fogline.observe import Owned, is_rolling
from fogline.placement import Decision, Rejection, Usage, demand_of, policy_refusals
from fogline.placement.explain import describe, say_unplaceable
from fogline.reconcile.refusal import Refusal
from fogline.reconcile.rollouts import Rollouts
from fogline.snapshot import Replica
from fogline.units import format_usd, parse_usd

_LIMIT_DIGITS = Decimal("1e-9")
"""As many digits as a limit may have; what a cost has beyond is the rounding of shares."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the conditions are made from."""

    model: ModelDeployment
    seen: Owned
    decision: Decision
    usage: Usage
    """With the decision in it."""
    placements: tuple[PlacementStatus, ...]
    refusal: Refusal | None
    """What the last pass could not write, or why nothing may be."""
    progress: Progress
    """How far moves are."""
    rollouts: Rollouts
    """How far new versions are."""
    held: tuple[Held, ...] = ()
    """Moves that do not start now."""
    gap_percent: int | None = None
    """How far the latest plan for all models is above a cost that no plan can beat."""
    mistakes: Mapping[Part, Mistake] = field(default_factory=dict)
    """What went wrong in other parts of the operator."""
    gap: str | None = None
    """Which admission policies are missing, where the data of the model needs them."""
    alive: list[Replica] = field(init=False)
    """The replicas that serve or may come to serve."""
    ready: list[Replica] = field(init=False)
    """Those of them that serve."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "alive", [replica for replica in self.seen.replicas if replica.alive])
        object.__setattr__(self, "ready", [replica for replica in self.alive if replica.ready])

    @property
    def cost_per_hour(self) -> Decimal:
        """US dollars of all replicas together, those that are being placed included."""
        return self.usage.cost_of(self.decision.model)


def _yes(reason: Reason, message: str = "") -> Verdict:
    return Verdict(ConditionStatus.TRUE, reason, message)


def _no(reason: Reason, message: str = "") -> Verdict:
    return Verdict(ConditionStatus.FALSE, reason, message)


def _unknown(reason: Reason, message: str = "") -> Verdict:
    return Verdict(ConditionStatus.UNKNOWN, reason, message)


def verdicts(facts: Facts) -> Mapping[ConditionType, Verdict]:
    """Judge every condition; none is left out, so that nobody waits for one that never comes."""
    return {
        ConditionType.ACCEPTED: _accepted(facts),
        ConditionType.PLACED: _placed(facts),
        ConditionType.ARTIFACT_READY: _artifact_ready(facts),
        ConditionType.READY: _ready(facts),
        ConditionType.POLICY_COMPLIANT: _policy_compliant(facts),
        ConditionType.LATENCY_TARGET_MET: _latency_target_met(facts),
        ConditionType.WITHIN_COST_LIMIT: _within_cost_limit(facts),
        ConditionType.REBALANCING: _rebalancing(facts),
        ConditionType.ROLLED_OUT: _rolled_out(facts),
        ConditionType.SUSPENDED: _suspended(facts),
    }


def _accepted(facts: Facts) -> Verdict:
    if facts.refusal and facts.refusal.reason is Reason.NOT_SUPPORTED:
        return _no(Reason.NOT_SUPPORTED, facts.refusal.message)
    return _yes(Reason.VALID)


def _placed(facts: Facts) -> Verdict:
    desired = facts.model.spec.replicas
    on_nodes = [replica for replica in facts.alive if replica.bound]
    if obstacle := _mistake_in(facts, Part.PLACE, Part.PIN) or _unguarded(facts, desired - len(on_nodes)):
        return obstacle
    if not desired:
        return _yes(Reason.SCALED_TO_ZERO)
    if facts.decision.unplaceable:
        waiting = facts.decision.unplaceable[0]
        text = f"{facts.decision.waiting} of {desired} replicas find no node: {say_unplaceable(waiting)}"
        return _no(Reason.NO_FIT, text)
    if others := [replica for replica in facts.alive if replica.gates and replica.node]:
        gates = ", ".join(sorted({gate for replica in others for gate in replica.gates}))
        return _no(Reason.WAITING_FOR_OTHER_GATES, f"decided, but held by the scheduling gates {gates}")
    if len(on_nodes) < desired:
        refused = next((replica.refusal for replica in facts.alive if replica.refusal), "")
        more = f"; kube-scheduler: {refused}" if refused else _pods_refused(facts)
        return _no(Reason.PLACING, f"{len(on_nodes)} of {desired} replicas are on nodes{more}")
    return _yes(Reason.ALL_PLACED)


def _unguarded(facts: Facts, waiting: int) -> Verdict | None:
    if not facts.gap or waiting <= 0:
        return None
    return _no(Reason.POLICY_MISSING, f"{waiting} replicas are not placed now: {facts.gap}")


def _artifact_ready(facts: Facts) -> Verdict:
    on_nodes = [replica for replica in facts.alive if replica.bound]
    if awaited := _awaited(facts):
        text = f"variant {', '.join(awaited)}: no ModelTraining has published an artifact, and none is set"
        return _no(Reason.ARTIFACT_AWAITED, text)
    if not on_nodes:
        return _unknown(Reason.NO_REPLICA_YET)
    missing = [replica for replica in on_nodes if not replica.fetched]
    for replica in missing:
        if replica.trouble:
            return _no(Reason.FETCH_FAILED, f"on {replica.node}: {replica.trouble}")
    if missing:
        return _no(Reason.FETCHING, f"{len(missing)} of {len(on_nodes)} replicas wait for their artifact")
    return _yes(Reason.LOADED)


def _awaited(facts: Facts) -> list[str]:
    """Name the variants without an artifact, where replicas want one of them."""
    spec = facts.model.spec
    if spec.served and not facts.decision.unplaceable:
        return []
    return [variant.name for variant in spec.variants if variant.artifact is None]


def _ready(facts: Facts) -> Verdict:
    desired, ready = facts.model.spec.replicas, len(facts.ready)
    if facts.refusal:
        return _no(facts.refusal.reason, facts.refusal.message)
    if not desired:
        return _yes(Reason.SCALED_TO_ZERO)
    if ready < desired:
        troubled = next((r for r in facts.alive if not r.ready and r.trouble), None)
        more = (
            f"; {troubled.name} on {troubled.node}: {troubled.trouble}" if troubled else _pods_refused(facts)
        )
        return _no(Reason.REPLICAS_NOT_READY, f"{ready} of {desired} replicas are Ready{more}")
    if rolling := _rolling(facts):
        return _no(Reason.ROLLING_OUT, f"{', '.join(rolling)} still replaces replicas of an older spec")
    variants = {variant.name for variant in facts.model.spec.variants}
    if left := [replica.name for replica in facts.alive if replica.variant not in variants]:
        return _no(Reason.ROLLING_OUT, f"{', '.join(left)} of a variant that left the spec is still there")
    return _yes(Reason.ALL_REPLICAS_READY)


def _rolling(facts: Facts) -> list[str]:
    """Name the Deployments that replace pods; one whose canary is watched has come as far as it should."""
    return sorted(
        live.metadata.name
        for variant, live in facts.seen.deployments.items()
        if is_rolling(live) and variant not in facts.rollouts.tried
    )


def _rolled_out(facts: Facts) -> Verdict:
    for variant, step in facts.rollouts.steps.items():
        if step.mark:
            return _no(step.reason, f"variant {variant}: {step.message}")
    if shut := facts.rollouts.shut:
        return _no(
            Reason.WAITING_FOR_WINDOW, f"variant {', '.join(sorted(shut))} waits for rollout.edge.windows"
        )
    if rolling := _rolling(facts):
        return _no(Reason.ROLLING_OUT, f"{', '.join(rolling)} still replaces replicas of an older spec")
    return _yes(Reason.ONE_VERSION)


def _pods_refused(facts: Facts) -> str:
    """Say why the API server refuses pods, such as for a quota or for a PriorityClass that does not exist."""
    for live in facts.seen.deployments.values():
        for one in live.status.conditions:
            if (one.type, one.status) == ("ReplicaFailure", "True"):
                return f"; Deployment {live.metadata.name} cannot make pods: {one.message}"
    return ""


def _policy_compliant(facts: Facts) -> Verdict:
    variants = {variant.name for variant in facts.model.spec.variants}
    broken = [
        one.rejections[0]
        for one in facts.decision.misplaced
        if one.pod.replica and one.pod.replica.variant in variants  # else it goes for another reason
    ] or _broken_on_hold(facts)
    if not broken:
        return _unknown(Reason.POLICY_MISSING, facts.gap) if facts.gap else _yes(Reason.REQUIREMENTS_HOLD)
    return _no(Reason.REQUIREMENTS_BROKEN, "; ".join(describe(one) for one in broken))


def _broken_on_hold(facts: Facts) -> list[Rejection]:
    """Look at what a decision on hold keeps: it keeps everything, but that does not make it right."""
    if not facts.decision.is_suspended:
        return []
    demand, usage = demand_of(facts.model), facts.usage
    found = (
        policy_refusals(demand, pod.replica, usage.node(pod.node), usage)
        for pod in facts.decision.kept
        if pod.replica
    )
    return [refused[0] for refused in found if refused]


def _latency_target_met(facts: Facts) -> Verdict:
    latency = facts.model.spec.placement.latency
    target = latency.target_milliseconds if latency else None
    if target is None:
        return _yes(Reason.NO_TARGET)
    if not facts.placements:
        return _unknown(Reason.NO_REPLICA_YET)
    if unknown := {p.node for p in facts.placements if p.latency_milliseconds is None}:
        nodes = ", ".join(sorted(unknown))
        return _unknown(Reason.LATENCIES_UNKNOWN, f"no latency is known of {nodes}: label the nodes")
    above = [p for p in facts.placements if (p.latency_milliseconds or 0) > target]
    if above:
        worst = max(above, key=lambda p: p.latency_milliseconds or 0)
        text = f"{len(above)} of {len(facts.placements)} replicas are above {target} ms; "
        return _no(Reason.TARGET_MISSED, f"{text}{worst.node} is at {worst.latency_milliseconds} ms")
    return _yes(Reason.TARGET_MET)


def _within_cost_limit(facts: Facts) -> Verdict:
    cost = facts.model.spec.placement.cost
    limit = cost.max_per_hour if cost else None
    if limit is None:
        return _yes(Reason.NO_LIMIT)
    if facts.cost_per_hour.quantize(_LIMIT_DIGITS) <= parse_usd(limit):
        return _yes(Reason.WITHIN_LIMIT)
    text = f"costs {format_usd(facts.cost_per_hour)} US dollars per hour, the limit is {limit}"
    return _no(Reason.LIMIT_EXCEEDED, text)


def _rebalancing(facts: Facts) -> Verdict:
    """Tell of moves, and of annotations about moves that cannot be read."""
    verdict = _moves(facts)
    notes = facts.model.metadata.annotations
    wrong = "; ".join((*unreadable(notes, facts.alive), *unreadable_requests(notes)))
    return replace(verdict, message="; ".join(filter(None, (verdict.message, wrong)))) if wrong else verdict


def _moves(facts: Facts) -> Verdict:
    if mistake := _mistake_in(facts, Part.MOVE, Part.MARK, Part.OVERLOAD, Part.PLAN):
        return mistake
    if facts.progress.underway:
        told = "; ".join(
            f"{one.victim.name} from {one.move.source} to {one.move.target}: {one.move.reason}"
            for one in facts.progress.underway
        )
        return _yes(Reason.MOVING, told)
    if facts.held:
        return _no(facts.held[0].reason, say_held(facts.held))
    return _no(Reason.IDLE)


def _mistake_in(facts: Facts, *parts: Part) -> Verdict | None:
    found = next((facts.mistakes[part] for part in parts if part in facts.mistakes), None)
    return _unknown(Reason.INTERNAL_ERROR, say_mistake(found)) if found else None


def say_mistake(mistake: Mistake) -> str:
    """Say that we are at fault, and where to look."""
    return (
        f"a mistake of Fogline, please report it: {mistake}; what runs goes on unchanged, other models are "
        "not affected, and the log of the operator has the traceback"
    )


def _suspended(facts: Facts) -> Verdict:
    if facts.model.spec.suspend:
        return _yes(Reason.SUSPENDED_BY_USER, "nothing is placed or changed until spec.suspend is false")
    return _no(Reason.NOT_SUSPENDED)
