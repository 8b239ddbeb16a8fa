"""What each reason means and what to do about it, in words for people."""

from collections.abc import Mapping
from dataclasses import dataclass

from fogline.conditions import ConditionType, ProfileConditionType, Reason


@dataclass(frozen=True, slots=True)
class Guidance:
    """What a reason tells, and what to do."""

    meaning: str
    action: str = "nothing"
    """What makes it go away; "nothing" where all is well, or where it goes away by itself."""


CONDITIONS: Mapping[ConditionType, str] = {
    ConditionType.ACCEPTED: "the spec can be carried out",
    ConditionType.PLACED: "every replica has a node",
    ConditionType.ARTIFACT_READY: "the model's files are on every node that serves it",
    ConditionType.READY: "all replicas serve what the spec says; it sums the others up",
    ConditionType.POLICY_COMPLIANT: "every replica is on a node that meets the requirements now",
    ConditionType.LATENCY_TARGET_MET: "no replica is above the latency target",
    ConditionType.WITHIN_COST_LIMIT: "the cost is within `maxPerHour`",
    ConditionType.REBALANCING: "moves run",
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

REFUSAL_REASONS = (
    Reason.TIER_NOT_SERVED,
    Reason.ARTIFACT_AWAITED,
    Reason.CLEARANCE_TOO_LOW,
    Reason.REGION_NOT_ALLOWED,
    Reason.ARCHITECTURE_NOT_SUPPORTED,
    Reason.ACCELERATOR_NOT_SUPPORTED,
    Reason.NODE_SELECTOR_MISMATCH,
    Reason.LATENCY_UNKNOWN,
    Reason.LATENCY_ABOVE_MAXIMUM,
    Reason.NODE_NOT_READY,
    Reason.NODE_CORDONED,
    Reason.TAINT_NOT_TOLERATED,
    Reason.REFUSED_BY_SCHEDULER,
    Reason.INSUFFICIENT_RESOURCE,
    Reason.CAPACITY_SHARE_REACHED,
    Reason.MAX_PER_NODE_REACHED,
    Reason.MAX_PER_ZONE_REACHED,
    Reason.TIER_MAXIMUM_REACHED,
    Reason.RESERVED_FOR_TIER_MINIMUM,
    Reason.COST_LIMIT_REACHED,
)
"""Why a node is refused, in the order in which a user should hear of it: rules, node, room, limits."""

EVENT_REASONS = (
    Reason.NO_FITTING_NODE,
    Reason.PLACED_WITHOUT_PIN,
    Reason.PLACEMENT_UNSTUCK,
    Reason.REPLICA_FAILED,
    Reason.CLEARANCE_VIOLATED,
    Reason.CLEARANCE_ENFORCED,
    Reason.APPLY_FAILED,
    Reason.MOVE_PLANNED,
    Reason.MOVE_STARTED,
    Reason.MOVE_COMPLETED,
    Reason.MOVE_ABORTED,
    Reason.DRAIN_UNBLOCKED,
    Reason.STAND_IN_PLACED,
    Reason.STAND_IN_OVER,
    Reason.CONFLICTING,
    Reason.DECISIONS_STOPPED,
    Reason.BUDGET_LOOSENED,
)
"""The reasons of Events."""

GUIDANCE: Mapping[Reason, Guidance] = {
    # a node is refused
    Reason.TIER_NOT_SERVED: Guidance(
        "the model has no variant for the tier of the node", "add a variant for the tier of the node"
    ),
    Reason.ARTIFACT_AWAITED: Guidance(
        "the variant for the tier of the node has no artifact yet",
        "see whether the ModelTraining that publishes it is `Complete`, or set `artifact` of the variant",
    ),
    Reason.CLEARANCE_TOO_LOW: Guidance(
        "the node may not hold data as sensitive as that of the model",
        "clear the node for the data, or lower `dataSensitivity`",
    ),
    Reason.REGION_NOT_ALLOWED: Guidance(
        "the region of the node is not in `allowedRegions`, or the node has none",
        "add the region to `allowedRegions`, or label the node",
    ),
    Reason.ARCHITECTURE_NOT_SUPPORTED: Guidance(
        "the variant does not run on the processor of the node",
        "add the architecture to the variant, if its image has it",
    ),
    Reason.ACCELERATOR_NOT_SUPPORTED: Guidance(
        "the variant does not run on the kind of accelerator that the node has",
        "add the kind to `acceleratorTypes` of the variant, if the model runs on it, or label the node",
    ),
    Reason.NODE_SELECTOR_MISMATCH: Guidance(
        "the node lacks a label of `nodeSelector`", "label the node, or change `nodeSelector`"
    ),
    Reason.LATENCY_UNKNOWN: Guidance(
        "the model has a latency maximum, and the latency of the node is not known",
        "give the latency of the node, by a NodeProfile or a label",
    ),
    Reason.LATENCY_ABOVE_MAXIMUM: Guidance(
        "the node is further from the clients than `maxMilliseconds` allows",
        "raise `maxMilliseconds`, or add a nearer node",
    ),
    Reason.NODE_NOT_READY: Guidance("the node is not Ready", "repair the node"),
    Reason.NODE_CORDONED: Guidance("the node is cordoned", "`kubectl uncordon` the node"),
    Reason.TAINT_NOT_TOLERATED: Guidance(
        "the node has a taint that keeps pods away", "take the taint off the node, or add another node"
    ),
    Reason.REFUSED_BY_SCHEDULER: Guidance(
        "kube-scheduler refused a replica of the model there; the node is tried again after 5 minutes",
        "`kubectl describe pod` says what kube-scheduler does not like",
    ),
    Reason.INSUFFICIENT_RESOURCE: Guidance(
        "the node has less free than the replica requests, other people's pods counted",
        "free or add capacity, or request less",
    ),
    Reason.CAPACITY_SHARE_REACHED: Guidance(
        "the share of the node that Fogline may use is used up",
        "raise `capacityShare` of the NodeProfile, or add capacity",
    ),
    Reason.MAX_PER_NODE_REACHED: Guidance(
        "the node holds as many replicas of the model as `maxPerNode` allows", "relax `spread`, or add nodes"
    ),
    Reason.MAX_PER_ZONE_REACHED: Guidance(
        "the site holds as many replicas of the model as `maxPerZonePercent` allows",
        "relax `spread`, or add sites",
    ),
    Reason.TIER_MAXIMUM_REACHED: Guidance(
        "the tier holds as many replicas as its `maxReplicas` allows", "raise `maxReplicas` of the tier"
    ),
    Reason.RESERVED_FOR_TIER_MINIMUM: Guidance(
        "the replicas that are left are owed to the `minReplicas` of the other tier",
        "add nodes to the other tier, lower its `minReplicas`, or raise `replicas`",
    ),
    Reason.COST_LIMIT_REACHED: Guidance(
        "with the replica there the model would cost more than `maxPerHour`",
        "raise `maxPerHour`, or add a cheaper node",
    ),
    # conditions
    Reason.VALID: Guidance("the spec is valid"),
    Reason.INVALID: Guidance(
        "the spec cannot be carried out; what runs goes on by the last valid one",
        "correct the field that the message names",
    ),
    Reason.NOT_SUPPORTED: Guidance(
        "the cluster is too old for a field of the spec; nothing of the model is changed until then",
        "the message says what to use instead, or which version has it",
    ),
    Reason.ALL_PLACED: Guidance("every replica has a node"),
    Reason.NO_FIT: Guidance(
        "no node takes one of the replicas",
        "the message has the reasons by node, and what would help; `fogline explain` has all of it",
    ),
    Reason.PLACING: Guidance(
        "replicas are decided, and kube-scheduler has not bound all of them",
        "if it lasts, the message says what kube-scheduler or a quota has against it",
    ),
    Reason.WAITING_FOR_OTHER_GATES: Guidance(
        "a replica is decided, and a scheduling gate that is not Fogline's holds it",
        "see what sets the gate that the message names; Fogline never opens it",
    ),
    Reason.SCALED_TO_ZERO: Guidance("`replicas` is 0"),
    Reason.LOADED: Guidance("the files are everywhere"),
    Reason.FETCHING: Guidance("files are on their way", "if it lasts, see `kubectl logs POD -c fetch`"),
    Reason.FETCH_FAILED: Guidance(
        "files did not come, or are not the expected ones",
        "the message says why; [artifacts.md](artifacts.md#when-it-fails) says what to do about each",
    ),
    Reason.NO_REPLICA_YET: Guidance("no replica is on a node", "see `Placed`"),
    Reason.ALL_REPLICAS_READY: Guidance("all replicas serve"),
    Reason.REPLICAS_NOT_READY: Guidance(
        "some replicas do not serve, or not yet",
        "the message names one and its trouble; `Placed` and `ArtifactReady` say what it waits for",
    ),
    Reason.ROLLING_OUT: Guidance(
        "replicas of an older spec are still being replaced",
        "if it lasts, the new ones do not become Ready: see their pods",
    ),
    Reason.REQUIREMENTS_HOLD: Guidance("no replica breaks a requirement"),
    Reason.REQUIREMENTS_BROKEN: Guidance(
        "a node changed, and a replica there breaks a requirement now",
        "nothing, if `Rebalancing` says that it moves; else that condition says what it waits for",
    ),
    Reason.POLICY_MISSING: Guidance(
        "an admission policy of Fogline is gone or denies nothing, so nothing Confidential or Restricted is"
        " placed or moved; what runs goes on",
        "`helm upgrade` of the release brings it back; see"
        " [security-model.md](security-model.md#when-a-policy-is-missing)",
    ),
    Reason.TARGET_MET: Guidance("every replica is near enough"),
    Reason.TARGET_MISSED: Guidance(
        "a replica is further from its clients than the target",
        "add nearer nodes, raise the target, or weigh latency more with `objective: LowestLatency`",
    ),
    Reason.NO_TARGET: Guidance("the model has no latency target"),
    Reason.WITHIN_LIMIT: Guidance("the model costs no more than `maxPerHour`"),
    Reason.NO_LIMIT: Guidance("the model has no cost limit"),
    Reason.LIMIT_EXCEEDED: Guidance(
        "prices rose, and what runs costs more than `maxPerHour`",
        "raise `maxPerHour`, lower `replicas`, or add a cheaper node",
    ),
    Reason.LATENCIES_UNKNOWN: Guidance(
        "the latency of a node that holds a replica is not known", "label the nodes that the message names"
    ),
    Reason.IDLE: Guidance("no move is called for"),
    Reason.MOVING: Guidance("replicas move; the message says which"),
    Reason.MOVES_PLANNED: Guidance(
        "moves would be worth it, and the mode is `DryRun`", "set `rebalancing.mode: Automatic` to have them"
    ),
    Reason.COOLING_DOWN: Guidance("a move waits for the end of the cool-down"),
    Reason.OUTSIDE_WINDOW: Guidance("a move waits for the end of a window without moves"),
    Reason.MARKED_DO_NOT_MOVE: Guidance(
        "the annotation `fogline.dev/do-not-move` keeps a replica where it is",
        "take the annotation off, or wait for the time that it names",
    ),
    Reason.TOO_MANY_NODES_NOT_READY: Guidance(
        "more than 20 % of the nodes are not Ready, so only data rules move anything",
        "see what is wrong with the nodes, or with the network to them",
    ),
    Reason.VARIANT_LEFT: Guidance("the variant of the replica is not in the spec any more"),
    Reason.NO_PLACE_TO_MOVE: Guidance(
        "a replica has to leave its node, and no other node takes it",
        "the message says why each is refused, and what would help",
    ),
    Reason.WAITING_FOR_BUDGET: Guidance(
        "a move waits until other moves have ended",
        "nothing; the message has the numbers of the [budget](moves.md#budgets)",
    ),
    Reason.SUSPENDED_BY_USER: Guidance(
        "nothing is placed or moved, what runs goes on", "set `spec.suspend: false` to go on"
    ),
    Reason.NOT_SUSPENDED: Guidance("the model is placed and moved as usual"),
    Reason.REPLICAS_CONFLICT: Guidance(
        "something else sets the replicas of a Deployment of the model",
        "scale the ModelDeployment, not the Deployment; the message names the right number",
    ),
    Reason.NAME_TAKEN: Guidance(
        "an object of the name exists and belongs to somebody else; it is left alone",
        "delete or rename the object that the message names, or rename the model",
    ),
    Reason.INTERNAL_ERROR: Guidance(
        "a mistake of Fogline, not of yours; what runs goes on, other models are not affected",
        "report it; [operations.md](operations.md#when-one-model-is-left-alone) says where to look",
    ),
    Reason.IN_EFFECT: Guidance(
        "the facts of the profile count; a message tells of those that a more specific profile gives"
    ),
    Reason.NO_NODES: Guidance(
        "no node has the labels of the profile", "label nodes, or change `nodeSelector`"
    ),
    Reason.EXPIRED: Guidance(
        "`validUntil` is over, and the profile is ignored",
        "set `validUntil` to a later time, or delete the profile",
    ),
    Reason.CONFLICTING: Guidance(
        "another profile with as many labels gives another value of a fact",
        "leave the fact out of one of the two profiles, or add a label to its `nodeSelector`",
    ),
    Reason.OVERRIDDEN: Guidance(
        "more specific profiles give every fact on every node", "delete the profile, or change one of them"
    ),
    # why a replica moves
    Reason.NODE_OVER_COMMITTED: Guidance(
        "more is requested of the node than it has",
        "find out what shrank the node, or which pod came past the scheduler",
    ),
    Reason.NODE_UNDER_PRESSURE: Guidance(
        "the kubelet reports pressure of memory, disk or process ids", "see what fills the node"
    ),
    Reason.NODE_LEAVING: Guidance("cluster-autoscaler or Karpenter are about to take the node"),
    Reason.TIER_MINIMUM_MISSED: Guidance("the other tier has fewer replicas than its `minReplicas`"),
    Reason.REQUESTED: Guidance("somebody asked for the move, such as by `fogline move`"),
    Reason.BETTER_NODE: Guidance("another node saves at least `minSavingPercent`"),
    Reason.BETTER_PLAN: Guidance("it is part of a plan for all models together that saves as much"),
    # Events
    Reason.NO_FITTING_NODE: Guidance(
        "no node takes a replica", "the note has the reasons by node, as the condition `Placed` has"
    ),
    Reason.PLACED_WITHOUT_PIN: Guidance(
        "a replica is left to kube-scheduler, inside its requirements: no room, or no operator is there",
        "the note says which; add room, or see what happened to the operator",
    ),
    Reason.PLACEMENT_UNSTUCK: Guidance(
        "a replica could not start on the node that was chosen, and is placed again",
        "nothing; if it comes again and again, see what kube-scheduler says in the note",
    ),
    Reason.REPLICA_FAILED: Guidance(
        "a pod ended for good and is replaced", "the note says why it ended, such as for lack of memory"
    ),
    Reason.CLEARANCE_VIOLATED: Guidance(
        "a replica runs on a node that may not hold its data any more",
        "see who changed the label of the node",
    ),
    Reason.CLEARANCE_ENFORCED: Guidance(
        "a replica was deleted because its data may not stay, and no other node took it in time",
        "clear another node for the data",
    ),
    Reason.APPLY_FAILED: Guidance(
        "the API server refuses an object of the model", "the message has what the API server says"
    ),
    Reason.MOVE_PLANNED: Guidance(
        "a replica would move, and the mode is `DryRun`", "set `rebalancing.mode: Automatic` to have it"
    ),
    Reason.MOVE_STARTED: Guidance("a replica begins to move"),
    Reason.MOVE_COMPLETED: Guidance("a replica has moved"),
    Reason.MOVE_ABORTED: Guidance(
        "a move was given up, and the old replica serves on",
        "the note says why; [moves.md](moves.md#what-ends-a-move-early) says more about each",
    ),
    Reason.DRAIN_UNBLOCKED: Guidance(
        "a drain may evict a replica although nothing replaces it, so that nobody waits for ever",
        "add room elsewhere, or uncordon the node",
    ),
    Reason.STAND_IN_PLACED: Guidance(
        "an edge node is cut off, and a stand-in serves the clients that cannot reach it",
        "repair the link",
    ),
    Reason.STAND_IN_OVER: Guidance("the link is back, and the stand-in goes"),
    Reason.DECISIONS_STOPPED: Guidance(
        "nothing is decided at present, because the view of the cluster may be wrong",
        "see the API server; [operations.md](operations.md#when-nothing-is-decided) says what is waited for",
    ),
    Reason.BUDGET_LOOSENED: Guidance(
        "no operator was there for minutes, so a disruption budget lets one pod more go",
        "see what happened to the operator; it restores the budget",
    ),
}
"""Of every reason."""
