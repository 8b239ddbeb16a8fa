"""Conditions and reasons: one vocabulary for status, Events, metrics and the CLI."""

from enum import StrEnum


class ConditionType(StrEnum):
    """The conditions of a ModelDeployment. All are written on the first pass."""

    ACCEPTED = "Accepted"
    PLACED = "Placed"
    ARTIFACT_READY = "ArtifactReady"
    READY = "Ready"
    POLICY_COMPLIANT = "PolicyCompliant"
    LATENCY_TARGET_MET = "LatencyTargetMet"
    WITHIN_COST_LIMIT = "WithinCostLimit"
    REBALANCING = "Rebalancing"
    SUSPENDED = "Suspended"


class ProfileConditionType(StrEnum):
    """The conditions of a NodeProfile. Both are written on the first pass."""

    ACCEPTED = "Accepted"
    EFFECTIVE = "Effective"


class Reason(StrEnum):
    """Why a node is refused, why a condition has its status, what an Event tells."""

    # a node is refused, in the order in which a user should hear of it: rules, node, room, limits
    TIER_NOT_SERVED = "TierNotServed"
    CLEARANCE_TOO_LOW = "ClearanceTooLow"
    REGION_NOT_ALLOWED = "RegionNotAllowed"
    ARCHITECTURE_NOT_SUPPORTED = "ArchitectureNotSupported"
    ACCELERATOR_NOT_SUPPORTED = "AcceleratorNotSupported"
    NODE_SELECTOR_MISMATCH = "NodeSelectorMismatch"
    LATENCY_UNKNOWN = "LatencyUnknown"
    LATENCY_ABOVE_MAXIMUM = "LatencyAboveMaximum"
    NODE_NOT_READY = "NodeNotReady"
    NODE_CORDONED = "NodeCordoned"
    TAINT_NOT_TOLERATED = "TaintNotTolerated"
    INSUFFICIENT_RESOURCE = "InsufficientResource"
    CAPACITY_SHARE_REACHED = "CapacityShareReached"
    MAX_PER_NODE_REACHED = "MaxPerNodeReached"
    MAX_PER_ZONE_REACHED = "MaxPerZoneReached"
    TIER_MAXIMUM_REACHED = "TierMaximumReached"
    RESERVED_FOR_TIER_MINIMUM = "ReservedForTierMinimum"
    COST_LIMIT_REACHED = "CostLimitReached"

    # conditions
    VALID = "Valid"
    INVALID = "Invalid"
    NOT_SUPPORTED = "NotSupported"
    ALL_PLACED = "AllPlaced"
    NO_FIT = "NoFit"
    PLACING = "Placing"
    WAITING_FOR_OTHER_GATES = "WaitingForOtherGates"
    SCALED_TO_ZERO = "ScaledToZero"
    LOADED = "Loaded"
    FETCHING = "Fetching"
    FETCH_FAILED = "FetchFailed"
    NO_REPLICA_YET = "NoReplicaYet"
    ALL_REPLICAS_READY = "AllReplicasReady"
    REPLICAS_NOT_READY = "ReplicasNotReady"
    ROLLING_OUT = "RollingOut"
    REQUIREMENTS_HOLD = "RequirementsHold"
    REQUIREMENTS_BROKEN = "RequirementsBroken"
    TARGET_MET = "TargetMet"
    TARGET_MISSED = "TargetMissed"
    NO_TARGET = "NoTarget"
    WITHIN_LIMIT = "WithinLimit"
    NO_LIMIT = "NoLimit"
    LIMIT_EXCEEDED = "LimitExceeded"
    LATENCIES_UNKNOWN = "LatenciesUnknown"
    IDLE = "Idle"
    MOVING = "Moving"
    NO_PLACE_TO_MOVE = "NoPlaceToMove"
    WAITING_FOR_BUDGET = "WaitingForBudget"
    SUSPENDED_BY_USER = "SuspendedByUser"
    NOT_SUSPENDED = "NotSuspended"
    REPLICAS_CONFLICT = "ReplicasConflict"
    NAME_TAKEN = "NameTaken"
    IN_EFFECT = "InEffect"
    NO_NODES = "NoNodes"
    EXPIRED = "Expired"
    CONFLICTING = "Conflicting"
    OVERRIDDEN = "Overridden"

    # Events
    NO_FITTING_NODE = "NoFittingNode"
    PLACED_WITHOUT_PIN = "PlacedWithoutPin"
    PLACEMENT_UNSTUCK = "PlacementUnstuck"
    REPLICA_FAILED = "ReplicaFailed"
    CLEARANCE_VIOLATED = "ClearanceViolated"
    APPLY_FAILED = "ApplyFailed"
    MOVE_STARTED = "MoveStarted"
    MOVE_COMPLETED = "MoveCompleted"
    MOVE_ABORTED = "MoveAborted"
    DRAIN_UNBLOCKED = "DrainUnblocked"
