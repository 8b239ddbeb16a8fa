"""What a ModelDeployment says about edge nodes that are cut off."""

from fogline.api import ModelDeployment, OnEdgeUnreachable
from fogline.disruption import Link


def link_of(model: ModelDeployment) -> Link:
    """Read when replicas beyond a cut link get stand-ins, and how long those stay."""
    rules = model.spec.disruption
    keeps = rules.on_edge_unreachable is OnEdgeUnreachable.KEEP_RUNNING
    return Link(
        after_seconds=rules.replace_after_seconds if keeps else None,
        cooldown_seconds=model.spec.rebalancing.cooldown_seconds,
    )
