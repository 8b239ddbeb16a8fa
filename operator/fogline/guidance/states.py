"""Why a condition is as it is."""

from collections.abc import Mapping

from fogline.conditions import Reason
from fogline.guidance.advice import Guidance

STATES: Mapping[Reason, Guidance] = {
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
    Reason.ONE_VERSION: Guidance("all replicas serve the version that the spec says"),
    Reason.CANARY: Guidance(
        "some replicas serve a new version and are watched; the others serve the old one",
        "nothing; if it lasts longer than `rollout.promoteAfterSeconds`, the message says what is missing",
    ),
    Reason.PROMOTING: Guidance("a new version was good enough and goes to all replicas"),
    Reason.INTERRUPTED: Guidance(
        "the old version serves for now, because replicas have to leave their nodes or are still replaced; "
        "then the canary begins anew"
    ),
    Reason.ROLLED_BACK: Guidance(
        "a new version was not good enough, so all replicas serve the old one",
        "put the old version into the spec, or a better one; the message has the numbers",
    ),
    Reason.FIGURES_MISSING: Guidance(
        "the canary waits, because a limit in `spec.rollout` is about something that nobody measures",
        "install the collector (`collector.enabled` of the chart), or take the limit out of the spec",
    ),
    Reason.WAITING_FOR_WINDOW: Guidance(
        "edge nodes do not take the new version before a window of `rollout.edge.windows` opens"
    ),
    Reason.REQUIREMENTS_HOLD: Guidance("no replica breaks a requirement"),
    Reason.REQUIREMENTS_BROKEN: Guidance(
        "a node changed, and a replica there breaks a requirement now",
        "nothing, if `Rebalancing` says that it moves; else that condition says what it waits for",
    ),
    Reason.POLICY_MISSING: Guidance(
        "an admission policy of Fogline is gone or denies nothing, so nothing Confidential or Restricted is"
        " placed or moved, and no step of its training begins; what runs goes on",
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
    Reason.APPLY_FAILED: Guidance(
        "the API server refuses an object of the model", "the message has what the API server says"
    ),
}
"""Of a ModelDeployment."""

PROFILE_STATES: Mapping[Reason, Guidance] = {
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
}
"""Of a NodeProfile."""
