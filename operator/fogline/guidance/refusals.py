"""Why a node is refused."""

from collections.abc import Mapping

from fogline.conditions import Reason
from fogline.guidance.advice import Guidance

REFUSALS: Mapping[Reason, Guidance] = {
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
}
"""In the order in which a user should hear of it: rules, node, room, limits."""
