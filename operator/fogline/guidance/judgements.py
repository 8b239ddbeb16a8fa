"""What each condition says, and the reasons that it may have."""

from collections.abc import Mapping

from fogline.conditions import ConditionType, ProfileConditionType, Reason

CONDITIONS: Mapping[ConditionType, str] = {
    ConditionType.ACCEPTED: "the spec can be carried out",
    ConditionType.PLACED: "every replica has a node",
    ConditionType.ARTIFACT_READY: "the model's files are on every node that serves it",
    ConditionType.READY: "all replicas serve what the spec says; it sums the others up",
    ConditionType.POLICY_COMPLIANT: "every replica is on a node that meets the requirements now",
    ConditionType.LATENCY_TARGET_MET: "no replica is above the latency target",
    ConditionType.WITHIN_COST_LIMIT: "the cost is within `maxPerHour`",
    ConditionType.REBALANCING: "moves run",
    ConditionType.ROLLED_OUT: "all replicas serve what the spec says",
    ConditionType.SUSPENDED: "`spec.suspend` is true",
}
"""What True means, of each condition of a ModelDeployment."""

PROFILE_CONDITIONS: Mapping[ProfileConditionType, str] = {
    ProfileConditionType.ACCEPTED: "the spec can be used",
    ProfileConditionType.EFFECTIVE: (
        "some fact of it counts on some node, and no other profile contradicts it on equal terms"
    ),
}
"""What True means, of each condition of a NodeProfile."""

CONDITION_REASONS: Mapping[ConditionType, tuple[Reason, ...]] = {
    ConditionType.ACCEPTED: (Reason.VALID, Reason.NOT_SUPPORTED),
    ConditionType.PLACED: (
        Reason.ALL_PLACED,
        Reason.PLACING,
        Reason.NO_FIT,
        Reason.POLICY_MISSING,
        Reason.WAITING_FOR_OTHER_GATES,
        Reason.SCALED_TO_ZERO,
    ),
    ConditionType.ARTIFACT_READY: (
        Reason.LOADED,
        Reason.FETCHING,
        Reason.FETCH_FAILED,
        Reason.ARTIFACT_AWAITED,
        Reason.NO_REPLICA_YET,
    ),
    ConditionType.READY: (
        Reason.ALL_REPLICAS_READY,
        Reason.REPLICAS_NOT_READY,
        Reason.ROLLING_OUT,
        Reason.REPLICAS_CONFLICT,
        Reason.NAME_TAKEN,
        Reason.APPLY_FAILED,
        Reason.NOT_SUPPORTED,
        Reason.SCALED_TO_ZERO,
    ),
    ConditionType.POLICY_COMPLIANT: (
        Reason.REQUIREMENTS_HOLD,
        Reason.REQUIREMENTS_BROKEN,
        Reason.POLICY_MISSING,
    ),
    ConditionType.LATENCY_TARGET_MET: (
        Reason.TARGET_MET,
        Reason.TARGET_MISSED,
        Reason.NO_TARGET,
        Reason.LATENCIES_UNKNOWN,
        Reason.NO_REPLICA_YET,
    ),
    ConditionType.WITHIN_COST_LIMIT: (Reason.WITHIN_LIMIT, Reason.LIMIT_EXCEEDED, Reason.NO_LIMIT),
    ConditionType.REBALANCING: (
        Reason.MOVING,
        Reason.IDLE,
        Reason.WAITING_FOR_BUDGET,
        Reason.OUTSIDE_WINDOW,
        Reason.COOLING_DOWN,
        Reason.MARKED_DO_NOT_MOVE,
        Reason.MOVES_PLANNED,
        Reason.NO_PLACE_TO_MOVE,
        Reason.TOO_MANY_NODES_NOT_READY,
    ),
    ConditionType.ROLLED_OUT: (
        Reason.ONE_VERSION,
        Reason.ROLLING_OUT,
        Reason.CANARY,
        Reason.PROMOTING,
        Reason.INTERRUPTED,
        Reason.ROLLED_BACK,
        Reason.FIGURES_MISSING,
        Reason.WAITING_FOR_WINDOW,
    ),
    ConditionType.SUSPENDED: (Reason.SUSPENDED_BY_USER, Reason.NOT_SUSPENDED),
}
"""The reasons that each condition of a ModelDeployment may have, besides `REASONS_OF_ALL_CONDITIONS`."""

REASONS_OF_ALL_CONDITIONS = (Reason.INVALID, Reason.INTERNAL_ERROR)
"""What any condition of a ModelDeployment may have: an object that cannot be read is judged in no respect."""

PROFILE_CONDITION_REASONS: Mapping[ProfileConditionType, tuple[Reason, ...]] = {
    ProfileConditionType.ACCEPTED: (Reason.VALID, Reason.INVALID),
    ProfileConditionType.EFFECTIVE: (
        Reason.IN_EFFECT,
        Reason.NO_NODES,
        Reason.EXPIRED,
        Reason.CONFLICTING,
        Reason.OVERRIDDEN,
        Reason.INVALID,
    ),
}
"""The reasons that each condition of a NodeProfile may have."""
