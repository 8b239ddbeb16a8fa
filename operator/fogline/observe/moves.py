"""The moves of a ModelDeployment as they stand."""

from datetime import datetime

from fogline.api import ModelDeployment, history_of
from fogline.disruption import Progress, Terms, Underway, follow, no_longer_forced, obstacle, present, release
from fogline.observe.owned import Owned, is_replacing_templates, refused_pods, surge
from fogline.placement import Demand, Usage


def moves(model: ModelDeployment, demand: Demand, seen: Owned, usage: Usage, now: datetime) -> Progress:
    """Tell how far the moves of a model are. `usage` is only read."""
    marked = tuple(replica for replica in seen.replicas if replica.leaves_by)
    arrived = any(replica.replaces for replica in seen.replicas)
    if not marked and not arrived:
        return Progress()
    without = usage.fork()
    release(marked, without)

    def hindrance(one: Underway) -> str:
        for variant in sorted({one.victim.variant, one.move.variant}):
            live = seen.deployments.get(variant)
            if live and demand.variant(variant) and is_replacing_templates(live):
                return f"variant {variant} is rolled out anew"
        if one.is_replaced:
            return ""
        why = no_longer_forced(one.move, one.victim, demand, without) if one.victim.alive else ""
        target = one.move.target
        return why or (_unfit(target, without) if one.replacement else obstacle(demand, one.move, without))

    terms = Terms(
        wanted=demand.replicas,
        ready_timeout_seconds=model.spec.rebalancing.ready_timeout_seconds,
        exists=usage.knows,
        hindrance=hindrance,
        told={one.id for one in history_of(model.status)},
        no_pods=refused_pods(seen),
    )
    extra = {one.uid for one in present(seen.replicas)}
    return follow([one for one in seen.replicas if one.uid not in extra], terms, now)


def leave(progress: Progress, seen: Owned, usage: Usage) -> None:
    """Stop counting, for their model, the replicas that a rollout or a move is replacing, and stand-ins."""
    leaving = (*surge(seen), *progress.victims, *progress.left_over)
    release((*leaving, *present(seen.replicas)), usage)


def _unfit(node: str, usage: Usage) -> str:
    if not usage.knows(node):
        return f"node {node} is gone"
    if not usage.node(node).ready:
        return f"node {node} is not Ready"
    return f"node {node} is cordoned" if usage.node(node).cordoned else ""
