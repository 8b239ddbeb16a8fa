"""Why a replica moves, and what Events tell."""

from collections.abc import Mapping

from fogline.conditions import Reason
from fogline.guidance.advice import Guidance

CAUSES_OF_MOVES: Mapping[Reason, Guidance] = {
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
    Reason.BETTER_PLAN: Guidance(
        "it goes together with others, which empty a node that is paid as a whole; all of them save so much"
    ),
    Reason.VARIANT_LEFT: Guidance("the variant of the replica is not in the spec any more"),
}
"""Besides a refusal of the node that it is on."""

EVENTS: Mapping[Reason, Guidance] = {
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
    Reason.RUN_STARTED: Guidance("a run of a ModelTraining begins; at the ModelTraining"),
    Reason.RUN_COMPLETED: Guidance(
        "a run of a ModelTraining has published its version; at the ModelTraining"
    ),
    Reason.RUN_FAILED: Guidance(
        "a run of a ModelTraining ended without a version; at the ModelTraining",
        "the note has the reason; change the spec, or set `fogline.dev/run-again`",
    ),
    Reason.ARTIFACT_SET: Guidance(
        "the variants of a ModelDeployment got the version of a training; at the ModelTraining"
    ),
}
"""Besides those that are reasons of conditions, too."""

EVENT_REASONS = (
    Reason.CANARY,
    Reason.PROMOTING,
    Reason.INTERRUPTED,
    Reason.ROLLED_BACK,
    Reason.ONE_VERSION,
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
    Reason.RUN_STARTED,
    Reason.RUN_COMPLETED,
    Reason.RUN_FAILED,
    Reason.ARTIFACT_SET,
)
"""The reasons of Events."""
